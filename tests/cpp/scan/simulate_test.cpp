#include "scan/simulate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "scan/batch.hpp"
#include "scan/problems.hpp"

namespace enteroscan {
namespace detail::baseline {
Kernels make_kernels();
}

namespace {

using testing::obvious_maximum;
using testing::Problem;
using testing::ProblemMaker;

constexpr std::uint64_t seed = 20240117;
constexpr std::int64_t n_replicates = 70;

std::vector<double> maxima(const Problem& problem, std::size_t n_threads, std::int64_t begin,
                           std::int64_t end, const detail::Kernels& kernels = detail::kernels()) {
    RunControl control;
    const Plan plan(*problem.model, *problem.zones, problem.intervals, n_threads, control);
    return simulate_maxima(plan, *problem.model, {begin, end, seed, RandomEngine::philox, n_threads, 0.0, 0},
                           control, kernels);
}

class EveryProblem : public ::testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Simulate, EveryProblem, ::testing::Range(0u, 40u));

TEST_P(EveryProblem, maxima_are_those_of_the_obvious_loops) {
    for (std::uint32_t i = 0; i < 25; ++i) {
        const std::uint32_t number = 1000 * GetParam() + i;
        const Problem problem = ProblemMaker(number).make();
        const std::vector<double> found = maxima(problem, 1, 0, n_replicates);
        const auto sampler =
            problem.model->sampler(seed, RandomEngine::philox, problem.intervals.earliest_start());
        std::vector<Cell> cells;
        for (std::size_t r = 0; r < found.size(); ++r) {
            sampler->draw(r, cells);
            const double expected = obvious_maximum(problem, cells);
            ASSERT_NEAR(found[r], expected, 1e-9 * (1.0 + expected))
                << "problem " << number << ", " << problem.text << ", replicate " << r;
        }
    }
}

TEST_P(EveryProblem, maxima_are_the_same_bits_however_they_are_computed) {
    for (std::uint32_t i = 0; i < 25; ++i) {
        const std::uint32_t number = 1000 * GetParam() + i;
        const Problem problem = ProblemMaker(number).make();
        const std::vector<double> found = maxima(problem, 1, 0, n_replicates);
        ASSERT_EQ(found, maxima(problem, 3, 0, n_replicates)) << number;
        ASSERT_EQ(found, maxima(problem, 1, 0, n_replicates, detail::baseline::make_kernels())) << number;
        std::vector<double> parts = maxima(problem, 2, 0, 11);
        const std::vector<double> rest = maxima(problem, 1, 11, n_replicates);
        parts.insert(parts.end(), rest.begin(), rest.end());
        ASSERT_EQ(found, parts) << number;
    }
}

TEST(Simulate, walking_gives_the_same_bits) {
    for (std::uint32_t number = 0; number < 300; ++number) {
        const Problem problem = ProblemMaker(number).make();
        RunControl control;
        const Plan plan(*problem.model, *problem.zones, problem.intervals, 1, control);
        const std::vector<double> found = maxima(problem, 1, 0, n_replicates);
        const auto sampler = problem.model->sampler(seed, RandomEngine::philox, plan.first_interval());
        for (std::size_t r = 0; r < found.size(); ++r) {
            Batch batch(plan, problem.model->rates());
            batch.reset(std::vector<std::size_t>{r},
                        [&](std::size_t name, std::vector<Cell>& cells) { sampler->draw(name, cells); });
            batch.walk_all(0, control);
            ASSERT_EQ(found[r], batch.best(0))
                << "problem " << number << ", " << problem.text << ", replicate " << r;
        }
    }
}

/// Points, most of which are one individual: counted in bits, in blocks of many.
TEST(Simulate, maxima_of_many_individuals_are_those_of_the_obvious_loops) {
    for (const Rates rates : {Rates::high, Rates::low, Rates::both}) {
        std::mt19937 random(7);
        std::uniform_real_distribution<> uniform;
        constexpr std::int32_t n_locations = 400;
        std::vector<double> coordinates;
        std::vector<CaseRow> cases;
        std::vector<CaseRow> controls;
        SizeLimit half{{}, 260.0};
        for (std::int32_t l = 0; l < n_locations; ++l) {
            coordinates.push_back(uniform(random));
            coordinates.push_back(uniform(random));
            const std::int64_t individuals =
                uniform(random) < 0.8 ? 1 : 1 + static_cast<int>(4 * uniform(random));
            for (std::int64_t i = 0; i < individuals; ++i)
                (uniform(random) < 0.3 ? cases : controls).push_back({l, 0, 1, 0});
            half.weights.push_back(static_cast<double>(individuals));
        }
        const Points points(coordinates, 2, Metric::cartesian);
        const ZoneLimits limits{{half}, 0.4};
        Problem problem{bernoulli(cases, controls, n_locations, 1, {.rates = rates}),
                        circles(points, points, limits, limits), whole_period(1), "many individuals"};
        const std::vector<double> found = maxima(problem, 1, 0, 300);
        EXPECT_EQ(found, maxima(problem, 2, 0, 300, detail::baseline::make_kernels()));
        const auto sampler = problem.model->sampler(seed, RandomEngine::philox, 0);
        std::vector<Cell> cells;
        for (std::size_t r = 0; r < found.size(); r += 29) {
            sampler->draw(r, cells);
            const double expected = obvious_maximum(problem, cells);
            ASSERT_NEAR(found[r], expected, 1e-9 * (1.0 + expected)) << "replicate " << r;
        }
    }
}

TEST(Simulate, stops_after_the_replicate_that_decides) {
    const Problem problem = ProblemMaker(4).make();
    RunControl control;
    const Plan plan(*problem.model, *problem.zones, problem.intervals, 1, control);
    const std::vector<double> all = maxima(problem, 1, 0, 500);
    std::vector<double> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    const double above = sorted[250];
    std::size_t stop = 0;
    for (int exceeding = 0; exceeding < 5; ++stop) exceeding += all[stop] > above ? 1 : 0;
    for (const std::size_t n_threads : {1u, 2u, 3u}) {
        const std::vector<double> some = simulate_maxima(
            plan, *problem.model, {0, 500, seed, RandomEngine::philox, n_threads, above, 5}, control);
        EXPECT_EQ(some, std::vector<double>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(stop)));
    }
}

TEST(Simulate, cancels) {
    const Problem problem = ProblemMaker(4).make();
    RunControl control;
    const Plan plan(*problem.model, *problem.zones, problem.intervals, 1, control);
    control.cancel();
    EXPECT_THROW(
        simulate_maxima(plan, *problem.model, {0, 500, seed, RandomEngine::philox, 2, 0.0, 0}, control),
        Cancelled);
}

/// At whatever moment: nobody goes on waiting for counts that another thread was about to lay out.
TEST(Simulate, cancels_while_threads_wait_for_each_other) {
    const Problem problem = ProblemMaker(4).make();
    RunControl unhindered;
    const Plan plan(*problem.model, *problem.zones, problem.intervals, 1, unhindered);
    int n_cancelled = 0;
    for (int i = 0; i < 60; ++i) {
        RunControl control;
        std::jthread other([&control, i] {
            std::this_thread::sleep_for(std::chrono::microseconds(50 * i));
            control.cancel();
        });
        try {
            simulate_maxima(plan, *problem.model, {0, 20'000, seed, RandomEngine::philox, 3, 0.0, 0},
                            control);
        } catch (const Cancelled&) {
            ++n_cancelled;
        }
    }
    EXPECT_GT(n_cancelled, 0);
}

}  // namespace
}  // namespace enteroscan
