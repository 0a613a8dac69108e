#include <algorithm>

#include "scan/kernels/instruction_set.hpp"
#include "scan/kernels/simd.hpp"

namespace enteroscan::detail::ENTEROSCAN_ISA {
namespace {

template <class Count>
struct Lanes;

template <>
struct Lanes<std::uint8_t> {
    static Vector fill(std::uint8_t x) { return fill8(x); }
    static Vector add(Vector a, Vector b) { return add8(a, b); }
    static Vector sub(Vector a, Vector b) { return sub8(a, b); }
    static Vector equal(Vector a, Vector b) { return equal8(a, b); }
};

template <>
struct Lanes<std::uint16_t> {
    static Vector fill(std::uint16_t x) { return fill16(x); }
    static Vector add(Vector a, Vector b) { return add16(a, b); }
    static Vector sub(Vector a, Vector b) { return sub16(a, b); }
    static Vector equal(Vector a, Vector b) { return equal16(a, b); }
};

/// Sites ahead of the one that enters whose rows are fetched: the ends of blocks cannot be predicted, so that
/// the processor does not do so by itself.
constexpr std::ptrdiff_t prefetched = 8;

/// The limit of counter v of a block.
template <bool shared, std::size_t n>
ENTEROSCAN_INLINE inline Vector limit_of(const DirectPass& pass, std::size_t block, std::size_t v) {
    const auto* limits = static_cast<const unsigned char*>(pass.limits);
    return shared ? load(limits + pass.classes[block] * pass.limit_row_bytes + v * vector_bytes)
                  : load(limits + pass.classes[block * n + v] * pass.limit_row_bytes);
}

/// Reports the block if counters exceed the limits of their lanes. Rarely called; out of the way of the loop.
template <class Count, bool shared, std::size_t n>
ENTEROSCAN_NEVER_INLINE void report_beyond_limits(const DirectPass& pass, std::size_t block,
                                                  const Vector* above) {
    Vector beyond[n];
    Vector together = zero();
    for (std::size_t v = 0; v < n; ++v) {
        beyond[v] = Lanes<Count>::sub(above[v], limit_of<shared, n>(pass, block, v));
        together = bits_or(together, beyond[v]);
    }
    if (any(together)) pass.report(pass.self, block, above, beyond);
}

/// The counters stay in registers: n is a constant. Where they share a threshold, they are compared with the
/// limits of their lanes at once, otherwise first with what all limits are at least.
template <class Count, bool high, bool shared, std::size_t n>
void scan_blocks(const DirectPass& pass) {
    using Lane = Lanes<Count>;
    constexpr std::size_t row_bytes = n * vector_bytes;
    const auto* counts = static_cast<const unsigned char*>(pass.counts);
    const auto* changes = static_cast<const Count*>(pass.changes);
    const std::uint32_t* member = pass.members;
    const std::uint32_t* const last_member = member + pass.n_members - 1;
    const Vector full = Lane::fill(static_cast<Count>(~Count{0}));
    const Vector reached = Lane::fill(reach<Count>);
    Vector above[n];
    for (std::size_t v = 0; v < n; ++v) above[v] = reached;
    const auto enter = [&](const std::uint32_t* entering) ENTEROSCAN_INLINE {
        const unsigned char* row = counts + *entering * row_bytes;
        const unsigned char* next = counts + *std::min(entering + prefetched, last_member) * row_bytes;
        for (std::size_t byte = 0; byte < row_bytes; byte += 64) prefetch(next + byte);
        for (std::size_t v = 0; v < n; ++v) {
            const Vector count = load(row + v * vector_bytes);
            above[v] = high ? Lane::add(above[v], count) : Lane::sub(above[v], count);
        }
    };
    const auto report = [&](std::size_t block) ENTEROSCAN_INLINE {
        Vector copy[n];
        for (std::size_t v = 0; v < n; ++v) copy[v] = above[v];
        report_beyond_limits<Count, shared, n>(pass, block, copy);
    };
    const auto test = [&](std::size_t block) ENTEROSCAN_INLINE {
        Vector beyond = zero();
        for (std::size_t v = 0; v < n; ++v)
            beyond =
                bits_or(beyond, Lane::sub(above[v], shared ? limit_of<shared, n>(pass, block, v) : reached));
        if (any(beyond)) [[unlikely]]
            report(block);
    };
    // Where the change fills a counter, the site that enters next must not hide it.
    const auto test_full = [&](std::size_t block) ENTEROSCAN_INLINE {
        Vector filled = zero();
        for (std::size_t v = 0; v < n; ++v) filled = bits_or(filled, Lane::equal(above[v], full));
        if (any(filled)) [[unlikely]]
            report(block);
    };
    for (std::size_t block = 0; block < pass.n_blocks; ++block) {
        for (std::size_t v = 0; v < n; ++v) {
            const Vector change = Lane::fill(changes[shared ? 0 : v]);
            above[v] = high ? Lane::sub(above[v], change) : Lane::add(above[v], change);
        }
        changes += shared ? 1 : n;
        const std::uint32_t* const end = member + pass.block_lengths[block];
        if (!high) {
            test_full(block);
            enter(member++);
            test(block);
        }
        for (; member != end; ++member) enter(member);
        if (high) test(block);
    }
}

template <class Count, bool high, bool shared>
void scan_with(const DirectPass& pass, std::size_t n_counters) {
    switch (n_counters) {
        case 1:
            return scan_blocks<Count, high, shared, 1>(pass);
        case 2:
            return scan_blocks<Count, high, shared, 2>(pass);
        case 3:
            return scan_blocks<Count, high, shared, 3>(pass);
        case 4:
            return scan_blocks<Count, high, shared, 4>(pass);
        case 5:
            return scan_blocks<Count, high, shared, 5>(pass);
        case 6:
            return scan_blocks<Count, high, shared, 6>(pass);
        case 7:
            return scan_blocks<Count, high, shared, 7>(pass);
        case 8:
            return scan_blocks<Count, high, shared, 8>(pass);
        case 9:
            return scan_blocks<Count, high, shared, 9>(pass);
        default:
            return scan_blocks<Count, high, shared, 10>(pass);
    }
}

template <class Count, bool high>
void scan(const DirectPass& pass, std::size_t n_counters) {
    if (pass.shared) {
        scan_with<Count, high, true>(pass, n_counters);
    } else {
        scan_with<Count, high, false>(pass, n_counters);
    }
}

template <class Count>
void cumulate(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried) {
    auto* row = static_cast<unsigned char*>(rows);
    auto* carry = static_cast<unsigned char*>(carried);
    for (std::size_t r = 0; r < n_rows; ++r, carry += vector_bytes) {
        Vector sum = load(carry);
        for (std::size_t v = 0; v < n_counters; ++v, row += vector_bytes) {
            sum = Lanes<Count>::add(sum, load(row));
            store(row, sum);
        }
        store(carry, sum);
    }
}

}  // namespace

void direct8_high(const DirectPass& pass, std::size_t n) { scan<std::uint8_t, true>(pass, n); }
void direct8_low(const DirectPass& pass, std::size_t n) { scan<std::uint8_t, false>(pass, n); }
void direct16_high(const DirectPass& pass, std::size_t n) { scan<std::uint16_t, true>(pass, n); }
void direct16_low(const DirectPass& pass, std::size_t n) { scan<std::uint16_t, false>(pass, n); }

void cumulate8(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried) {
    cumulate<std::uint8_t>(rows, n_rows, n_counters, carried);
}
void cumulate16(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried) {
    cumulate<std::uint16_t>(rows, n_rows, n_counters, carried);
}

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
