#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "enteroscan/base/random.hpp"

namespace enteroscan {
namespace {

void random_next(benchmark::State& state) {
    RandomStream random(1, 0, 0);
    for (auto _ : state) benchmark::DoNotOptimize(random.next());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(random_next);

void random_below(benchmark::State& state) {
    RandomStream random(1, 0, 0);
    const auto bound = static_cast<std::uint32_t>(state.range(0));
    for (auto _ : state) benchmark::DoNotOptimize(random.below(bound));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(random_below)->Arg(1'000)->Arg(3'000'000'000);

void random_binomial(benchmark::State& state) {
    RandomStream random(1, 0, 0);
    const std::int64_t n = state.range(0);
    for (auto _ : state) benchmark::DoNotOptimize(random.binomial(n, 0.01));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(random_binomial)->Arg(100)->Arg(100'000);

void alias_table_draw(benchmark::State& state) {
    const std::vector<double> weights(static_cast<std::size_t>(state.range(0)), 1.0);
    const AliasTable table(weights);
    RandomStream random(1, 0, 0);
    for (auto _ : state) benchmark::DoNotOptimize(table.draw(random));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(alias_table_draw)->Arg(100)->Arg(50'000);

}  // namespace
}  // namespace enteroscan
