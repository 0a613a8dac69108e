#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/scan/scan.hpp"
#include "problems.hpp"

namespace enteroscan {
namespace {

Scan prospective_permutation(bool medium) {
    const Intervals intervals = open_intervals(365, 1, 30, 365);
    return medium ? bench::permutation_scan(1'000, 20'000, intervals)
                  : bench::permutation_scan(200, 5'000, intervals);
}

Scan retrospective_permutation(bool medium) {
    const Intervals intervals = all_intervals(365, 1, 30);
    return medium ? bench::permutation_scan(200, 5'000, intervals)
                  : bench::permutation_scan(50, 1'000, intervals);
}

Scan retrospective_poisson(bool medium) {
    const Intervals intervals = all_intervals(52, 1, 26);
    return medium ? bench::poisson_scan(500, 10'000, intervals) : bench::poisson_scan(100, 2'000, intervals);
}

Scan spatial_poisson(bool medium) {
    const Intervals intervals = whole_period(1);
    return medium ? bench::poisson_scan(3'000, 100'000, intervals)
                  : bench::poisson_scan(500, 10'000, intervals);
}

Scan spatial_bernoulli(bool medium) { return bench::bernoulli_scan(medium ? 5'000 : 1'000); }

void count_windows(benchmark::State& state, const Scan& scan, double n_scans) {
    state.counters["windows/s"] =
        benchmark::Counter(n_scans * bench::n_windows(scan), benchmark::Counter::kIsIterationInvariantRate);
}

void maximum(benchmark::State& state, Scan (*make)(bool)) {
    const Scan scan = make(state.range(0) != 0);
    for (auto _ : state) {
        RunControl control;
        benchmark::DoNotOptimize(scan.maximum(1, control));
    }
    count_windows(state, scan, 1.0);
}

std::vector<double> maxima_of(const Scan& scan, std::int64_t n_replicates) {
    RunControl control;
    return scan.simulate(0, n_replicates, bench::seed, RandomEngine::philox, 1, control);
}

/// 256 replicates; what is prepared once for a scan is not measured.
void simulate(benchmark::State& state, Scan (*make)(bool)) {
    constexpr std::int64_t n_replicates = 256;
    const Scan scan = make(state.range(0) != 0);
    maxima_of(scan, 1);
    for (auto _ : state) benchmark::DoNotOptimize(maxima_of(scan, n_replicates).data());
    count_windows(state, scan, static_cast<double>(n_replicates));
}

#define ENTEROSCAN_BENCH_SCAN(make)        \
    BENCHMARK_CAPTURE(maximum, make, make) \
        ->ArgName("medium")                \
        ->Arg(0)                           \
        ->Arg(1)                           \
        ->Unit(benchmark::kMillisecond);   \
    BENCHMARK_CAPTURE(simulate, make, make)->ArgName("medium")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)

ENTEROSCAN_BENCH_SCAN(prospective_permutation);
ENTEROSCAN_BENCH_SCAN(retrospective_permutation);
ENTEROSCAN_BENCH_SCAN(retrospective_poisson);
ENTEROSCAN_BENCH_SCAN(spatial_poisson);
ENTEROSCAN_BENCH_SCAN(spatial_bernoulli);

}  // namespace
}  // namespace enteroscan
