#pragma once

#include "enteroscan/linkage/reports.hpp"

namespace enteroscan {

/// Density per hour of the time between the onsets of two cases of whom one infects the other.
double serial_density(const CaseReports& reports, double hours) noexcept;

}  // namespace enteroscan
