// The discrete Poisson model: cases are expected in proportion to a population, adjusted beforehand for
// covariates and known risks. Under the null hypothesis every case falls anywhere in space and time with
// probability proportional to the expected number there, given the total (Kulldorff 1997).

#include <algorithm>
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

/// Throws the cases into the cells: one by one while they are few, cell by cell by conditional binomials
/// where they are many.
class PoissonSampler final : public Sampler {
  public:
    PoissonSampler(Expected expected, std::int64_t n_cases, std::uint64_t seed, std::int32_t first_interval)
        : expected_(std::move(expected)),
          n_cases_(n_cases),
          seed_(seed),
          first_interval_(static_cast<std::uint32_t>(first_interval)) {
        // Added up from the last, so that the probabilities of what remains do not lose their digits.
        remaining_.assign(expected_.cells.size() + 1, 0.0);
        for (std::size_t i = expected_.cells.size(); i-- > 0;)
            remaining_[i] = remaining_[i + 1] + expected_.cells[i];
        const auto mean = static_cast<double>(n_cases);
        few_ = mean < 8.0 * static_cast<double>(expected_.cells.size());
        if (few_ && remaining_[0] > 0.0) table_ = std::make_unique<AliasTable>(expected_.cells);
    }

    void draw(std::uint64_t replicate, std::vector<Cell>& cells) override {
        RandomStream random(seed_, static_cast<std::uint32_t>(Stream::poisson), replicate);
        cells.clear();
        if (remaining_[0] <= 0.0) return;
        std::int64_t n = n_cases_;
        if (expected_.before > 0.0) n = random.binomial(n, remaining_[0] / (remaining_[0] + expected_.before));
        if (few_) {
            for (std::int64_t i = 0; i < n; ++i) add(cells, table_->draw(random), 1);
        } else {
            throw_by_cell(random, n, cells);
        }
    }

  private:
    void add(std::vector<Cell>& cells, std::size_t cell, std::int64_t count) const {
        cells.push_back({static_cast<std::uint32_t>(cell / expected_.width),
                         static_cast<std::uint32_t>(cell % expected_.width) + first_interval_,
                         static_cast<std::uint32_t>(count)});
    }

    void throw_by_cell(RandomStream& random, std::int64_t n, std::vector<Cell>& cells) const {
        for (std::size_t i = 0; n > 0; ++i) {
            // The last cell that expects anything takes what remains: there the probability is exactly 1.
            const std::int64_t count = random.binomial(n, expected_.cells[i] / remaining_[i]);
            if (count > 0) add(cells, i, count);
            n -= count;
        }
    }

    Expected expected_;
    std::int64_t n_cases_;
    std::uint64_t seed_;
    std::uint32_t first_interval_;
    bool few_ = true;
    std::vector<double> remaining_;
    std::unique_ptr<AliasTable> table_;
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
            throw InvalidInput("SaTScan's random stream is only reproduced for the space-time permutation and "
                               "the Bernoulli model");
        Expected expected;
        const auto first = static_cast<std::size_t>(first_interval);
        expected.width = width() - first;
        for (std::size_t l = 0; l < n_locations_; ++l) {
            const double* row = expected_.data() + l * width();
            for (std::size_t t = 0; t < first; ++t) expected.before += row[t];
            expected.cells.insert(expected.cells.end(), row + first, row + width());
        }
        return std::make_unique<PoissonSampler>(std::move(expected), n_cases_, seed, first_interval);
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
