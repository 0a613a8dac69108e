#pragma once
// Checks of options that several detectors have.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

inline void check_option(bool good, const std::string& message) {
    if (!good) throw InvalidInput(message);
}

inline void check_alpha(double alpha) {
    check_option(alpha > 0.0 && alpha < 1.0,
                 "alpha = " + std::to_string(alpha) + " must lie between 0 and 1");
}

inline void check_weekdays(std::span<const std::uint8_t> weekdays) {
    check_option(std::all_of(weekdays.begin(), weekdays.end(), [](auto day) { return day < 7; }),
                 "weekdays must be 0 (Monday) to 6");
}

}  // namespace enteroscan
