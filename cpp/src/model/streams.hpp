#pragma once

#include <cstdint>

namespace enteroscan {

/// Which use of randomness a stream serves: one number for each, never reused.
enum class Stream : std::uint32_t { permutation = 1, poisson = 2, bernoulli = 3, tree = 4, exposure = 5 };

}  // namespace enteroscan
