#pragma once
// Checks of options that several detectors have.

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

}  // namespace enteroscan
