#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace enteroscan {

/// Number, mean and variance (divisor n - 1) of the numbers that are there.
struct Moments {
    std::size_t n = 0;
    double sum = 0.0;
    double mean = std::numeric_limits<double>::quiet_NaN();
    double variance = std::numeric_limits<double>::quiet_NaN();

    double sigma() const noexcept { return std::sqrt(variance); }
};

inline Moments moments_of(std::span<const double> numbers) noexcept {
    Moments result;
    for (const double x : numbers) {
        if (std::isnan(x)) continue;
        ++result.n;
        result.sum += x;
    }
    if (result.n == 0) return result;
    const auto n = static_cast<double>(result.n);
    result.mean = result.sum / n;
    double squares = 0.0;
    double rest = 0.0;  // what rounding left over in the mean
    for (const double x : numbers) {
        if (std::isnan(x)) continue;
        squares += (x - result.mean) * (x - result.mean);
        rest += x - result.mean;
    }
    if (result.n > 1) result.variance = (squares - rest * rest / n) / (n - 1.0);
    return result;
}

}  // namespace enteroscan
