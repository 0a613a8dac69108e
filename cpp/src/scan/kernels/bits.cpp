#include "scan/kernels/instruction_set.hpp"
#include "scan/kernels/simd.hpp"

namespace enteroscan::detail::ENTEROSCAN_ISA {
namespace {

// Counters are binary numbers, a vector for each digit and a counter in each bit of the vectors. What is
// added goes through a tree of full adders, so that most carries are added up before they travel. The digits
// below the top of the tree stay in registers.

constexpr std::size_t tree_digits = 4;

struct LowDigits {
    Vector digit[tree_digits];
};

ENTEROSCAN_INLINE inline Vector half_add(Vector& sum, Vector x) {
    const Vector out = bits_and(sum, x);
    sum = bits_xor(sum, x);
    return out;
}

ENTEROSCAN_INLINE inline Vector full_add(Vector& sum, Vector x, Vector y) {
    const Vector either = bits_xor(sum, x);
    const Vector out = bits_or(bits_and(sum, x), bits_and(either, y));
    sum = bits_xor(either, y);
    return out;
}

/// Adds 2^place rows to the digits below that place; returns what is to be carried there.
template <std::size_t place>
ENTEROSCAN_INLINE inline Vector add_tree(LowDigits& low, const unsigned char* rows,
                                         const std::uint32_t* row) {
    if constexpr (place == 0) {
        return load(rows + std::size_t{*row} * vector_bytes);
    } else {
        const Vector first = add_tree<place - 1>(low, rows, row);
        const Vector second = add_tree<place - 1>(low, rows, row + (std::size_t{1} << (place - 1)));
        return full_add(low.digit[place - 1], first, second);
    }
}

/// Adds 2^place of the last n rows, if that is a part of n, and what is carried from the place before.
template <std::size_t place>
ENTEROSCAN_INLINE inline Vector add_rest(LowDigits& low, const unsigned char* rows, const std::uint32_t*& row,
                                         std::size_t n, Vector carried) {
    if ((n >> place & 1) == 0) return half_add(low.digit[place], carried);
    const Vector own = add_tree<place>(low, rows, row);
    row += std::size_t{1} << place;
    return full_add(low.digit[place], own, carried);
}

ENTEROSCAN_INLINE inline void carry(Vector* high_digits, std::size_t n, Vector x) {
    for (std::size_t i = 0; i < n; ++i) x = half_add(high_digits[i], x);
}

ENTEROSCAN_INLINE inline void add_rows(LowDigits& low, Vector* high_digits, std::size_t n_high,
                                       const unsigned char* rows, const std::uint32_t*& row, std::size_t n) {
    for (; n >= std::size_t{1} << tree_digits; n -= std::size_t{1} << tree_digits) {
        carry(high_digits, n_high, add_tree<tree_digits>(low, rows, row));
        row += std::size_t{1} << tree_digits;
    }
    Vector carried = add_rest<0>(low, rows, row, n, zero());
    carried = add_rest<1>(low, rows, row, n, carried);
    carried = add_rest<2>(low, rows, row, n, carried);
    carried = add_rest<3>(low, rows, row, n, carried);
    carry(high_digits, n_high, carried);
}

/// One more digit of a comparison that starts from the lowest: where the threshold has a one, the count needs
/// one as well; elsewhere one is enough, whatever the lower digits say.
ENTEROSCAN_INLINE inline Vector compare_digit(Vector so_far, Vector digit, bool wanted) {
    const Vector all = fill8(255);
    const Vector masks[2] = {all, zero()};
    return bits_or(bits_and(so_far, digit), bits_and(masks[wanted ? 1 : 0], bits_or(so_far, digit)));
}

/// Lanes whose count is at least `threshold`.
ENTEROSCAN_INLINE inline Vector at_least(const LowDigits& low, const Vector* high_digits, std::size_t n_high,
                                         std::uint32_t threshold) {
    Vector result = fill8(255);
    for (std::size_t i = 0; i < tree_digits; ++i)
        result = compare_digit(result, low.digit[i], (threshold >> i & 1) != 0);
    threshold >>= tree_digits;
    for (std::size_t i = 0; i < n_high; ++i)
        result = compare_digit(result, high_digits[i], (threshold >> i & 1) != 0);
    return result;
}

/// Of some lanes those whose count is at least the threshold and their offset.
Vector beyond_offsets(const BitPass& pass, std::size_t block, const Vector* digits, Vector lanes) {
    const auto* offset =
        static_cast<const unsigned char*>(pass.offsets) + pass.classes[block] * offset_digits * vector_bytes;
    const Vector all = fill8(255);
    Vector carried = zero();
    Vector result = all;
    for (std::size_t i = 0; i < pass.n_digits; ++i) {
        Vector sum = fill8((pass.thresholds[block] >> i & 1) != 0 ? 255 : 0);
        carried = full_add(sum, i < offset_digits ? load(offset + i * vector_bytes) : zero(), carried);
        const Vector differ = bits_xor(digits[i], sum);
        result = bits_or(bits_and(bits_xor(differ, all), result), bits_and(differ, digits[i]));
    }
    // A sum with more digits than counts have is out of reach.
    return bits_and(lanes, bits_and(result, bits_xor(carried, all)));
}

/// Rarely called; out of the way of the loop, whose digits stay in registers.
template <bool high>
ENTEROSCAN_NEVER_INLINE void report(const BitPass& pass, std::size_t block, LowDigits low,
                                    const Vector* high_digits, Vector lanes) {
    Vector digits[most_digits];
    for (std::size_t i = 0; i < tree_digits; ++i) digits[i] = low.digit[i];
    for (std::size_t i = tree_digits; i < pass.n_digits; ++i) digits[i] = high_digits[i - tree_digits];
    if (high) lanes = beyond_offsets(pass, block, digits, lanes);
    if (any(lanes)) pass.report(pass.self, block, &lanes, digits);
}

template <bool high>
void scan(const BitPass& pass) {
    const auto* rows = static_cast<const unsigned char*>(pass.rows);
    const std::uint32_t* row = pass.members;
    const std::size_t n_high = pass.n_digits - tree_digits;
    LowDigits low{{zero(), zero(), zero(), zero()}};
    Vector high_digits[most_digits - tree_digits];
    for (std::size_t i = 0; i < n_high; ++i) high_digits[i] = zero();
    for (std::size_t block = 0; block < pass.n_blocks; ++block) {
        std::size_t n = pass.block_lengths[block];
        if (!high) {
            const std::size_t n_first = pass.first_lengths[block];
            add_rows(low, high_digits, n_high, rows, row, n_first);
            n -= n_first;
            const Vector lanes =
                bits_xor(at_least(low, high_digits, n_high, pass.thresholds[block]), fill8(255));
            if (any(lanes)) [[unlikely]]
                report<high>(pass, block, low, high_digits, lanes);
        }
        add_rows(low, high_digits, n_high, rows, row, n);
        if (high) {
            const Vector lanes = at_least(low, high_digits, n_high, pass.thresholds[block]);
            if (any(lanes)) [[unlikely]]
                report<high>(pass, block, low, high_digits, lanes);
        }
    }
}

}  // namespace

void bits_high(const BitPass& pass) { scan<true>(pass); }
void bits_low(const BitPass& pass) { scan<false>(pass); }

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
