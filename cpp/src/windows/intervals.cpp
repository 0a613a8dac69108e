#include "enteroscan/windows/intervals.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

std::int64_t last_end(const IntervalRun& run) { return std::int64_t{run.last_start} + run.length; }

void check_n_intervals(std::int32_t n_intervals) {
    if (n_intervals >= 1) return;
    std::ostringstream text;
    text << "the study period must have at least one interval, got " << n_intervals;
    throw InvalidInput(text.str());
}

void check_run(const IntervalRun& run, std::int32_t n_intervals) {
    const bool valid = run.length >= 1 && run.first_start >= 0 && run.last_start >= run.first_start &&
                       last_end(run) <= n_intervals;
    if (valid) return;
    std::ostringstream text;
    text << "windows of length " << run.length << " that start from " << run.first_start << " to "
         << run.last_start << " must be non-empty and lie within the study period of " << n_intervals
         << " intervals";
    throw InvalidInput(text.str());
}

void check_lengths(std::int32_t n_intervals, std::int32_t min_length, std::int32_t max_length) {
    check_n_intervals(n_intervals);
    if (min_length >= 1 && min_length <= max_length && max_length <= n_intervals) return;
    std::ostringstream text;
    text << "lengths of windows must satisfy 1 <= minimum <= maximum <= study period, got minimum "
         << min_length << ", maximum " << max_length << " and a study period of " << n_intervals
         << " intervals";
    throw InvalidInput(text.str());
}

/// Merges runs of one length that overlap or touch. `runs` are sorted.
std::vector<IntervalRun> merged(const std::vector<IntervalRun>& runs) {
    std::vector<IntervalRun> result;
    for (const IntervalRun& run : runs) {
        const bool joins = !result.empty() && result.back().length == run.length &&
                           run.first_start - 1 <= result.back().last_start;
        if (joins) {
            result.back().last_start = std::max(result.back().last_start, run.last_start);
        } else {
            result.push_back(run);
        }
    }
    return result;
}

}  // namespace

Intervals::Intervals(std::int32_t n_intervals, std::vector<IntervalRun> runs) : n_intervals_(n_intervals) {
    check_n_intervals(n_intervals);
    if (runs.empty()) throw InvalidInput("there must be at least one window in time, got none");
    for (const IntervalRun& run : runs) check_run(run, n_intervals);
    std::sort(runs.begin(), runs.end(), [](const IntervalRun& a, const IntervalRun& b) {
        return std::tie(a.length, a.first_start) < std::tie(b.length, b.first_start);
    });
    runs_ = merged(runs);
}

bool Intervals::contains(std::int32_t start, std::int32_t end) const noexcept {
    const std::int64_t length = std::int64_t{end} - start;
    const auto after = std::partition_point(runs_.begin(), runs_.end(), [&](const IntervalRun& run) {
        return std::pair<std::int64_t, std::int32_t>(run.length, run.first_start) <= std::pair(length, start);
    });
    if (after == runs_.begin()) return false;
    const IntervalRun& run = *(after - 1);
    return run.length == length && start <= run.last_start;
}

std::int64_t Intervals::size() const noexcept {
    std::int64_t n = 0;
    for (const IntervalRun& run : runs_) n += std::int64_t{run.last_start} - run.first_start + 1;
    return n;
}

std::int32_t Intervals::earliest_start() const noexcept {
    std::int32_t earliest = n_intervals_;
    for (const IntervalRun& run : runs_) earliest = std::min(earliest, run.first_start);
    return earliest;
}

bool Intervals::common_end() const noexcept {
    const std::int64_t end = last_end(runs_.front());
    return std::all_of(runs_.begin(), runs_.end(), [&](const IntervalRun& run) {
        return run.first_start == run.last_start && last_end(run) == end;
    });
}

Intervals whole_period(std::int32_t n_intervals) {
    return {n_intervals, {{.length = n_intervals, .first_start = 0, .last_start = 0}}};
}

Intervals all_intervals(std::int32_t n_intervals, std::int32_t min_length, std::int32_t max_length) {
    return open_intervals(n_intervals, min_length, max_length, 1);
}

Intervals open_intervals(std::int32_t n_intervals, std::int32_t min_length, std::int32_t max_length,
                         std::int32_t first_end) {
    check_lengths(n_intervals, min_length, max_length);
    if (first_end < 1 || first_end > n_intervals) {
        std::ostringstream text;
        text << "the first end of windows must lie in [1, " << n_intervals << "], got " << first_end;
        throw InvalidInput(text.str());
    }
    std::vector<IntervalRun> runs;
    for (std::int32_t length = min_length; length <= max_length; ++length) {
        runs.push_back({.length = length,
                        .first_start = std::max(first_end - length, 0),
                        .last_start = n_intervals - length});
    }
    return {n_intervals, std::move(runs)};
}

}  // namespace enteroscan
