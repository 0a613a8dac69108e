#pragma once
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3; SC11), many
// blocks at once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace enteroscan {

inline constexpr std::size_t philox_blocks = 32;  ///< computed together

/// Fills `out` with the blocks of the counters {counter[0] + i, counter[1], counter[2], counter[3]}, i = 0,
/// ..., 31, block after block. The first element of counters and keys is the least significant, as in the
/// paper; counter[0] wraps around without a carry.
void philox(const std::array<std::uint32_t, 4>& counter, const std::array<std::uint32_t, 2>& key,
            std::span<std::uint32_t, 4 * philox_blocks> out) noexcept;

}  // namespace enteroscan
