#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "enteroscan/data/cases.hpp"

namespace enteroscan {

/// Which deviations from the expectation are clusters.
enum class Rates { high, low, both };

/// What a window must have to be a cluster, beside a great statistic.
struct Eligibility {
    Rates rates = Rates::high;
    std::int64_t min_cases_high = 2;  ///< fewest cases in a cluster of high rates
    std::int64_t min_cases_low = 0;   ///< fewest cases in a cluster of low rates
    /// Least relative risk of a cluster of high rates, greatest of low rates. The space-time permutation
    /// has no relative risk; there it is observed / expected.
    double min_relative_risk = 0.0;
    double max_relative_risk = std::numeric_limits<double>::infinity();
};

/// Likelihood ratio of a window with c cases and measure u, in a study with given totals. For a fixed u,
/// `high` does not decrease in c, and for a fixed c it does not increase in u; `low` the other way
/// round. The scan's pruning rests on that.
class Statistic {
  public:
    virtual ~Statistic() = default;
    /// Log likelihood ratio where the window has more than its share; -infinity if it is not eligible.
    virtual double high(std::int64_t cases, double measure) const noexcept = 0;
    /// ... and where it has less.
    virtual double low(std::int64_t cases, double measure) const noexcept = 0;
    /// Log likelihood ratio of any window, eligible or not, for numbers of cases between whole ones as well.
    virtual double likelihood_ratio(double cases, double measure) const noexcept = 0;
    /// Cases that the null hypothesis expects in a window: proportional to its measure.
    virtual double expected(double measure) const noexcept = 0;
    /// Measures that a window with so many cases can have at all: {least, greatest}.
    virtual std::pair<double, double> possible_measures(std::int64_t cases) const noexcept = 0;

    /// A bound on the statistic that is much cheaper than the logarithms. With d = cases - expected,
    ///   factor * d^2 * (1 / measure + 1 / (total - measure))  for every window, or, where it is sharp,
    ///   factor * d^2 * (1 / measure + 1 / (total - cases))    for windows of high rates.
    struct Bound {
        double factor;
        bool sharp;
    };
    virtual Bound bound() const noexcept = 0;
    /// Ratio of the risk inside to the risk outside; infinity if all cases are inside, NaN if the model
    /// has none.
    virtual double relative_risk(std::int64_t cases, double measure) const noexcept = 0;
};

/// The measure of windows before any window is looked at: expected cases, or individuals. With T intervals,
/// location l has in the intervals [a, b) the measure
///   location[l] * (cumulative[b] - cumulative[a]) / divisor           if it is separable,
///   cumulative[l * (T + 1) + b] - cumulative[l * (T + 1) + a]         otherwise.
struct Measure {
    bool separable = false;
    double divisor = 1.0;            ///< separable only
    std::vector<double> location;    ///< separable only
    std::vector<double> cumulative;  ///< T + 1 numbers, or a row of them for each location
};

/// Cases of a replicate at one place in one interval.
struct Cell {
    std::uint32_t location;
    std::uint32_t interval;
    std::uint32_t count;
};

/// Where replicates get their randomness from.
enum class RandomEngine {
    philox,  ///< counter-based and independent; see base/random.hpp
    satscan  ///< SaTScan's own generator and order of draws, to get its p-values
};

/// Draws data sets under the null hypothesis. Has scratch memory: make one per thread.
class Sampler {
  public:
    virtual ~Sampler() = default;
    Sampler() = default;
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    /// Replaces `cells` by those of a replicate, from the interval the sampler was made for to the last.
    /// Cells may repeat. A replicate is a pure function of its number.
    virtual void draw(std::uint64_t replicate, std::vector<Cell>& cells) = 0;
};

/// A probability model with its data. Immutable.
class Model {
  public:
    virtual ~Model() = default;
    Model() = default;
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    virtual std::size_t n_locations() const noexcept = 0;
    virtual std::int32_t n_intervals() const noexcept = 0;
    virtual std::int64_t n_cases() const noexcept = 0;
    virtual double total_measure() const noexcept = 0;
    virtual Rates rates() const noexcept = 0;

    /// The data: one row per location and interval with cases, sorted by both.
    virtual std::span<const CaseRow> cases() const noexcept = 0;
    virtual const Measure& measure() const noexcept = 0;
    virtual const Statistic& statistic() const noexcept = 0;

    /// @param first_interval  cases before it are not asked for
    /// @throws InvalidInput where the model has no such engine
    virtual std::unique_ptr<Sampler> sampler(std::uint64_t seed, RandomEngine engine,
                                             std::int32_t first_interval) const = 0;
};

std::shared_ptr<const Model> space_time_permutation(std::vector<CaseRow> cases, std::size_t n_locations,
                                                    std::int32_t n_intervals, Eligibility eligibility);

/// @param expected  n_locations rows of n_intervals numbers >= 0; scaled to sum to the number of cases
std::shared_ptr<const Model> poisson(std::vector<CaseRow> cases, std::span<const double> expected,
                                     std::size_t n_locations, std::int32_t n_intervals,
                                     Eligibility eligibility);

std::shared_ptr<const Model> bernoulli(std::vector<CaseRow> cases, std::vector<CaseRow> controls,
                                       std::size_t n_locations, std::int32_t n_intervals,
                                       Eligibility eligibility);

}  // namespace enteroscan
