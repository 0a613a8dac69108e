#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace enteroscan {

/// Two statistics closer than this are equal when they are ranked (SaTScan's tolerance): ties count
/// against the cluster.
inline constexpr double rank_tolerance = 1e-9;

/// Rank of a statistic among simulated maxima: 1 + the number of maxima that are at least as large.
std::int64_t rank_of(double statistic, std::span<const double> maxima) noexcept;

/// Monte Carlo p-value, rank / (number of maxima + 1) (Dwass 1957). 1 without maxima.
double monte_carlo_p(double statistic, std::span<const double> maxima) noexcept;

/// Number of maxima after which sequential Monte Carlo stops (Besag and Clifford 1991): the position,
/// counted from 1, of the `threshold`-th maximum that exceeds `statistic` + rank_tolerance; maxima.size() if
/// there is none. threshold >= 1.
std::size_t sequential_stop(double statistic, std::span<const double> maxima,
                            std::int64_t threshold) noexcept;

/// Location and scale of the Gumbel distribution with the mean and the population variance of the
/// maxima (Abrams, Kulldorff and Kleinman 2010).
struct Gumbel {
    double location;
    double scale;

    /// Probability of a value of at least `statistic`, accurate in the far tail. A scale of 0 is the
    /// distribution that is always equal to its location.
    double p(double statistic) const noexcept;
    /// The value that is reached with probability alpha, 0 < alpha < 1.
    double critical_value(double alpha) const noexcept;
};
/// @throws InvalidInput with fewer than two maxima
Gumbel fit_gumbel(std::span<const double> maxima);

/// The value that the statistic must exceed, by more than rank_tolerance, for a Monte Carlo p-value of at
/// most alpha: one of the maxima. NaN where there are too few maxima for such a p-value.
/// @throws InvalidInput unless 0 < alpha < 1
double critical_value(std::span<const double> maxima, double alpha);

/// Expected time between two false alarms as strong as this one, if the scan is repeated every
/// `period` time units: period / (1 - (1 - p)^(1 / analyses)). `analyses` is the number of analyses that
/// p is adjusted for: 1 without adjustment for earlier ones. In the unit of `period`; infinite for p = 0.
double recurrence_interval(double p, double period, std::int64_t analyses) noexcept;

}  // namespace enteroscan
