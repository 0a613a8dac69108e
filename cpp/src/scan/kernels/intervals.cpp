#include "scan/kernels/instruction_set.hpp"
#include "scan/kernels/simd.hpp"

namespace enteroscan::detail::ENTEROSCAN_ISA {
namespace {

/// Adds the counts of n columns; the sums of the sites that enter stay in registers.
template <std::size_t n>
inline Vector accumulate_columns(const std::uint8_t* counts, std::size_t row_bytes,
                                 const std::uint32_t* members, std::size_t n_members, std::uint16_t* totals) {
    Vector sum[n];
    for (std::size_t i = 0; i < n; ++i) sum[i] = zero();
    for (std::size_t m = 0; m < n_members; ++m) {
        const std::uint8_t* row = counts + members[m] * row_bytes;
        for (std::size_t i = 0; i < n; ++i) sum[i] = add8(sum[i], load(row + i * vector_bytes));
    }
    const Vector full = fill8(255);
    Vector overflow = zero();
    for (std::size_t i = 0; i < n; ++i) {
        overflow = bits_or(overflow, equal8(sum[i], full));
        auto* total = reinterpret_cast<unsigned char*>(totals) + 2 * i * vector_bytes;
        store(total, add16(load(total), widen_low(sum[i])));
        store(total + vector_bytes, add16(load(total + vector_bytes), widen_high(sum[i])));
    }
    return overflow;
}

/// Cases minus expected up to each column of a segment, as bytes: |differences| are kept, times
/// 2^(scale - shift), rounded down. Returns the shift.
int deviations(const IntervalTest& test, const Segment& segment, unsigned char* wide, unsigned char* bytes,
               std::size_t n_padded) {
    const std::size_t reached =
        segment.first + segment.n_starts - 1 + segment.least_length + segment.n_lengths - 1;
    const std::size_t last = reached < test.n_columns ? reached : test.n_columns;
    const std::size_t n = last - segment.first + 1;
    const auto* totals =
        reinterpret_cast<const unsigned char*>(test.totals) + 2 * segment.first * vector_bytes;
    Vector sum[2] = {zero(), zero()};
    Vector low[2] = {zero(), zero()};
    Vector high[2] = {zero(), zero()};
    Vector most = zero();
    store(wide, zero());
    store(wide + vector_bytes, zero());
    for (std::size_t i = 1; i < n; ++i) {
        const Vector expected = fill16(static_cast<std::uint16_t>(test.expected[segment.first + i - 1]));
        for (std::size_t half = 0; half < 2; ++half) {
            const Vector total = load(totals + (2 * (i - 1) + half) * vector_bytes);
            most = max16(most, total);
            sum[half] = add_signed16(sum[half], sub_signed16(shift_left16(total, test.scale), expected));
            low[half] = min_signed16(low[half], sum[half]);
            high[half] = max_signed16(high[half], sum[half]);
            store(wide + (2 * i + half) * vector_bytes, sum[half]);
        }
    }
    // Sums that left the range, and counts that the shift pushed out of it.
    const Vector ceiling = fill16(32767);
    const Vector floor = fill16(32768);
    Vector out[2];
    for (std::size_t half = 0; half < 2; ++half)
        out[half] = bits_or(equal16(high[half], ceiling), equal16(low[half], floor));
    if (greatest16(most) > (32767 >> test.scale)) {
        const Vector limit = fill16(static_cast<std::uint16_t>(32767 >> test.scale));
        for (std::size_t i = 1; i < n; ++i)
            for (std::size_t half = 0; half < 2; ++half) {
                const Vector excess = sub16(load(totals + (2 * (i - 1) + half) * vector_bytes), limit);
                const Vector fits = equal16(excess, zero());
                out[half] = bits_or(out[half], equal16(fits, zero()));
            }
    }
    const Vector lost = narrow_mask(out[0], out[1]);
    if (any(lost)) test.overflow(test.self, lanes_set(lost));

    const Vector range = max16(wrap_sub16(high[0], low[0]), wrap_sub16(high[1], low[1]));
    int shift = 0;
    while ((greatest16(range) >> shift) > 255) ++shift;
    for (std::size_t i = 0; i < n; ++i) {
        const Vector a = shift_right16(wrap_sub16(load(wide + 2 * i * vector_bytes), low[0]), shift);
        const Vector b = shift_right16(wrap_sub16(load(wide + (2 * i + 1) * vector_bytes), low[1]), shift);
        store(bytes + i * vector_bytes, narrow(a, b));
    }
    // Windows beyond the last column are never reported.
    const Vector beyond = fill8(test.high ? 0 : 255);
    for (std::size_t i = n; i < n_padded; ++i) store(bytes + i * vector_bytes, beyond);
    return shift;
}

/// Greatest excess (deficit) of the windows of n lengths over all starts.
template <bool high, std::size_t n>
inline void greatest_differences(const unsigned char* bytes, std::size_t n_starts, std::size_t length,
                                 Vector* greatest) {
    for (std::size_t j = 0; j < n; ++j) greatest[j] = zero();
    const unsigned char* start = bytes;
    const unsigned char* end = bytes + length * vector_bytes;
    for (std::size_t t = 0; t < n_starts; ++t, start += vector_bytes, end += vector_bytes) {
        const Vector before = load(start);
        for (std::size_t j = 0; j < n; ++j) {
            const Vector after = load(end + j * vector_bytes);
            greatest[j] = max8(greatest[j], high ? sub8(after, before) : sub8(before, after));
        }
    }
}

template <bool high>
void test_segment(const IntervalTest& test, std::size_t number, const std::uint16_t* thresholds) {
    constexpr std::size_t together = 8;
    const Segment& segment = test.segments[number];
    const std::size_t n_padded = segment.n_starts + segment.least_length + segment.n_lengths + together;
    auto* bytes = static_cast<unsigned char*>(test.scratch);
    unsigned char* wide = bytes + n_padded * vector_bytes;
    const int shift = deviations(test, segment, wide, bytes, n_padded);
    for (std::size_t first = 0; first < segment.n_lengths; first += together) {
        Vector greatest[together];
        greatest_differences<high, together>(bytes, segment.n_starts, segment.least_length + first, greatest);
        const std::size_t n = segment.n_lengths - first < together ? segment.n_lengths - first : together;
        Vector reached[together];
        Vector all = zero();
        for (std::size_t j = 0; j < n; ++j) {
            const int threshold = thresholds[first + j] >> shift;
            reached[j] = zero();
            if (threshold > 255) continue;
            // A threshold that the shift has swallowed is met by every window.
            reached[j] = threshold == 0 ? fill8(1)
                                        : sub8(greatest[j], fill8(static_cast<std::uint8_t>(threshold - 1)));
            all = bits_or(all, reached[j]);
        }
        if (!any(all)) [[likely]]
            continue;
        for (std::size_t j = 0; j < n; ++j) {
            if (!any(reached[j])) continue;
            std::uint8_t excess[vector_bytes];
            store(excess, greatest[j]);
            test.report(test.self, number, first + j, ~lanes_set(equal8(reached[j], zero())), excess, shift);
        }
    }
}

}  // namespace

std::uint32_t accumulate(const std::uint8_t* counts, std::size_t n_columns, const std::uint32_t* members,
                         std::size_t n_members, std::uint16_t* totals) {
    constexpr std::size_t together = 8;
    const std::size_t row_bytes = n_columns * vector_bytes;
    const std::size_t step = together * vector_bytes;
    Vector overflow = zero();
    std::size_t column = 0;
    for (; column + together <= n_columns; column += together) {
        overflow =
            bits_or(overflow, accumulate_columns<together>(counts, row_bytes, members, n_members, totals));
        counts += step;
        totals += step;
    }
    for (; column < n_columns; ++column) {
        overflow = bits_or(overflow, accumulate_columns<1>(counts, row_bytes, members, n_members, totals));
        counts += vector_bytes;
        totals += vector_bytes;
    }
    return lanes_set(overflow);
}

void test_intervals(const IntervalTest& test) {
    const std::uint16_t* thresholds = test.thresholds;
    for (std::size_t s = 0; s < test.n_segments; ++s) {
        if (test.high) {
            test_segment<true>(test, s, thresholds);
        } else {
            test_segment<false>(test, s, thresholds);
        }
        thresholds += test.segments[s].n_lengths;
    }
}

Kernels make_kernels() {
    return {vector_bytes,
            {direct8_high, direct8_low},
            {direct16_high, direct16_low},
            {bits_high, bits_low},
            cumulate8,
            cumulate16,
            accumulate,
            test_intervals,
            mark_strip};
}

}  // namespace enteroscan::detail::ENTEROSCAN_ISA
