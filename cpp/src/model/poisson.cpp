// The discrete Poisson model: cases are expected in proportion to a population, adjusted beforehand for
// covariates and known risks. Under the null hypothesis every case falls anywhere in space and time with
// probability proportional to the expected number there, given the total (Kulldorff 1997).

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <utility>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"
#include "enteroscan/model/model.hpp"
#include "poisson_statistic.hpp"
#include "streams.hpp"

namespace enteroscan {
namespace {

/// Expected cases of the intervals a sampler draws, as one list of cells, and of those before.
struct Expected {
    std::vector<double> cells;  ///< row after row of `width` intervals
    std::size_t width = 0;
    double before = 0.0;
};

/// Poisson numbers with given means: one table of probabilities for each, searched from a guess.
class PoissonTables {
  public:
    explicit PoissonTables(std::span<const double> means) {
        for (const double mean : means) add(mean);
    }

    std::uint32_t draw(std::size_t i, RandomStream& random) const noexcept {
        const std::uint32_t u = random.next();
        const Table& table = tables_[i];
        std::uint32_t n = guesses_[i * n_guesses + (u >> guess_shift)];
        const std::uint32_t* thresholds = thresholds_.data() + table.begin;
        // Mostly the next number or the one after it: no branches, which cannot be foreseen, as far as these.
        if (n + 2 < table.size) {
            n += u >= thresholds[n] ? 1u : 0u;
            n += u >= thresholds[n] ? 1u : 0u;
        }
        while (n + 1 < table.size && u >= thresholds[n]) ++n;
        return table.least + n;
    }

  private:
    static constexpr std::size_t n_guesses = 32;
    static constexpr int guess_shift = 27;

    struct Table {
        std::size_t begin;  ///< P(number <= least + n) * 2^32 for n = 0, 1, ...
        std::uint32_t size;
        std::uint32_t least;
    };

    void add(double mean) {
        // Beyond 10 standard deviations nothing is left of 2^-32.
        const double spread = 10.0 * std::sqrt(mean) + 20.0;
        const auto least = static_cast<std::uint32_t>(std::max(0.0, std::floor(mean - spread)));
        const auto most = static_cast<std::uint32_t>(mean + spread);
        tables_.push_back({thresholds_.size(), most - least + 1, least});
        double probability = std::exp(-mean);
        if (least > 0) {
            const double k = least;
            probability = std::exp(k * std::log(mean) - mean - boost::math::lgamma(k + 1.0));
        }
        double below = 0.0;
        for (std::uint32_t n = least; n <= most; ++n) {
            below += probability;
            probability *= mean / (n + 1.0);
            thresholds_.push_back(static_cast<std::uint32_t>(std::min(4294967295.0, below * 4294967296.0)));
        }
        std::uint32_t n = 0;
        for (std::uint32_t guess = 0; guess < n_guesses; ++guess) {
            while (n + 1 < tables_.back().size &&
                   (guess << guess_shift) >= thresholds_[tables_.back().begin + n])
                ++n;
            guesses_.push_back(n);
        }
    }

    std::vector<Table> tables_;
    std::vector<std::uint32_t> thresholds_;
    std::vector<std::uint32_t> guesses_;
};

/// Throws the cases into the cells. While they are few, one by one. Where they are many, every cell gets a
/// Poisson number, of a mean so much smaller that the sum is rarely too great (then all are drawn again), and
/// only the rest is thrown: given their sum, independent Poisson numbers are multinomial.
class PoissonSampler final : public Sampler {
  public:
    PoissonSampler(const Expected& expected, std::int64_t n_cases, std::uint64_t seed,
                   std::int32_t first_interval)
        : width_(expected.width),
          n_cases_(n_cases),
          seed_(seed),
          first_interval_(static_cast<std::uint32_t>(first_interval)) {
        double inside = 0.0;
        for (const double e : expected.cells) inside += e;
        empty_ = inside <= 0.0;
        if (empty_) return;
        all_inside_ = expected.before <= 0.0;
        share_ = inside / (inside + expected.before);
        single_ = std::make_unique<AliasTable>(expected.cells);
        const double mean = static_cast<double>(n_cases) * share_;
        const double thrown = mean - 6.0 * std::sqrt(mean);
        if (thrown < 2.0 * static_cast<double>(expected.cells.size())) return;
        std::vector<double> means = expected.cells;
        for (double& m : means) m *= thrown / inside;
        tables_ = std::make_unique<PoissonTables>(means);
        counts_.resize(means.size());
    }

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        RandomStream random(seed_, static_cast<std::uint32_t>(Stream::poisson), replicate);
        cells.clear();
        if (empty_) return;
        std::int64_t n = all_inside_ ? n_cases_ : random.binomial(n_cases_, share_);
        if (tables_) n -= draw_most(random, n, cells);
        for (; n > 0; --n) add(cells, single_->draw(random), 1);
    }

  private:
    /// Returns how many it has drawn. With very few to draw, none: the tables are made for their mean.
    std::int64_t draw_most(RandomStream& random, std::int64_t n, std::vector<Cell>& cells) {
        for (int attempt = 0; attempt < 3; ++attempt) {
            std::int64_t sum = 0;
            for (std::size_t i = 0; i < counts_.size(); ++i) sum += counts_[i] = tables_->draw(i, random);
            if (sum > n) continue;
            for (std::size_t i = 0; i < counts_.size(); ++i)
                if (counts_[i] > 0) add(cells, i, counts_[i]);
            return sum;
        }
        return 0;
    }

    void add(std::vector<Cell>& cells, std::size_t cell, std::uint32_t count) const {
        cells.push_back({static_cast<std::uint32_t>(cell / width_),
                         static_cast<std::uint32_t>(cell % width_) + first_interval_, count});
    }

    std::size_t width_;
    std::int64_t n_cases_;
    std::uint64_t seed_;
    std::uint32_t first_interval_;
    bool empty_ = true;
    bool all_inside_ = true;
    double share_ = 1.0;
    std::unique_ptr<AliasTable> single_;
    std::unique_ptr<PoissonTables> tables_;
    std::vector<std::uint32_t> counts_;
};

class Poisson final : public Model {
  public:
    Poisson(std::vector<CaseRow> rows, std::span<const double> expected, std::size_t n_locations,
            std::int32_t n_intervals, const Eligibility& eligibility)
        : n_locations_(n_locations),
          n_intervals_(n_intervals),
          rates_(eligibility.rates),
          rows_(without_strata(aggregate(std::move(rows), n_locations, n_intervals))),
          n_cases_(total_count(rows_)),
          statistic_(n_cases_, eligibility, PoissonStatistic::Risk::inside_to_outside),
          expected_(expected.begin(), expected.end()) {
        check();
        scale();
        if (!separable_measure()) dense_measure();
    }

    std::size_t n_locations() const noexcept override { return n_locations_; }
    std::int32_t n_intervals() const noexcept override { return n_intervals_; }
    std::int64_t n_cases() const noexcept override { return n_cases_; }
    double total_measure() const noexcept override { return static_cast<double>(n_cases_); }
    Rates rates() const noexcept override { return rates_; }
    std::span<const CaseRow> cases() const noexcept override { return rows_; }
    const Measure& measure() const noexcept override { return measure_; }
    const Statistic& statistic() const noexcept override { return statistic_; }

    std::unique_ptr<Sampler> sampler(std::uint64_t seed, RandomEngine engine,
                                     std::int32_t first_interval) const override {
        if (engine == RandomEngine::satscan)
            throw InvalidInput(
                "SaTScan's random stream is only reproduced for the space-time permutation and "
                "the Bernoulli model");
        Expected expected;
        const auto first = static_cast<std::size_t>(first_interval);
        expected.width = width() - first;
        for (std::size_t l = 0; l < n_locations_; ++l) {
            const double* row = expected_.data() + l * width();
            for (std::size_t t = 0; t < first; ++t) expected.before += row[t];
            expected.cells.insert(expected.cells.end(), row + first, row + width());
        }
        return std::make_unique<PoissonSampler>(expected, n_cases_, seed, first_interval);
    }

  private:
    std::size_t width() const noexcept { return static_cast<std::size_t>(n_intervals_); }

    void check() const {
        if (expected_.size() != n_locations_ * width())
            throw InvalidInput("there must be one expected number for every location and interval");
        for (const double e : expected_)
            if (!(e >= 0.0) || std::isinf(e)) throw InvalidInput("expected numbers must be finite and >= 0");
        for (const CaseRow& row : rows_)
            if (expected_[static_cast<std::size_t>(row.location) * width() +
                          static_cast<std::size_t>(row.interval)] <= 0.0)
                throw InvalidInput("there are cases at location " + std::to_string(row.location) +
                                   " in interval " + std::to_string(row.interval) +
                                   ", where none are expected");
    }

    void scale() {
        double total = 0.0;
        for (const double e : expected_) total += e;
        if (total <= 0.0) return;
        for (double& e : expected_) e *= static_cast<double>(n_cases_) / total;
    }

    /// Where every location has the same course in time, measures are products. Saves memory and time.
    bool separable_measure() {
        std::vector<double> by_location(n_locations_, 0.0);
        std::vector<double> by_interval(width(), 0.0);
        for (std::size_t l = 0; l < n_locations_; ++l) {
            for (std::size_t t = 0; t < width(); ++t) {
                by_location[l] += expected_[l * width() + t];
                by_interval[t] += expected_[l * width() + t];
            }
        }
        const double total = std::max(1.0, static_cast<double>(n_cases_));
        for (std::size_t l = 0; l < n_locations_; ++l) {
            for (std::size_t t = 0; t < width(); ++t) {
                const double product = by_location[l] * by_interval[t] / total;
                if (std::abs(expected_[l * width() + t] - product) > 1e-12 * product) return false;
            }
        }
        measure_.separable = true;
        measure_.divisor = total;
        measure_.location = std::move(by_location);
        measure_.cumulative.assign(width() + 1, 0.0);
        for (std::size_t t = 0; t < width(); ++t)
            measure_.cumulative[t + 1] = measure_.cumulative[t] + by_interval[t];
        return true;
    }

    void dense_measure() {
        measure_.cumulative.assign(n_locations_ * (width() + 1), 0.0);
        for (std::size_t l = 0; l < n_locations_; ++l) {
            double* row = measure_.cumulative.data() + l * (width() + 1);
            for (std::size_t t = 0; t < width(); ++t) row[t + 1] = row[t] + expected_[l * width() + t];
        }
    }

    std::size_t n_locations_;
    std::int32_t n_intervals_;
    Rates rates_;
    std::vector<CaseRow> rows_;
    std::int64_t n_cases_;
    PoissonStatistic statistic_;
    std::vector<double> expected_;
    Measure measure_;
};

}  // namespace

std::shared_ptr<const Model> poisson(std::vector<CaseRow> cases, std::span<const double> expected,
                                     std::size_t n_locations, std::int32_t n_intervals,
                                     Eligibility eligibility) {
    return std::make_shared<Poisson>(std::move(cases), expected, n_locations, n_intervals, eligibility);
}

}  // namespace enteroscan
