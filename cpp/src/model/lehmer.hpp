#pragma once

#include <cstdint>

namespace enteroscan {

/// SaTScan's generator: multiplicative congruential, a = 48271, m = 2^31 - 1 (Park, Miller and Stockmeyer
/// 1993). Its replicates start from consecutive seeds, which gives correlated streams: for comparison only.
class Lehmer {
  public:
    static constexpr std::uint64_t modulus = 2147483647;

    /// The stream of a replicate, counted from 0.
    Lehmer(std::uint64_t seed, std::uint64_t replicate) noexcept : state_((seed + replicate + 1) % modulus) {}

    /// On the open interval (0, 1).
    double uniform() noexcept { return static_cast<double>(advance()) / static_cast<double>(modulus); }

    /// In single precision, to which both numerator and denominator are rounded first: (0, 1].
    float uniform_float() noexcept { return static_cast<float>(advance()) / static_cast<float>(modulus); }

  private:
    std::uint64_t advance() noexcept { return state_ = state_ * 48271 % modulus; }

    std::uint64_t state_;
};

}  // namespace enteroscan
