#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "scan/kernels/kernels.hpp"
#include "scan/plan.hpp"

namespace enteroscan {

struct SimulationOptions {
    std::int64_t begin = 0;  ///< first replicate
    std::int64_t end = 0;
    std::uint64_t seed = 0;
    RandomEngine engine = RandomEngine::philox;
    std::size_t n_threads = 1;
    double stop_above = 0.0;
    std::int64_t stop_after = 0;
};

/// See Scan::simulate. The result does not depend on the kernels.
std::vector<double> simulate_maxima(const Plan& plan, const Model& model, const SimulationOptions& options,
                                    RunControl& control, const detail::Kernels& kernels = detail::kernels());

}  // namespace enteroscan
