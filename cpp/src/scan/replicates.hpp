#pragma once
// Greatest statistics of many replicates, found faster by a level that most of them reach.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "enteroscan/base/run_control.hpp"

namespace enteroscan {

/// Replicates begin, ..., end - 1.
struct ReplicateRange {
    std::uint64_t begin;
    std::uint64_t end;
};

/// Replicates that find the next level, and the share of their least maximum that it is.
struct Pilot {
    std::size_t n_replicates;
    double share;
};
inline constexpr std::array<Pilot, 2> pilots{{{2, 0.75}, {16, 0.95}}};
inline constexpr std::size_t replicates_in_task = 8;

/// @param limits_at    what a window must have to reach a level; for level 0 nothing is left out
/// @param make_worker  makes a function of replicate and limits, once for each thread; it returns the
/// greatest
///                     statistic, whatever the limits leave out
template <class Limits, class LimitsAt, class MakeWorker>
std::vector<double> replicate_maxima(ReplicateRange range, int n_threads, RunControl& control,
                                     LimitsAt limits_at, MakeWorker make_worker) {
    const auto n = static_cast<std::size_t>(range.end > range.begin ? range.end - range.begin : 0);
    std::vector<double> maxima(n);
    if (n == 0) return maxima;
    control.expect(n);
    std::vector<std::optional<decltype(make_worker())>> workers(resolve_threads(n_threads));
    const auto run = [&](std::size_t from, std::size_t to, const Limits& limits) {
        const std::size_t n_tasks = (to - from + replicates_in_task - 1) / replicates_in_task;
        parallel_for(n_tasks, workers.size(), control, [&](std::size_t task, std::size_t number) {
            auto& worker = workers[number];
            if (!worker) worker.emplace(make_worker());
            const auto first = from + task * replicates_in_task;
            const auto last = std::min(to, first + replicates_in_task);
            for (auto i = first; i < last; ++i) {
                control.check();
                maxima[i] = (*worker)(range.begin + i, limits);
                control.advance(1);
            }
        });
    };
    std::size_t done = 0;
    double level = 0.0;
    for (const auto& pilot : pilots) {
        const auto to = std::min(n, done + pilot.n_replicates);
        if (to == done) break;
        run(done, to, limits_at(level));
        const auto found = std::span(maxima).first(to);
        level = pilot.share * *std::min_element(found.begin(), found.end());
        done = to;
    }
    run(done, n, limits_at(level));
    return maxima;
}

}  // namespace enteroscan
