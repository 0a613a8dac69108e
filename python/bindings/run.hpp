#pragma once

#include <pybind11/pybind11.h>

#include <functional>

#include "enteroscan/base/run_control.hpp"

namespace enteroscan::python {

/// Runs `work` on a thread of its own while the calling one waits without the GIL. Every 20 ms it looks
/// for signals and calls `progress` (unless it is None) with the share of the work that is done; a signal
/// handler or a callback that raises cancels the work, and its exception is thrown from here.
/// @param n_threads  number of threads that `work` uses, 0 for all processors
/// @throws std::runtime_error in a process that was forked after threads had been started
void run_interruptibly(int n_threads, const pybind11::object& progress,
                       const std::function<void(RunControl&)>& work);

/// Has Python's exit cancel what runs on threads that it does not wait for, and wait until they have left:
/// one that asked for the GIL later would take the process down.
void cancel_at_exit();

}  // namespace enteroscan::python
