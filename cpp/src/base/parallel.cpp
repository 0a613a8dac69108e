#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"

#if defined(ENTEROSCAN_THREADS_TBB)
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
#elif !defined(ENTEROSCAN_THREADS_STD) && !defined(ENTEROSCAN_THREADS_SERIAL)
#error "ENTEROSCAN_THREADS_TBB, _STD or _SERIAL must be defined"
#endif

#if defined(__linux__)
#include <sched.h>
#endif

namespace enteroscan {
namespace {

using Body = std::function<void(std::size_t, std::size_t)>;

// The tasks of one parallel_for. Several workers pull from it at the same time.
class Tasks {
  public:
    Tasks(std::size_t n_tasks, const RunControl& control, const Body& body)
        : n_tasks_(n_tasks), control_(control), body_(body) {}

    // Does tasks until there are none left or one has failed. Does not throw.
    void work(std::size_t worker) noexcept {
        while (!failed_.load(std::memory_order_relaxed)) {
            const std::size_t task = next_.fetch_add(1, std::memory_order_relaxed);
            if (task >= n_tasks_) return;
            try {
                control_.check();
                body_(task, worker);
            } catch (...) {
                fail(task, std::current_exception());
            }
        }
    }

    void rethrow_failure() const {
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    // All tasks before a failed one have started and will end. Hence the first of the failures, in the order
    // of tasks, does not depend on the number of threads.
    void fail(std::size_t task, std::exception_ptr failure) noexcept {
        const std::lock_guard lock(mutex_);
        if (task < failed_task_) {
            failed_task_ = task;
            failure_ = std::move(failure);
        }
        failed_.store(true, std::memory_order_relaxed);
    }

    std::size_t n_tasks_;
    const RunControl& control_;
    const Body& body_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::size_t failed_task_ = std::numeric_limits<std::size_t>::max();
    std::exception_ptr failure_;
};

// Has work(0), work(1), ... done at the same time, by as many workers as there are threads for.
#if defined(ENTEROSCAN_THREADS_TBB)

void run_workers(Tasks& tasks, std::size_t n_wanted) {
    // TBB has this many threads, and writes a warning to the standard error if asked for more.
    const auto n_threads = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
    const std::size_t n_workers = std::min(n_wanted, n_threads);
    tbb::task_arena arena(static_cast<int>(n_workers));
    arena.execute([&] {
        tbb::task_group group;
        for (std::size_t worker = 1; worker < n_workers; ++worker)
            group.run([&tasks, worker] { tasks.work(worker); });
        tasks.work(0);
        group.wait();
    });
}

#elif defined(ENTEROSCAN_THREADS_STD)

void run_workers(Tasks& tasks, std::size_t n_workers) {
    std::vector<std::jthread> threads;  // joined at the end of the scope
    threads.reserve(n_workers - 1);
    for (std::size_t worker = 1; worker < n_workers; ++worker)
        threads.emplace_back([&tasks, worker] { tasks.work(worker); });
    tasks.work(0);
}

#else

void run_workers(Tasks& tasks, std::size_t) { tasks.work(0); }

#endif

std::size_t available_processors() noexcept {
#if defined(__linux__)
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) == 0)
        return static_cast<std::size_t>(CPU_COUNT(&processors));
#endif
    return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

std::size_t resolve_threads(int requested) {
    if (requested < 0)
        throw InvalidInput("the number of threads is " + std::to_string(requested) +
                           "; give a positive number, or 0 for all processors");
    return requested == 0 ? available_processors() : static_cast<std::size_t>(requested);
}

void parallel_for(std::size_t n_tasks, std::size_t n_threads, const RunControl& control,
                  const std::function<void(std::size_t task, std::size_t worker)>& body) {
    Tasks tasks(n_tasks, control, body);
    const std::size_t n_workers = std::min(n_tasks, n_threads);
    if (n_workers > 1) {
        run_workers(tasks, n_workers);
    } else {
        tasks.work(0);
    }
    tasks.rethrow_failure();
}

}  // namespace enteroscan
