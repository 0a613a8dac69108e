#pragma once
// The loops in which a scan spends its time, compiled once for each instruction set. Lanes of a vector are
// replicates. The kernels do not decide anything: they report where a window *may* reach the level, and
// what they report does not depend on the number of lanes.

#include <cstddef>
#include <cstdint>

namespace enteroscan::detail {

/// Windows that end together, around one centre. Row after row, `counts` holds the cases of a site in
/// `n_vectors` vectors: windows one after the other, or groups of lanes for one window.
struct DirectPass {
    const void* counts;
    const std::uint32_t* members;
    const std::uint32_t* block_lengths;  ///< sites that enter before the next test
    std::size_t n_blocks;
    /// What the threshold of each vector gains from block to block, beginning from 1 (high rates) or -1
    /// (low rates), clipped to the type of the counts. `change_stride` is 1, or 0 if all vectors share
    /// one threshold.
    const void* changes;
    std::size_t change_stride;
    /// What counters must exceed to be reported, at least `reach`: a row of vectors for each class of blocks.
    const void* limits;
    const std::uint8_t* classes;  ///< of each block
    /// Called where a count may have met its threshold: lanes of `above` hold reach + 1 + what the count
    /// is above (high) or below (low) it, or more than that; but the greatest number of the type says
    /// that the lane has lost count. `beyond` holds what they are above their limits.
    void (*report)(void* self, std::size_t block, const void* above, const void* beyond);
    void* self;
};

/// Counters stand at `reach` + 1 when they are at the threshold: room above for a block that brings more
/// cases than expected, room below for being far from it.
template <class Count>
inline constexpr auto reach = static_cast<Count>(sizeof(Count) == 1 ? 200 : 60000);

/// Any windows of time, around one centre. Counts are bytes, a vector for each site and column.
struct Segment {
    std::uint32_t first;  ///< column in which the first window starts
    std::uint32_t n_starts;
    std::uint32_t least_length;
    std::uint32_t n_lengths;  ///< at most max_lengths; starts and lengths are a rectangle
};

struct IntervalTest {
    const std::uint16_t* totals;  ///< cases in the zone: two vectors of 16 bits for each column
    std::size_t n_columns;
    const std::int16_t* expected;  ///< of each column, times 2^scale
    int scale;
    const Segment* segments;
    std::size_t n_segments;
    const std::uint16_t* thresholds;  ///< of segment after segment, by length: least |excess| times 2^scale
    bool high;
    void* scratch;  ///< three vectors for each of (starts + lengths) of the longest segment + 8
    /// Called for windows of a segment, of the length least_length + length, that may reach the
    /// threshold in the lanes set. `excess` holds for each lane the greatest |cases - expected| of these
    /// windows, times 2^(scale - shift), rounded down or up by less than 1.
    void (*report)(void* self, std::size_t segment, std::size_t length, std::uint32_t lanes,
                   const std::uint8_t* excess, int shift);
    /// Called for lanes in which numbers grew too large.
    void (*overflow)(void* self, std::uint32_t lanes);
    void* self;
};

/// Windows in one zone of one data set, one after the other: those of one length, or of one end.
struct Strip {
    std::size_t n;  ///< arrays are read up to the next multiple of strip_width
    const double* cases_until_start;
    const double* cases_until_end;      ///< a single number if fixed_end
    const double* measure_until_start;  ///< times weight
    const double* measure_until_end;    ///< a single number if fixed_end
    bool fixed_end;
    double weight;
    double ratio;   ///< expected cases per measure
    double total;   ///< measure
    double factor;  ///< see Statistic::Bound
    bool sharp;
    const double* limits;  ///< one for each window, or a single number
    bool one_limit;
    unsigned char* marks;  ///< set for each strip_width windows: whether one may exceed its limit
};
inline constexpr std::size_t strip_width = 8;

struct Kernels {
    std::size_t vector_bytes;

    /// By type of count (8 or 16 bits), by direction (high, low).
    void (*direct8[2])(const DirectPass& pass, std::size_t n_vectors);
    void (*direct16[2])(const DirectPass& pass, std::size_t n_vectors);

    /// Adds the counts of sites to the totals; returns the lanes that overflowed.
    std::uint32_t (*accumulate)(const std::uint8_t* counts, std::size_t n_columns,
                                const std::uint32_t* members, std::size_t n_members, std::uint16_t* totals);
    void (*test)(const IntervalTest& test);

    void (*mark)(const Strip& strip);

    /// Adds up rows of windows: window w becomes the sum of windows 0 to w. Saturates.
    void (*cumulate8)(void* rows, std::size_t n_rows, std::size_t n_vectors, void* carried);
    void (*cumulate16)(void* rows, std::size_t n_rows, std::size_t n_vectors, void* carried);
};

const Kernels& kernels();

}  // namespace enteroscan::detail
