#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/timeseries/historical.hpp"
#include "timeseries/moments.hpp"

namespace enteroscan {

/// Collects the comparable counts of a point. False if the series does not reach back so far.
inline bool collect_reference(std::span<const double> counts, std::size_t t, const ReferenceOptions& options,
                              std::vector<double>& reference) {
    reference.clear();
    const auto add = [&](std::int64_t from, std::int64_t to) {
        if (from < 0 || std::cmp_greater(to, counts.size())) return false;
        for (auto i = from; i < to; ++i) {
            const double count = counts[static_cast<std::size_t>(i)];
            if (!std::isnan(count)) reference.push_back(count);
        }
        return true;
    };
    const auto now = static_cast<std::int64_t>(t);
    const auto half = static_cast<std::int64_t>(options.half_window);
    if (options.current_year && !add(now - half, now)) return false;
    for (std::size_t year = 1; year <= options.years.n_years; ++year) {
        const std::int64_t then = options.years(t, year);
        if (then == YearsBack::missing || !add(then - half, then + half + 1)) return false;
    }
    return !reference.empty();
}

/// Judges points one by one with the moments of their comparable counts: judge(moments, judgement).
template <typename Judge>
void judge_by_reference(const Series& series, TimePoints points, std::span<Judgement> judgements,
                        const ReferenceOptions& options, Judge judge) {
    options.years.check(points);
    std::vector<double> reference;
    for (std::size_t i = 0; i < judgements.size(); ++i) {
        Judgement& result = judgements[i];
        if (!collect_reference(series.counts, points.begin + i, options, reference)) {
            result.reason = Reason::too_little_history;
            continue;
        }
        if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        judge(moments_of(reference), result);
        result.alarm = result.observed > result.upper_bound;
    }
}

inline void check_reference(const ReferenceOptions& options) {
    if (!options.current_year && options.years.n_years == 0)
        throw InvalidInput("no reference points: give years back, or use those of the current year");
    if (options.current_year && options.half_window == 0 && options.years.n_years == 0)
        throw InvalidInput("half_window = 0 leaves no reference points in the current year");
}

}  // namespace enteroscan
