#pragma once
// The one file that knows how loops run in parallel: with TBB, with std::thread or serially, as the
// build's ENTEROSCAN_THREADS says. Nothing else includes TBB.

#include <cstddef>
#include <functional>

#include "enteroscan/base/run_control.hpp"

namespace enteroscan {

/// Number of threads that `requested` means: a positive number is itself, 0 means all processors that
/// this process may use.
/// @throws InvalidInput if it is negative
std::size_t resolve_threads(int requested);

/// Calls body(task, worker) once for every task in [0, n_tasks), on up to n_threads threads. `worker` is
/// below n_threads, and no two calls at the same time have the same one: use it to index scratch memory.
/// Results must not depend on which worker does which task. Tasks start in ascending order.
///
/// Before each task `control` is asked whether to go on. After an exception no more tasks start; when the
/// running ones have ended, it is rethrown here. Of several, it is the one of the first task, so that errors
/// do not depend on the number of threads either.
///
/// With one thread everything runs in the calling one.
void parallel_for(std::size_t n_tasks, std::size_t n_threads, const RunControl& control,
                  const std::function<void(std::size_t task, std::size_t worker)>& body);

}  // namespace enteroscan
