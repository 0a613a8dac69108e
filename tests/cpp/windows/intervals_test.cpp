#include "enteroscan/windows/intervals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Windows = std::set<std::pair<std::int32_t, std::int32_t>>;  // start, end

/// All windows of the study period that `wanted(start, end)`.
Windows windows(std::int32_t n_intervals, const std::function<bool(std::int32_t, std::int32_t)>& wanted) {
    Windows result;
    for (std::int32_t start = 0; start < n_intervals; ++start) {
        for (std::int32_t end = start + 1; end <= n_intervals; ++end) {
            if (wanted(start, end)) result.emplace(start, end);
        }
    }
    return result;
}

/// Checks every member of `intervals` against the list of windows that it should stand for.
void expect_windows(const Intervals& intervals, const Windows& expected) {
    const std::int32_t n = intervals.n_intervals();
    for (std::int32_t start = -2; start <= n + 1; ++start) {
        for (std::int32_t end = -2; end <= n + 2; ++end) {
            EXPECT_EQ(intervals.contains(start, end), expected.contains({start, end})) << start << " " << end;
        }
    }
    EXPECT_EQ(intervals.size(), static_cast<std::int64_t>(expected.size()));
    EXPECT_EQ(intervals.earliest_start(), expected.begin()->first);
    EXPECT_EQ(intervals.common_end(), std::all_of(expected.begin(), expected.end(), [&](const auto& window) {
                  return window.second == expected.begin()->second;
              }));
    EXPECT_TRUE(std::is_sorted(intervals.runs().begin(), intervals.runs().end(),
                               [](const auto& a, const auto& b) { return a.length < b.length; }));
}

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const InvalidInput& error) {
        return error.what();
    }
    return "no error";
}

TEST(IntervalsTest, WholePeriodIsOneWindow) {
    expect_windows(whole_period(12), {{0, 12}});
    EXPECT_TRUE(whole_period(12).common_end());
}

TEST(IntervalsTest, AllIntervalsHaveTheLengthsAskedFor) {
    for (const auto& [min, max] : {std::pair{1, 1}, {1, 10}, {3, 5}, {10, 10}}) {
        expect_windows(all_intervals(10, min, max), windows(10, [&](auto start, auto end) {
                           return end - start >= min && end - start <= max;
                       }));
    }
}

TEST(IntervalsTest, OpenIntervalsEndWithTheStudyPeriod) {
    const Intervals open = open_intervals(30, 2, 7, 30);
    expect_windows(open, windows(30, [](auto start, auto end) {
                       return end == 30 && end - start >= 2 && end - start <= 7;
                   }));
    EXPECT_TRUE(open.common_end());
    EXPECT_EQ(open.earliest_start(), 23);
}

TEST(IntervalsTest, OpenIntervalsOfEarlierAnalysesEndWithThem) {
    for (const std::int32_t first_end : {1, 4, 9, 10}) {
        expect_windows(open_intervals(10, 2, 6, first_end), windows(10, [&](auto start, auto end) {
                           return end >= first_end && end - start >= 2 && end - start <= 6;
                       }));
    }
}

TEST(IntervalsTest, MergesRunsThatOverlapOrTouch) {
    const Intervals intervals(20, {{.length = 3, .first_start = 9, .last_start = 10},
                                   {.length = 1, .first_start = 0, .last_start = 0},
                                   {.length = 3, .first_start = 2, .last_start = 5},
                                   {.length = 3, .first_start = 6, .last_start = 7},
                                   {.length = 3, .first_start = 3, .last_start = 4}});
    EXPECT_THAT(intervals.runs(), ElementsAre(IntervalRun{.length = 1, .first_start = 0, .last_start = 0},
                                              IntervalRun{.length = 3, .first_start = 2, .last_start = 7},
                                              IntervalRun{.length = 3, .first_start = 9, .last_start = 10}));
}

TEST(IntervalsTest, RandomRunsStandForTheirWindows) {
    std::mt19937 random(7);
    const auto below = [&](std::int32_t n) {
        return std::uniform_int_distribution<std::int32_t>(0, n - 1)(random);
    };
    for (int repetition = 0; repetition < 300; ++repetition) {
        const std::int32_t n = 1 + below(12);
        Windows expected;
        std::vector<IntervalRun> runs;
        for (std::int32_t r = 1 + below(6); r > 0; --r) {
            const std::int32_t length = 1 + below(std::min(n, 3));
            const std::int32_t first = below(n - length + 1);
            const std::int32_t last = first + below(n - length - first + 1);
            runs.push_back({.length = length, .first_start = first, .last_start = last});
            for (std::int32_t start = first; start <= last; ++start) expected.emplace(start, start + length);
        }
        expect_windows(Intervals(n, runs), expected);
    }
}

TEST(IntervalsTest, CountsMoreWindowsThanFitInto32Bits) {
    EXPECT_EQ(all_intervals(100'000, 1, 100'000).size(), 5'000'050'000);
}

TEST(IntervalsTest, RejectsWindowsOutsideTheStudyPeriod) {
    EXPECT_THAT(message_of([] { Intervals(0, {{.length = 1, .first_start = 0, .last_start = 0}}); }),
                HasSubstr("at least one interval, got 0"));
    EXPECT_THAT(message_of([] { Intervals(5, {}); }), HasSubstr("at least one window"));
    constexpr std::int32_t greatest = 2'147'483'647;
    for (const IntervalRun run :
         {IntervalRun{.length = 0, .first_start = 0, .last_start = 0},
          IntervalRun{.length = 1, .first_start = -1, .last_start = 0},
          IntervalRun{.length = 1, .first_start = 3, .last_start = 2},
          IntervalRun{.length = 2, .first_start = 0, .last_start = 4},
          IntervalRun{.length = greatest, .first_start = 0, .last_start = greatest}}) {
        EXPECT_THAT(message_of([&] { Intervals(5, {run}); }), HasSubstr("study period of 5"));
    }
}

TEST(IntervalsTest, RejectsLengthsOutsideTheStudyPeriod) {
    for (const auto& [min, max] : {std::pair{0, 3}, {4, 3}, {1, 11}, {-2, -1}}) {
        EXPECT_THAT(message_of([&] { all_intervals(10, min, max); }), HasSubstr("minimum"));
        EXPECT_THAT(message_of([&] { open_intervals(10, min, max, 10); }), HasSubstr("maximum"));
    }
    for (const std::int32_t first_end : {0, 11}) {
        EXPECT_THAT(message_of([&] { open_intervals(10, 1, 3, first_end); }), HasSubstr("[1, 10]"));
    }
    EXPECT_THAT(message_of([] { whole_period(0); }), HasSubstr("got 0"));
}

}  // namespace
}  // namespace enteroscan
