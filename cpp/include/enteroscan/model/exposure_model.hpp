#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace enteroscan {

/// Cases of which is known where and when they fell ill, and what they were exposed to. Under the null
/// hypothesis the cases of a stratum exchange all their exposures as a whole: what somebody ate says nothing
/// about where and when he fell ill. Who falls ill where and when stays as it is, and so does everything
/// that goes together in what one case ate.
///
/// One number for each case in all three.
struct ExposureModel {
    std::vector<std::uint32_t> location;
    std::vector<std::uint32_t> interval;
    std::vector<std::uint32_t> stratum;

    std::size_t n_cases() const noexcept { return location.size(); }
    std::size_t n_strata() const noexcept;
    /// @throws InvalidInput for lengths that differ, locations or intervals that do not exist, no cases
    void check(std::size_t n_locations, std::size_t n_intervals) const;
};

/// How surprising it is that so many of the cases of a window were exposed. If their odds of that are those
/// of everybody of their stratum times exp(theta), it is the log likelihood ratio of the best theta >= 0
/// against none,
///
///     max over theta of  cases * theta - sum over strata of inside * log(1 - share + share * exp(theta)),
///
/// the exponent in Chernoff's bound on the chance of so many. With one stratum it is
/// c ln(c / (n p)) + (n - c) ln((n - c) / (n (1 - p))). It grows with the exposed cases and falls with every
/// other case; those of whose stratum nobody is exposed make no difference.
/// @param cases   exposed ones in the window, more than expected
/// @param inside  cases of each stratum in the window
/// @param shares  how many of all cases of each stratum are exposed, 0 to 1
double exposure_log_likelihood_ratio(double cases, std::span<const double> inside,
                                     std::span<const double> shares) noexcept;

/// The same for m cases that are all exposed with probability `share`, where m * share = expected; infinity
/// where there are more than m. No strata whose shares are at most that make more of so many expected cases.
double exposure_bound(double cases, double expected, double share) noexcept;

/// Never less than the log likelihood ratio of a window of several strata, and much cheaper: what the ratio
/// would be if all shares were multiplied by cases / expected, and a little more; infinity where that makes a
/// share greater than 1.
double exposure_bound(double cases, double expected, std::span<const double> inside,
                      std::span<const double> shares) noexcept;

/// Draws whose exposures cases get under the null hypothesis. Has scratch memory: make one per thread.
class ExposureSampler {
  public:
    /// @param cases  those who need exposures, in the order in which they are drawn
    ExposureSampler(const ExposureModel& model, std::span<const std::uint32_t> cases, std::uint64_t seed);
    ~ExposureSampler();
    ExposureSampler(const ExposureSampler&) = delete;
    ExposureSampler& operator=(const ExposureSampler&) = delete;

    /// Makes source[i] the case whose exposures the i-th of the cases gets. A pure function of seed and
    /// replicate; the first numbers do not depend on how many more are asked for.
    void draw(std::uint64_t replicate, std::vector<std::uint32_t>& source);

  private:
    struct Pools;
    std::unique_ptr<Pools> pools_;
};

}  // namespace enteroscan
