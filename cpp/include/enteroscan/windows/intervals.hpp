#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace enteroscan {

/// Windows [start, start + length) for every start from first_start to last_start. Times are numbers of
/// intervals since the start of the study period.
struct IntervalRun {
    std::int32_t length;
    std::int32_t first_start;
    std::int32_t last_start;

    friend bool operator==(const IntervalRun&, const IntervalRun&) = default;
};

/// When we look: a set of windows in time. Immutable.
class Intervals {
  public:
    /// @param n_intervals  length of the study period
    /// @param runs  in any order; none may leave the study period, none may be empty. They are kept in
    ///              ascending order of length, with overlapping or touching runs of one length merged.
    /// @throws InvalidInput
    Intervals(std::int32_t n_intervals, std::vector<IntervalRun> runs);

    std::int32_t n_intervals() const noexcept { return n_intervals_; }
    std::span<const IntervalRun> runs() const noexcept { return runs_; }

    bool contains(std::int32_t start, std::int32_t end) const noexcept;
    /// Number of windows.
    std::int64_t size() const noexcept;
    /// Earliest start of all windows: what happened before is only known by its total.
    std::int32_t earliest_start() const noexcept;
    /// Whether all windows end together.
    bool common_end() const noexcept;

  private:
    std::int32_t n_intervals_;
    std::vector<IntervalRun> runs_;
};

/// The whole study period as the only window: a purely spatial scan.
Intervals whole_period(std::int32_t n_intervals);

/// Every window of min_length to max_length intervals: a retrospective scan.
Intervals all_intervals(std::int32_t n_intervals, std::int32_t min_length, std::int32_t max_length);

/// Windows that end with the study period: what is still going on. With `first_end` below n_intervals,
/// windows that were open at the end of first_end, first_end + 1, ... n_intervals as well: the windows
/// of all analyses made since then, to adjust for them.
Intervals open_intervals(std::int32_t n_intervals, std::int32_t min_length, std::int32_t max_length,
                         std::int32_t first_end);

}  // namespace enteroscan
