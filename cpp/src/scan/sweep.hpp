#pragma once

#include <memory>

#include "scan/batch.hpp"
#include "scan/kernels/kernels.hpp"

namespace enteroscan {

/// For windows of many times (retrospective scans): cases are counted in each column; at the end of each
/// block, windows are differences of sums over the columns.
std::unique_ptr<BatchScanner> sweep_scanner(const Plan& plan, Rates rates, const detail::Kernels& kernels,
                                            std::int64_t n_cases, std::size_t n_threads,
                                            const RunControl& control);

}  // namespace enteroscan
