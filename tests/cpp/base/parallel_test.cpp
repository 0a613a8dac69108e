#include "base/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "enteroscan/base/error.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace enteroscan {
namespace {

constexpr std::size_t thread_counts[] = {1, 2, 3, 8};

TEST(ParallelFor, DoesEveryTaskOnce) {
    for (const std::size_t n_threads : thread_counts) {
        for (const std::size_t n_tasks : {0u, 1u, 2u, 7u, 10'000u}) {
            std::vector<std::atomic<int>> times(n_tasks);
            parallel_for(n_tasks, n_threads, RunControl(),
                         [&](std::size_t task, std::size_t) { ++times.at(task); });
            for (const auto& n : times) ASSERT_EQ(n.load(), 1);
        }
    }
}

TEST(ParallelFor, GivesAWorkerToOneCallAtATime) {
    for (const std::size_t n_threads : thread_counts) {
        std::vector<std::atomic<bool>> busy(n_threads);
        std::vector<std::size_t> scratch(n_threads);  // not atomic: ThreadSanitizer watches it
        std::atomic<int> collisions{0};
        parallel_for(5000, n_threads, RunControl(), [&](std::size_t, std::size_t worker) {
            if (busy.at(worker).exchange(true)) ++collisions;
            for (int i = 0; i < 200; ++i) ++scratch[worker];
            busy[worker] = false;
        });
        EXPECT_EQ(collisions.load(), 0);
        std::size_t sum = 0;
        for (const std::size_t n : scratch) sum += n;
        EXPECT_EQ(sum, 5000u * 200u);
    }
}

TEST(ParallelFor, UsesTheCallingThreadAloneIfThereIsOne) {
    const auto main_thread = std::this_thread::get_id();
    std::vector<std::size_t> order;
    parallel_for(100, 1, RunControl(), [&](std::size_t task, std::size_t worker) {
        EXPECT_EQ(std::this_thread::get_id(), main_thread);
        EXPECT_EQ(worker, 0u);
        order.push_back(task);
    });
    for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
    EXPECT_EQ(order.size(), 100u);
}

#if !defined(ENTEROSCAN_THREADS_SERIAL)
TEST(ParallelFor, RunsTasksAtTheSameTime) {
    if (resolve_threads(0) < 2) GTEST_SKIP() << "needs two processors";
    std::atomic<int> started{0};
    std::atomic<int> met{0};
    parallel_for(2, 2, RunControl(), [&](std::size_t, std::size_t) {
        ++started;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (started < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        if (started == 2) ++met;
    });
    EXPECT_EQ(met.load(), 2);
}
#endif

TEST(ParallelFor, RethrowsTheFailureOfTheFirstTask) {
    for (const std::size_t n_threads : thread_counts) {
        for (int repeat = 0; repeat < 50; ++repeat) {
            std::string text;
            std::atomic<int> running{0};
            try {
                parallel_for(1000, n_threads, RunControl(), [&](std::size_t task, std::size_t) {
                    ++running;
                    if (task % 2 == 1) std::this_thread::yield();
                    --running;
                    if (task >= 101) throw std::runtime_error(std::to_string(task));
                });
            } catch (const std::runtime_error& error) {
                text = error.what();
            }
            ASSERT_EQ(text, "101") << n_threads;
            ASSERT_EQ(running.load(), 0);
        }
    }
}

TEST(ParallelFor, StartsNothingAfterAFailure) {
    std::size_t calls = 0;
    EXPECT_THROW(parallel_for(1000, 1, RunControl(),
                              [&](std::size_t task, std::size_t) {
                                  ++calls;
                                  if (task == 100) throw InvalidInput("bad");
                              }),
                 InvalidInput);
    EXPECT_EQ(calls, 101u);
}

TEST(ParallelFor, StopsAtOnceIfCancelledBefore) {
    for (const std::size_t n_threads : thread_counts) {
        RunControl control;
        control.cancel();
        std::atomic<int> calls{0};
        EXPECT_THROW(parallel_for(1000, n_threads, control, [&](std::size_t, std::size_t) { ++calls; }),
                     Cancelled);
        EXPECT_EQ(calls.load(), 0);
    }
}

TEST(ParallelFor, StopsWhenCancelledFromAnotherThread) {
    for (const std::size_t n_threads : thread_counts) {
        RunControl control;
        std::thread canceller([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            control.cancel();
        });
        std::atomic<std::size_t> calls{0};
        // Would take centuries.
        EXPECT_THROW(parallel_for(std::numeric_limits<std::size_t>::max() / 2, n_threads, control,
                                  [&](std::size_t, std::size_t) { ++calls; }),
                     Cancelled);
        canceller.join();
    }
}

TEST(ResolveThreads, TakesAPositiveNumberAsItIs) {
    EXPECT_EQ(resolve_threads(1), 1u);
    EXPECT_EQ(resolve_threads(1000), 1000u);
}

TEST(ResolveThreads, RefusesANegativeNumber) { EXPECT_THROW(resolve_threads(-1), InvalidInput); }

TEST(ResolveThreads, CountsTheProcessorsOfThisProcess) {
    EXPECT_GE(resolve_threads(0), 1u);
#if defined(__linux__)
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    EXPECT_EQ(resolve_threads(0), static_cast<std::size_t>(CPU_COUNT(&all)));
    std::size_t first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(resolve_threads(0), 1u);
    ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
#endif
}

}  // namespace
}  // namespace enteroscan
