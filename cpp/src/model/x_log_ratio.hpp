#pragma once

#include <cmath>

namespace enteroscan {

/// x ln(x / y), 0 where there are no x.
inline double x_log_ratio(double x, double y) noexcept { return x > 0.0 ? x * std::log(x / y) : 0.0; }

}  // namespace enteroscan
