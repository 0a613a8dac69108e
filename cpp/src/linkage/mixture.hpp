#pragma once

#include <cstddef>
#include <span>

namespace enteroscan {

/// The log likelihood ratio of a source, and how many cases it explains.
struct SourceFit {
    double amount = 0.0;
    double log_likelihood_ratio = 0.0;
};

/// Greatest value over amount >= 0 of  sum log(1 + amount * ratio) - amount.  Concave; found to the last
/// bits.
/// @param ratios  likelihood ratio of each exposed case over the number that chance exposes; >= 0
SourceFit fit_source(std::span<const double> ratios) noexcept;

/// No fit of n ratios with this sum is better: all equal is best, since the logarithm is concave.
double best_possible(double n, double sum_of_ratios) noexcept;

}  // namespace enteroscan
