#pragma once

#include <memory>

#include "scan/batch.hpp"
#include "scan/kernels/kernels.hpp"

namespace enteroscan {

/// For a single window of time, where sites have few cases, such as points that are a case or a control: a
/// case is one bit, and eight times as many replicates are scanned together as in bytes. Null where that
/// would take too many rows.
std::unique_ptr<BatchScanner> bit_scanner(const Plan& plan, Rates rates, const detail::Kernels& kernels,
                                          std::int64_t n_cases, std::size_t n_threads,
                                          const RunControl& control);

}  // namespace enteroscan
