// The Bernoulli model: cases and controls. Under the null hypothesis every individual is as likely to be one
// of the cases (Kulldorff and Nagarwalla 1995).

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "enteroscan/base/error.hpp"
#include "enteroscan/model/model.hpp"
#include "lehmer.hpp"
#include "selection.hpp"
#include "streams.hpp"

namespace enteroscan {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// x ln(x / n), 0 for x = 0.
double entropy_term(double x, double n) noexcept { return x > 0.0 ? x * std::log(x / n) : 0.0; }

/// The measure of a window is its number of individuals.
class BernoulliStatistic final : public Statistic {
  public:
    BernoulliStatistic(std::int64_t n_cases, std::int64_t n_individuals,
                       const Eligibility& eligibility) noexcept
        : cases_(static_cast<double>(n_cases)),
          individuals_(static_cast<double>(n_individuals)),
          null_(log_likelihood(cases_, individuals_)),
          eligibility_(eligibility) {}

    double high(std::int64_t cases, double individuals) const noexcept override {
        const auto c = static_cast<double>(cases);
        if (cases < eligibility_.min_cases_high || c * individuals_ <= individuals * cases_) return -infinity;
        if (eligibility_.min_relative_risk > 0.0 &&
            relative_risk(cases, individuals) < eligibility_.min_relative_risk)
            return -infinity;
        return likelihood_ratio(c, individuals);
    }

    double low(std::int64_t cases, double individuals) const noexcept override {
        const auto c = static_cast<double>(cases);
        if (cases < eligibility_.min_cases_low || c * individuals_ >= individuals * cases_) return -infinity;
        if (eligibility_.max_relative_risk < infinity &&
            relative_risk(cases, individuals) > eligibility_.max_relative_risk)
            return -infinity;
        return likelihood_ratio(c, individuals);
    }

    double likelihood_ratio(double c, double n) const noexcept override {
        return log_likelihood(c, n) + log_likelihood(cases_ - c, individuals_ - n) - null_;
    }

    double expected(double individuals) const noexcept override {
        return individuals_ > 0.0 ? individuals * cases_ / individuals_ : 0.0;
    }

    std::pair<double, double> possible_measures(std::int64_t cases) const noexcept override {
        const auto c = static_cast<double>(cases);
        return {c, individuals_ - (cases_ - c)};
    }

    /// The chi-square distance.
    Bound bound() const noexcept override {
        const double share = cases_ / individuals_;
        return {1.0 / (share * (1.0 - share)), false};
    }

    double relative_risk(std::int64_t cases, double individuals) const noexcept override {
        const auto c = static_cast<double>(cases);
        if (cases_ - c <= 0.0) return infinity;
        return (c / individuals) / ((cases_ - c) / (individuals_ - individuals));
    }

  private:
    static double log_likelihood(double cases, double individuals) noexcept {
        return entropy_term(cases, individuals) + entropy_term(individuals - cases, individuals);
    }

    double cases_;
    double individuals_;
    double null_;
    Eligibility eligibility_;
};

/// Individuals as cells, one element each.
std::vector<Cell> list_individuals(const std::vector<CaseRow>& rows) {
    std::vector<Cell> individuals;
    for (const CaseRow& row : rows)
        individuals.insert(
            individuals.end(), static_cast<std::size_t>(row.count),
            Cell{static_cast<std::uint32_t>(row.location), static_cast<std::uint32_t>(row.interval), 1});
    return individuals;
}

/// Draws the cases, or the controls if those are fewer, from the individuals.
class BernoulliSampler final : public Sampler {
  public:
    BernoulliSampler(const std::vector<CaseRow>& individuals, std::int64_t n_cases, std::uint64_t seed,
                     std::int32_t first_interval)
        : seed_(seed), first_interval_(static_cast<std::uint32_t>(first_interval)), rows_(individuals) {
        const auto n = static_cast<std::size_t>(total_count(individuals));
        const auto cases = static_cast<std::size_t>(n_cases);
        draws_controls_ = n - cases < cases;
        n_drawn_ = draws_controls_ ? n - cases : cases;
        std::vector<std::uint32_t> row_of;
        row_of.reserve(n);
        for (std::size_t i = 0; i < individuals.size(); ++i)
            row_of.insert(row_of.end(), static_cast<std::size_t>(individuals[i].count),
                          static_cast<std::uint32_t>(i));
        individuals_ = Selection<std::uint32_t>(std::move(row_of));
        drawn_.assign(draws_controls_ ? individuals.size() : 0, 0);
    }

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        RandomStream random(seed_, static_cast<std::uint32_t>(Stream::bernoulli), replicate);
        cells.clear();
        if (draws_controls_) {
            std::fill(drawn_.begin(), drawn_.end(), 0);
            for (std::size_t i = 0; i < n_drawn_; ++i) ++drawn_[individuals_.draw(random)];
            for (std::size_t i = 0; i < rows_.size(); ++i)
                add(cells, i, static_cast<std::uint32_t>(rows_[i].count) - drawn_[i]);
        } else {
            for (std::size_t i = 0; i < n_drawn_; ++i) add(cells, individuals_.draw(random), 1);
        }
        individuals_.restore();
    }

  private:
    void add(std::vector<Cell>& cells, std::size_t row, std::uint32_t count) const {
        const auto interval = static_cast<std::uint32_t>(rows_[row].interval);
        if (count > 0 && interval >= first_interval_)
            cells.push_back({static_cast<std::uint32_t>(rows_[row].location), interval, count});
    }

    std::uint64_t seed_;
    std::uint32_t first_interval_;
    std::vector<CaseRow> rows_;
    bool draws_controls_ = false;
    std::size_t n_drawn_ = 0;
    Selection<std::uint32_t> individuals_{{}};
    std::vector<std::uint32_t> drawn_;
};

/// SaTScan's draw: individual after individual becomes a case (or, if those are fewer, a control) with the
/// probability that remains.
class SatscanBernoulliSampler final : public Sampler {
  public:
    SatscanBernoulliSampler(const std::vector<CaseRow>& individuals, std::int64_t n_cases, std::uint64_t seed,
                            std::int32_t first_interval)
        : individuals_(list_individuals(individuals)),
          n_cases_(n_cases),
          seed_(seed),
          first_interval_(static_cast<std::uint32_t>(first_interval)) {}

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        Lehmer random(seed_, replicate);
        cells.clear();
        const auto n = static_cast<std::int64_t>(individuals_.size());
        const bool draws_controls = n - n_cases_ < n_cases_;
        std::int64_t wanted = draws_controls ? n - n_cases_ : n_cases_;
        std::int64_t left = n;
        for (const Cell& individual : individuals_) {
            const bool chosen =
                wanted > 0 && random.uniform() * static_cast<double>(left) <= static_cast<double>(wanted);
            if (chosen) --wanted;
            --left;
            if (chosen != draws_controls && individual.interval >= first_interval_)
                cells.push_back(individual);
        }
    }

  private:
    std::vector<Cell> individuals_;
    std::int64_t n_cases_;
    std::uint64_t seed_;
    std::uint32_t first_interval_;
};

class Bernoulli final : public Model {
  public:
    Bernoulli(std::vector<CaseRow> cases, std::vector<CaseRow> controls, std::size_t n_locations,
              std::int32_t n_intervals, const Eligibility& eligibility)
        : n_locations_(n_locations),
          n_intervals_(n_intervals),
          rates_(eligibility.rates),
          rows_(without_strata(aggregate(std::move(cases), n_locations, n_intervals))),
          individuals_(all_individuals(rows_, std::move(controls), n_locations, n_intervals)),
          n_cases_(total_count(rows_)),
          n_individuals_(total_count(individuals_)),
          statistic_(n_cases_, n_individuals_, eligibility) {
        if (n_intervals == 1) {
            separable_measure();
        } else {
            dense_measure();
        }
    }

    std::size_t n_locations() const noexcept override { return n_locations_; }
    std::int32_t n_intervals() const noexcept override { return n_intervals_; }
    std::int64_t n_cases() const noexcept override { return n_cases_; }
    double total_measure() const noexcept override { return static_cast<double>(n_individuals_); }
    Rates rates() const noexcept override { return rates_; }
    std::span<const CaseRow> cases() const noexcept override { return rows_; }
    const Measure& measure() const noexcept override { return measure_; }
    const Statistic& statistic() const noexcept override { return statistic_; }

    std::unique_ptr<Sampler> sampler(std::uint64_t seed, RandomEngine engine,
                                     std::int32_t first_interval) const override {
        if (engine == RandomEngine::satscan)
            return std::make_unique<SatscanBernoulliSampler>(individuals_, n_cases_, seed, first_interval);
        return std::make_unique<BernoulliSampler>(individuals_, n_cases_, seed, first_interval);
    }

  private:
    static std::vector<CaseRow> all_individuals(const std::vector<CaseRow>& cases,
                                                std::vector<CaseRow> controls, std::size_t n_locations,
                                                std::int32_t n_intervals) {
        controls = without_strata(aggregate(std::move(controls), n_locations, n_intervals));
        controls.insert(controls.end(), cases.begin(), cases.end());
        return aggregate(std::move(controls), n_locations, n_intervals);
    }

    void separable_measure() {
        measure_.separable = true;
        measure_.cumulative = {0.0, 1.0};
        measure_.location.assign(n_locations_, 0.0);
        for (const CaseRow& row : individuals_)
            measure_.location[static_cast<std::size_t>(row.location)] += static_cast<double>(row.count);
    }

    void dense_measure() {
        const std::size_t length = static_cast<std::size_t>(n_intervals_) + 1;
        measure_.cumulative.assign(n_locations_ * length, 0.0);
        for (const CaseRow& row : individuals_)
            measure_.cumulative[static_cast<std::size_t>(row.location) * length +
                                static_cast<std::size_t>(row.interval) + 1] += static_cast<double>(row.count);
        for (std::size_t l = 0; l < n_locations_; ++l)
            for (std::size_t t = 1; t < length; ++t)
                measure_.cumulative[l * length + t] += measure_.cumulative[l * length + t - 1];
    }

    std::size_t n_locations_;
    std::int32_t n_intervals_;
    Rates rates_;
    std::vector<CaseRow> rows_;
    std::vector<CaseRow> individuals_;
    std::int64_t n_cases_;
    std::int64_t n_individuals_;
    BernoulliStatistic statistic_;
    Measure measure_;
};

}  // namespace

std::shared_ptr<const Model> bernoulli(std::vector<CaseRow> cases, std::vector<CaseRow> controls,
                                       std::size_t n_locations, std::int32_t n_intervals,
                                       Eligibility eligibility) {
    return std::make_shared<Bernoulli>(std::move(cases), std::move(controls), n_locations, n_intervals,
                                       eligibility);
}

}  // namespace enteroscan
