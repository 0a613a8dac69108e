#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace enteroscan {

/// Cases (or controls) of a unit on a day. Units are what is counted at one place of a tree, or single
/// cases that were exposed to several places of it.
struct TreeCell {
    std::uint32_t unit;
    std::uint32_t day;
    std::int64_t count;
};

/// Likelihood ratio of c cases with measure u in a set, compared with what is given. Measures are expected
/// cases in the Poisson forms, observations (cases and controls) in the binomial ones.
struct TreeStatistic {
    enum class Form : std::uint8_t {
        poisson,                 ///< with the rest of total_cases
        poisson_unconditional,   ///< with the expected cases
        bernoulli,               ///< with the rest of total_cases among total_measure observations
        bernoulli_unconditional  ///< with the probability that an observation is a case
    };
    Form form = Form::poisson;
    double total_cases = 0.0;
    double total_measure = 0.0;
    double probability = 0.5;

    double expected(double measure) const noexcept;
    /// Whether the rate is strictly above (below) the one it is compared with.
    bool is_high(double cases, double measure) const noexcept;
    bool is_low(double cases, double measure) const noexcept;
    /// Log likelihood ratio. For a fixed measure it grows with the distance of the cases from the expected
    /// ones, for fixed cases with the distance of the measure.
    double value(double cases, double measure) const noexcept;
};

/// Draws data sets under the null hypothesis. Has scratch memory: make one per thread.
class TreeSampler {
  public:
    virtual ~TreeSampler() = default;
    TreeSampler() = default;
    TreeSampler(const TreeSampler&) = delete;
    TreeSampler& operator=(const TreeSampler&) = delete;

    /// Replaces `cells` by those of a replicate, in ascending order of their days. A pure function of its
    /// number.
    virtual void draw(std::uint64_t replicate, std::vector<TreeCell>& cells) = 0;
};

/// What is expected in a tree, what is extreme and what is chance. A plain description; immutable once it is
/// in use.
///
/// | null            | given                         | by chance                              |
/// |-----------------|-------------------------------|----------------------------------------|
/// | poisson         | expected of every unit        | all cases over the units               |
/// | poisson_free    | expected of every unit        | a Poisson number in every unit         |
/// | bernoulli       | observations of every unit    | which observations are cases           |
/// | bernoulli_free  | and the probability of a case | which observations are cases, how many |
/// | uniform         | cases of every unit           | the day of every case                  |
/// | permutation     | and of every day              | whose cases are on which day           |
/// | bernoulli_time  | observations of unit and day  | which observations of a unit are cases |
struct TreeModel {
    enum class Null : std::uint8_t {
        poisson,
        poisson_free,
        bernoulli,
        bernoulli_free,
        uniform,
        permutation,
        bernoulli_time
    };
    Null null = Null::permutation;
    std::size_t n_units = 0;
    std::uint32_t n_days = 1;  ///< 1 in the first four
    std::vector<TreeCell> cases;
    std::vector<TreeCell> controls = {};  ///< Bernoulli only
    std::vector<double> expected = {};    ///< Poisson only: one number for each unit
    double probability = 0.5;             ///< bernoulli_free only
    /// Days of the same kind exchange cases, uniform and permutation only: the days of the week. One number
    /// for each day; none: all are alike.
    std::vector<std::uint32_t> kinds_of_day = {};

    /// Sorts cases and controls by day and unit, adds up those of the same, leaves out empty ones, and scales
    /// `expected` to the number of cases where that is given.
    /// @throws InvalidInput for what does not fit together
    void normalise();
    std::int64_t n_cases() const noexcept;
    std::unique_ptr<TreeSampler> sampler(std::uint64_t seed) const;
};

}  // namespace enteroscan
