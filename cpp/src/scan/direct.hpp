#pragma once

#include <memory>

#include "scan/batch.hpp"
#include "scan/kernels/kernels.hpp"

namespace enteroscan {

/// For windows that all end together (prospective and purely spatial scans): cases are counted in each window
/// directly. Counters of a few windows, or of a few groups of lanes, stay in registers while a zone grows.
std::unique_ptr<BatchScanner> direct_scanner(const Plan& plan, Rates rates, const detail::Kernels& kernels,
                                             std::int64_t n_cases, std::size_t n_replicates,
                                             std::size_t n_threads, const RunControl& control);

}  // namespace enteroscan
