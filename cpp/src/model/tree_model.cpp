#include "enteroscan/model/tree_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"
#include "model/selection.hpp"
#include "model/streams.hpp"
#include "model/x_log_ratio.hpp"

namespace enteroscan {

namespace {

constexpr double rounding = 1e-12;                   // rates this close are equal
constexpr double least_unconditional_excess = 1e-4;  // as in TreeScan

/// Log likelihood of c cases among n, at their own rate.
double binomial(double c, double n) noexcept { return x_log_ratio(c, n) + x_log_ratio(n - c, n); }

void aggregate(std::vector<TreeCell>& cells, const char* what, std::size_t n_units, std::uint32_t n_days) {
    for (const auto& cell : cells) {
        if (cell.unit >= n_units || cell.day >= n_days || cell.count < 0) {
            throw InvalidInput(std::string("tree: ") + what +
                               " of a unit or day that does not exist, or a negative count");
        }
    }
    std::sort(cells.begin(), cells.end(), [](const TreeCell& a, const TreeCell& b) {
        return std::tie(a.day, a.unit) < std::tie(b.day, b.unit);
    });
    std::vector<TreeCell> merged;
    for (const auto& cell : cells) {
        if (cell.count == 0) continue;
        if (!merged.empty() && merged.back().unit == cell.unit && merged.back().day == cell.day) {
            merged.back().count += cell.count;
        } else {
            merged.push_back(cell);
        }
    }
    cells = std::move(merged);
}

std::int64_t total(const std::vector<TreeCell>& cells) {
    return std::accumulate(cells.begin(), cells.end(), std::int64_t{0},
                           [](std::int64_t sum, const TreeCell& cell) { return sum + cell.count; });
}

/// Sorts cells of one case each by their day.
class DaySort {
  public:
    explicit DaySort(std::uint32_t n_days) : ends_(std::size_t{n_days} + 1) {}

    void operator()(const std::vector<TreeCell>& unsorted, std::vector<TreeCell>& sorted) {
        std::fill(ends_.begin(), ends_.end(), 0);
        for (const auto& cell : unsorted) ++ends_[cell.day + 1];
        std::partial_sum(ends_.begin(), ends_.end(), ends_.begin());
        sorted.resize(unsorted.size());
        for (const auto& cell : unsorted) sorted[ends_[cell.day]++] = cell;
    }

  private:
    std::vector<std::size_t> ends_;
};

/// Random numbers of one use.
class Source {
  public:
    explicit Source(std::uint64_t seed) noexcept : seed_(seed) {}
    RandomStream replicate(std::uint64_t number) const noexcept {
        return {seed_, static_cast<std::uint32_t>(Stream::tree), number};
    }

  private:
    std::uint64_t seed_;
};

class Multinomial final : public TreeSampler {
  public:
    Multinomial(const TreeModel& model, std::uint64_t seed)
        : source_(seed), n_cases_(model.n_cases()), table_(model.expected) {}

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        cells.clear();
        for (std::int64_t i = 0; i < n_cases_; ++i) cells.push_back({table_.draw(random), 0, 1});
    }

  private:
    Source source_;
    std::int64_t n_cases_;
    AliasTable table_;
};

/// A Poisson number, by inversion, as a sum of numbers whose probability of being 0 is not tiny.
std::int64_t poisson_number(double mean, RandomStream& random) {
    constexpr double piece = 16.0;
    std::int64_t number = 0;
    for (double left = mean; left > 0.0; left -= piece) {
        const double part = std::min(left, piece);
        double probability = std::exp(-part);
        double u = random.uniform();
        std::int64_t k = 0;
        while (u > probability && probability > 0.0) {
            u -= probability;
            ++k;
            probability *= part / static_cast<double>(k);
        }
        number += k;
    }
    return number;
}

class PoissonNumbers final : public TreeSampler {
  public:
    PoissonNumbers(const TreeModel& model, std::uint64_t seed) : source_(seed), means_(model.expected) {}

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        cells.clear();
        for (std::uint32_t unit = 0; unit < means_.size(); ++unit) {
            const auto number = poisson_number(means_[unit], random);
            if (number > 0) cells.push_back({unit, 0, number});
        }
    }

  private:
    Source source_;
    std::vector<double> means_;
};

/// A unit for each of its cases and controls.
std::vector<TreeCell> individuals(const std::vector<TreeCell>& cells) {
    std::vector<TreeCell> all;
    for (const auto& cell : cells) {
        all.insert(all.end(), static_cast<std::size_t>(cell.count), {cell.unit, cell.day, 1});
    }
    return all;
}

std::vector<TreeCell> observations(const TreeModel& model) {
    auto all = individuals(model.cases);
    const auto controls = individuals(model.controls);
    all.insert(all.end(), controls.begin(), controls.end());
    return all;
}

class Labels final : public TreeSampler {
  public:
    Labels(const TreeModel& model, std::uint64_t seed)
        : source_(seed), n_cases_(model.n_cases()), selection_(observations(model)) {}

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        cells.clear();
        for (std::int64_t i = 0; i < n_cases_; ++i) cells.push_back(selection_.draw(random));
        selection_.restore();
    }

  private:
    Source source_;
    std::int64_t n_cases_;
    Selection<TreeCell> selection_;
};

class BinomialNumbers final : public TreeSampler {
  public:
    BinomialNumbers(const TreeModel& model, std::uint64_t seed)
        : source_(seed), probability_(model.probability), sizes_(model.n_units) {
        for (const auto* cells : {&model.cases, &model.controls}) {
            for (const auto& cell : *cells) sizes_[cell.unit] += cell.count;
        }
    }

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        cells.clear();
        for (std::uint32_t unit = 0; unit < sizes_.size(); ++unit) {
            const auto number = random.binomial(sizes_[unit], probability_);
            if (number > 0) cells.push_back({unit, 0, number});
        }
    }

  private:
    Source source_;
    double probability_;
    std::vector<std::int64_t> sizes_;
};

/// Of every day, the days that it may be exchanged for.
std::vector<std::vector<std::uint32_t>> days_of_kinds(const TreeModel& model) {
    std::vector<std::vector<std::uint32_t>> days(1);
    for (std::uint32_t day = 0; day < model.n_days; ++day) {
        const std::uint32_t kind = model.kinds_of_day.empty() ? 0 : model.kinds_of_day[day];
        days.resize(std::max<std::size_t>(days.size(), kind + 1));
        days[kind].push_back(day);
    }
    return days;
}

class UniformDays final : public TreeSampler {
  public:
    UniformDays(const TreeModel& model, std::uint64_t seed)
        : source_(seed),
          days_(days_of_kinds(model)),
          kinds_(model.kinds_of_day),
          cases_(individuals(model.cases)),
          drawn_(cases_),
          sort_(model.n_days) {}

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        for (std::size_t i = 0; i < cases_.size(); ++i) {
            const auto& days = days_[kinds_.empty() ? 0 : kinds_[cases_[i].day]];
            drawn_[i].day = days[random.below(static_cast<std::uint32_t>(days.size()))];
        }
        sort_(drawn_, cells);
    }

  private:
    Source source_;
    std::vector<std::vector<std::uint32_t>> days_;
    std::vector<std::uint32_t> kinds_;
    std::vector<TreeCell> cases_;
    std::vector<TreeCell> drawn_;
    DaySort sort_;
};

/// Whose cases are on which day: the units change places, the days stay.
class Permutation final : public TreeSampler {
  public:
    Permutation(const TreeModel& model, std::uint64_t seed)
        : source_(seed), cases_(individuals(model.cases)) {
        if (model.kinds_of_day.empty()) {
            places_.emplace_back(cases_.size());
            std::iota(places_[0].begin(), places_[0].end(), 0u);
            return;
        }
        places_.resize(days_of_kinds(model).size());
        for (std::uint32_t i = 0; i < cases_.size(); ++i) {
            places_[model.kinds_of_day[cases_[i].day]].push_back(i);
        }
    }

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        cells = cases_;
        for (const auto& places : places_) {
            for (std::size_t n = places.size(); n > 1; --n) {
                const auto other = random.below(static_cast<std::uint32_t>(n));
                std::swap(cells[places[n - 1]].unit, cells[places[other]].unit);
            }
        }
    }

  private:
    Source source_;
    std::vector<TreeCell> cases_;
    std::vector<std::vector<std::uint32_t>> places_;
};

/// Which observations of every unit are cases.
class LabelsOfUnits final : public TreeSampler {
  public:
    LabelsOfUnits(const TreeModel& model, std::uint64_t seed) : source_(seed), sort_(model.n_days) {
        std::vector<std::vector<TreeCell>> of_unit(model.n_units);
        for (const auto& one : observations(model)) of_unit[one.unit].push_back(one);
        std::vector<std::int64_t> n_cases(model.n_units);
        for (const auto& cell : model.cases) n_cases[cell.unit] += cell.count;
        for (std::size_t unit = 0; unit < model.n_units; ++unit) {
            if (n_cases[unit] > 0) groups_.push_back({n_cases[unit], Selection(std::move(of_unit[unit]))});
        }
    }

    void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) override {
        auto random = source_.replicate(replicate);
        drawn_.clear();
        for (auto& group : groups_) {
            for (std::int64_t i = 0; i < group.n_cases; ++i) drawn_.push_back(group.all.draw(random));
            group.all.restore();
        }
        sort_(drawn_, cells);
    }

  private:
    struct Group {
        std::int64_t n_cases;
        Selection<TreeCell> all;
    };
    Source source_;
    std::vector<Group> groups_;
    std::vector<TreeCell> drawn_;
    DaySort sort_;
};

}  // namespace

double TreeStatistic::expected(double measure) const noexcept {
    switch (form) {
        case Form::bernoulli:
            return measure * total_cases / total_measure;
        case Form::bernoulli_unconditional:
            return measure * probability;
        default:
            return measure;
    }
}

bool TreeStatistic::is_high(double cases, double measure) const noexcept {
    const double mean = expected(measure);
    if (form == Form::poisson_unconditional) return cases - mean >= least_unconditional_excess;
    return cases > mean * (1.0 + rounding);
}

bool TreeStatistic::is_low(double cases, double measure) const noexcept {
    const double mean = expected(measure);
    if (form == Form::poisson_unconditional) return mean - cases >= least_unconditional_excess;
    return cases < mean * (1.0 - rounding);
}

double TreeStatistic::value(double cases, double measure) const noexcept {
    const double c = cases;
    const double u = measure;
    switch (form) {
        case Form::poisson:
            return x_log_ratio(c, u) + x_log_ratio(total_cases - c, total_cases - u);
        case Form::poisson_unconditional:
            return u - c + x_log_ratio(c, u);
        case Form::bernoulli:
            return binomial(c, u) + binomial(total_cases - c, total_measure - u) -
                   binomial(total_cases, total_measure);
        case Form::bernoulli_unconditional:
            return x_log_ratio(c, u * probability) + x_log_ratio(u - c, u * (1.0 - probability));
    }
    return 0.0;
}

void TreeModel::normalise() {
    const bool is_poisson = null == Null::poisson || null == Null::poisson_free;
    const bool is_temporal =
        null == Null::uniform || null == Null::permutation || null == Null::bernoulli_time;
    if (n_days < 1 || (!is_temporal && n_days != 1)) {
        throw InvalidInput("tree: this model needs one day, or at least one where it is about time");
    }
    if (expected.size() != (is_poisson ? n_units : 0)) {
        throw InvalidInput("tree: there must be expected cases of every unit in the Poisson models alone");
    }
    if (!kinds_of_day.empty() && kinds_of_day.size() != n_days) {
        throw InvalidInput("tree: there must be a kind for every day");
    }
    aggregate(cases, "cases", n_units, n_days);
    aggregate(controls, "controls", n_units, n_days);
    if (n_cases() == 0) throw InvalidInput("tree: there are no cases");
    if (n_cases() + total(controls) > std::numeric_limits<std::int32_t>::max()) {
        throw InvalidInput("tree: there are more than 2^31 cases and controls");
    }
    const bool is_probability = probability > 0.0 && probability < 1.0;
    if (null == Null::bernoulli_free && !is_probability) {
        throw InvalidInput("tree: the probability of a case must be between 0 and 1");
    }
    const bool bad = std::any_of(expected.begin(), expected.end(),
                                 [](double mean) { return !(mean >= 0.0) || !std::isfinite(mean); });
    const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
    if (bad || (is_poisson && !(sum > 0.0))) {
        throw InvalidInput("tree: expected cases must be numbers >= 0, not all of them 0");
    }
    if (null == Null::poisson) {
        for (auto& mean : expected) mean *= static_cast<double>(n_cases()) / sum;
    }
}

std::int64_t TreeModel::n_cases() const noexcept { return total(cases); }

std::unique_ptr<TreeSampler> TreeModel::sampler(std::uint64_t seed) const {
    switch (null) {
        case Null::poisson:
            return std::make_unique<Multinomial>(*this, seed);
        case Null::poisson_free:
            return std::make_unique<PoissonNumbers>(*this, seed);
        case Null::bernoulli:
            return std::make_unique<Labels>(*this, seed);
        case Null::bernoulli_free:
            return std::make_unique<BinomialNumbers>(*this, seed);
        case Null::uniform:
            return std::make_unique<UniformDays>(*this, seed);
        case Null::permutation:
            return std::make_unique<Permutation>(*this, seed);
        case Null::bernoulli_time:
            return std::make_unique<LabelsOfUnits>(*this, seed);
    }
    throw InvalidInput("tree: there is no such model");
}

}  // namespace enteroscan
