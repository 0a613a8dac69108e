#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace enteroscan {

/// Random numbers that are a pure function of (seed, stream, replicate): Philox4x32-10, a counter-based
/// generator (Salmon et al., Parallel random numbers: as easy as 1, 2, 3; SC11). Replicates can be
/// computed in any order, on any thread or machine, and are the same bits. Streams with different keys
/// are independent for all practical purposes, unlike consecutive seeds of one linear generator.
///
/// Its numbers are the blocks of the published generator, one after the other: the 64-bit key is the seed,
/// the 128-bit counter is replicate * 2^64 + stream * 2^32 + number of the block. They repeat after 2^34
/// numbers, which no replicate comes near.
///
/// Not thread-safe; copy it or make one per replicate, which costs nothing.
class RandomStream {
  public:
    /// @param seed       the user's seed
    /// @param stream     which use of randomness: different uses of one seed must not share numbers
    /// @param replicate  which repetition
    RandomStream(std::uint64_t seed, std::uint32_t stream, std::uint64_t replicate) noexcept;

    /// Uniform on all 32-bit numbers.
    std::uint32_t next() noexcept {
        if (position_ == buffer_.size()) refill();
        return buffer_[position_++];
    }

    /// Uniform on 0, ..., bound - 1, without bias (Lemire's method). bound > 0.
    std::uint32_t below(std::uint32_t bound) noexcept {
        std::uint64_t product = std::uint64_t{next()} * bound;
        auto low = static_cast<std::uint32_t>(product);
        if (low < bound) {
            const std::uint32_t threshold = (0u - bound) % bound;
            while (low < threshold) {
                product = std::uint64_t{next()} * bound;
                low = static_cast<std::uint32_t>(product);
            }
        }
        return static_cast<std::uint32_t>(product >> 32);
    }

    /// Uniform on the open interval (0, 1): the middles of 2^52 equal parts.
    double uniform() noexcept {
        static_assert((0x1p52 - 1.0 + 0.5) * 0x1p-52 < 1.0, "one more bit would round up to 1");
        const std::uint64_t high = next() >> 6;
        const std::uint64_t low = next() >> 6;
        return (static_cast<double>((high << 26) | low) + 0.5) * 0x1p-52;
    }

    /// Number of successes in n >= 0 independent trials with probability p in [0, 1] each. Exact but for the
    /// rounding of doubles: inversion for small n p, transformed rejection (Hormann 1993, BTRS) otherwise.
    std::int64_t binomial(std::int64_t n, double p) noexcept;

  private:
    void refill() noexcept;

    std::uint64_t key_;
    std::uint64_t replicate_;
    std::uint32_t stream_;
    std::uint32_t block_ = 0;
    std::array<std::uint32_t, 128> buffer_{};
    std::size_t position_ = 128;
};

/// Draws indices with given probabilities in constant time (Walker 1977, Vose 1991). Among n indices, a
/// probability is off by at most about 2^-32 / n, and an index of weight 0 is never drawn. Immutable.
class AliasTable {
  public:
    /// @param weights  one finite number >= 0 per index, at least one of them positive
    /// @throws InvalidInput for other numbers, for none and for 2^32 or more
    explicit AliasTable(std::span<const double> weights);

    std::uint32_t draw(RandomStream& random) const noexcept {
        const std::uint32_t i = random.below(static_cast<std::uint32_t>(entries_.size()));
        const Entry& entry = entries_[i];
        return random.next() < entry.threshold ? i : entry.alias;
    }

  private:
    struct Entry {
        std::uint32_t threshold;  // the index keeps itself with probability threshold / 2^32
        std::uint32_t alias;
    };
    std::vector<Entry> entries_;
};

}  // namespace enteroscan
