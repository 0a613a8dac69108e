#include "run.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace enteroscan::python {

namespace py = pybind11;

namespace {

constexpr std::chrono::milliseconds time_between_checks{20};

long process_id() {
#ifdef _WIN32
    return _getpid();
#else
    return getpid();
#endif
}

/// A computation on a thread of its own.
class Job {
  public:
    explicit Job(const std::function<void(RunControl&)>& work) : thread_([this, &work] { run(work); }) {}
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() {
        control_.cancel();
        if (thread_.joinable()) thread_.join();
    }

    bool wait_for(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex_);
        return ended_.wait_for(lock, time, [this] { return has_ended_; });
    }

    double progress() const noexcept { return control_.progress(); }

    /// Waits for the end; throws what the computation threw.
    void finish() {
        thread_.join();
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    void run(const std::function<void(RunControl&)>& work) {
        try {
            work(control_);
        } catch (...) {
            failure_ = std::current_exception();
        }
        const std::scoped_lock lock(mutex_);
        has_ended_ = true;
        ended_.notify_one();
    }

    RunControl control_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool has_ended_ = false;
    std::exception_ptr failure_;
    std::thread thread_;  // last: it uses the others
};

std::atomic<int> n_running{0};
std::atomic<bool> exiting{false};

/// A call that Python's exit has to wait for.
class Call {
  public:
    Call() { ++n_running; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { --n_running; }
};

/// Needs the GIL.
void report(const py::object& progress, double share) {
    if (exiting) {
        PyErr_SetNone(PyExc_SystemExit);  // ends a Python thread without a word
        throw py::error_already_set();
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress.is_none()) progress(share);
}

/// Throws in a process that was forked after threads had been started, and notes that this one starts them.
/// A single thread needs no others and may always be used.
void check_fork(int n_threads) {
    static std::atomic<long> threads_started_in{0};
    if (n_threads == 1) return;
    const long here = process_id();
    long before = 0;
    if (threads_started_in.compare_exchange_strong(before, here) || before == here) return;
    throw std::runtime_error(
        "enteroscan was used with several threads and the process was then forked; threads do not "
        "survive that. Start worker processes with the 'spawn' or 'forkserver' method "
        "(multiprocessing.get_context), or use n_jobs=1");
}

}  // namespace

void cancel_at_exit() {
    constexpr std::chrono::milliseconds step{1};
    constexpr int most_steps = 2000;  // a forked process has the number of its parent
    const auto cancel = [=] {
        const py::gil_scoped_release without_gil;
        exiting = true;
        for (int i = 0; i < most_steps && n_running > 0; ++i) std::this_thread::sleep_for(step);
    };
    py::module_::import("atexit").attr("register")(py::cpp_function(cancel));
}

void run_interruptibly(int n_threads, const py::object& progress,
                       const std::function<void(RunControl&)>& work) {
    check_fork(n_threads);
    const Call call;
    {
        const py::gil_scoped_release without_gil;
        Job job(work);
        while (!job.wait_for(time_between_checks)) {
            const py::gil_scoped_acquire with_gil;
            report(progress, job.progress());
        }
        job.finish();
    }
    report(progress, 1.0);
}

}  // namespace enteroscan::python
