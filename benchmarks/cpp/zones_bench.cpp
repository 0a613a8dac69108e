#include <benchmark/benchmark.h>

#include <cstddef>
#include <vector>

#include "enteroscan/windows/zones.hpp"
#include "problems.hpp"

namespace enteroscan {
namespace {

void neighbourhood(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto zones = bench::half_circles(n, std::vector<double>(n, 1.0));
    Neighbourhood around;
    std::size_t centre = 0;
    for (auto _ : state) {
        zones->neighbourhood(centre, around);
        benchmark::DoNotOptimize(around.members.data());
        centre = (centre + 1) % n;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(neighbourhood)->Arg(200)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace enteroscan
