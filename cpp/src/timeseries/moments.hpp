#pragma once

#include <algorithm>
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
    double origin = 0.0;  // one of the numbers, so that little is lost in the difference of squares
    double rest = 0.0;
    double squares = 0.0;
    for (const double x : numbers) {
        if (std::isnan(x)) continue;
        if (result.n == 0) origin = x;
        ++result.n;
        result.sum += x;
        rest += x - origin;
        squares += (x - origin) * (x - origin);
    }
    const auto n = static_cast<double>(result.n);
    if (result.n > 0) result.mean = result.sum / n;
    if (result.n > 1) result.variance = std::max(0.0, squares - rest * rest / n) / (n - 1.0);
    return result;
}

}  // namespace enteroscan
