#include "contagion.hpp"

#include <cmath>
#include <numbers>

namespace enteroscan {

double serial_density(const CaseReports& reports, double hours) noexcept {
    if (!(hours > 0.0)) return 0.0;
    const double median = reports.serial_interval[0];
    const double sigma = reports.serial_interval[1];
    const double z = std::log(hours / median) / sigma;
    return std::exp(-0.5 * z * z) / (hours * sigma * std::sqrt(2.0 * std::numbers::pi));
}

}  // namespace enteroscan
