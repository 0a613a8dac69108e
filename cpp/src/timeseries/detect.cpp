#include "enteroscan/timeseries/detect.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/parallel.hpp"
#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

// Series that are judged between two looks at the clock: few enough for the slowest method.
constexpr std::size_t series_per_task = 8;

void check_shapes(std::span<const double> counts, std::size_t n_series, std::span<const double> population,
                  TimePoints points) {
    if (n_series == 0 ? !counts.empty() : counts.size() % n_series != 0)
        throw InvalidInput(std::to_string(counts.size()) + " counts cannot be " + std::to_string(n_series) +
                           " series of the same length");
    if (!population.empty() && population.size() != counts.size())
        throw InvalidInput("population has " + std::to_string(population.size()) + " values for " +
                           std::to_string(counts.size()) + " counts; give one for each");
    const std::size_t n_times = n_series == 0 ? points.end : counts.size() / n_series;
    if (points.begin > points.end || points.end > n_times)
        throw InvalidInput("points " + std::to_string(points.begin) + " to " + std::to_string(points.end) +
                           " are to be judged, but the series have " + std::to_string(n_times));
}

void check_counts(std::span<const double> counts, std::size_t series) {
    const auto bad =
        std::find_if(counts.begin(), counts.end(), [](double y) { return y < 0.0 || std::isinf(y); });
    if (bad != counts.end())
        throw InvalidInput("series " + std::to_string(series) + ", time point " +
                           std::to_string(bad - counts.begin()) + ": the count is " + std::to_string(*bad) +
                           "; counts must be 0 or more, or NaN where missing");
}

}  // namespace

void YearsBack::check(TimePoints points) const {
    if (points.size() > 0 && n_years > 0 &&
        (points.begin < first_point || points.end > first_point + n_rows()))
        throw InvalidInput("the positions of earlier years begin at point " + std::to_string(first_point) +
                           " and have " + std::to_string(n_rows()) + " rows; points " +
                           std::to_string(points.begin) + " to " + std::to_string(points.end) +
                           " are to be judged");
}

void detect(const Detector& detector, std::span<const double> counts, std::size_t n_series,
            std::span<const double> population, TimePoints points, int n_threads, RunControl& control,
            const JudgementReceiver& receive) {
    check_shapes(counts, n_series, population, points);
    if (n_series == 0 || points.size() == 0) return;
    const std::size_t n_times = counts.size() / n_series;
    const std::size_t n_tasks = (n_series + series_per_task - 1) / series_per_task;
    control.expect(n_series);
    parallel_for(n_tasks, resolve_threads(n_threads), control, [&](std::size_t task, std::size_t) {
        const std::size_t end = std::min(n_series, (task + 1) * series_per_task);
        std::vector<Judgement> judgements(points.size());
        for (std::size_t series = task * series_per_task; series < end; ++series) {
            const auto own = counts.subspan(series * n_times, n_times);
            check_counts(own, series);
            std::fill(judgements.begin(), judgements.end(), Judgement{});
            for (std::size_t i = 0; i < judgements.size(); ++i)
                judgements[i].observed = own[points.begin + i];
            detector.judge(
                {own, population.empty() ? population : population.subspan(series * n_times, n_times)},
                points, judgements, control);
            receive(series, judgements);
            control.check();
            control.advance(1);
        }
    });
}

}  // namespace enteroscan
