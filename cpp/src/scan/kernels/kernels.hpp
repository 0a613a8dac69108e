#pragma once
// The loops in which a scan spends its time, compiled once for each instruction set. Lanes of a vector are
// replicates. The kernels do not decide anything: they report where a window *may* reach the level, and
// what they report does not depend on the number of lanes.

#include <cstddef>
#include <cstdint>

namespace enteroscan::detail {

/// Windows that end together, around one centre. Row after row, `counts` holds the cases of a site for each
/// of n counters, in as many vectors: windows one after the other, or groups of lanes for one window.
struct DirectPass {
    const void* counts;
    const std::uint32_t* members;
    std::size_t n_members;
    const std::uint32_t* block_lengths;  ///< sites that enter before the next test
    std::size_t n_blocks;
    /// What the threshold of each counter gains from block to block, beginning from 1 (high rates) or -1
    /// (low rates), clipped to the type of the counters.
    const void* changes;
    bool shared;  ///< whether all counters have one threshold, and changes one number a block
    /// What counters must exceed to be reported, at least `reach`: a row for each class of thresholds, with
    /// a vector for each counter, or, if they do not share one threshold, one for all.
    const void* limits;
    std::size_t limit_row_bytes;
    const std::uint8_t* classes;  ///< of thresholds, in the order of changes
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

/// Counters that a pass can keep in registers.
inline constexpr std::size_t most_counters = 10;

/// One window around one centre, cases counted in single bits: a row is a vector, with a lane in each bit,
/// and holds at most one case of a lane.
struct BitPass {
    const void* rows;
    const std::uint32_t* members;        ///< rows in the order in which they enter
    const std::uint32_t* block_lengths;  ///< rows that enter before the next test
    const std::uint32_t* first_lengths;  ///< low rates: how many of them belong to the block's first zone
    std::size_t n_blocks;
    const std::uint32_t* thresholds;  ///< of each block; high rates: at least that, low rates: less
    std::size_t n_digits;             ///< of counters, from least_digits to most_digits
    /// High rates: how much more than the threshold is not worth a report. For each class of thresholds
    /// offset_digits vectors, a digit of all lanes in each.
    const void* offsets;
    const std::uint8_t* classes;  ///< of thresholds
    /// Called where counts meet their threshold in the lanes set: `digits` holds a vector for each place.
    void (*report)(void* self, std::size_t block, const void* lanes, const void* digits);
    void* self;
};
inline constexpr std::size_t least_digits = 8;
inline constexpr std::size_t most_digits = 32;
inline constexpr std::size_t offset_digits = 8;

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

    /// By direction: high, low.
    void (*direct8[2])(const DirectPass& pass, std::size_t n_counters);
    void (*direct16[2])(const DirectPass& pass, std::size_t n_counters);
    void (*bits[2])(const BitPass& pass);

    /// Adds up rows of counters: counter w becomes the sum of counters 0 to w. Saturates.
    void (*cumulate8)(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried);
    void (*cumulate16)(void* rows, std::size_t n_rows, std::size_t n_counters, void* carried);

    /// Adds the counts of sites to the totals; returns the lanes that overflowed.
    std::uint32_t (*accumulate)(const std::uint8_t* counts, std::size_t n_columns,
                                const std::uint32_t* members, std::size_t n_members, std::uint16_t* totals);
    void (*test)(const IntervalTest& test);

    void (*mark)(const Strip& strip);
};

const Kernels& kernels();

}  // namespace enteroscan::detail
