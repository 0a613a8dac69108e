#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

/// What a caller and a long computation tell each other while it runs. Every member may be called from
/// any thread at any time. One object serves one computation.
class RunControl {
  public:
    /// Asks the computation to stop: it throws Cancelled within a few milliseconds. May be repeated.
    void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }

    bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

    /// Throws Cancelled after cancel(). Long loops call it every millisecond or so.
    void check() const {
        if (cancelled()) throw Cancelled();
    }

    /// Share of the work that is done, in [0, 1]. Never decreases.
    double progress() const noexcept {
        const auto total = total_.load(std::memory_order_relaxed);
        if (total == 0) return 0.0;
        const auto done = done_.load(std::memory_order_relaxed);
        return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    }

    /// The computation announces its units of work once, before it starts on them...
    void expect(std::uint64_t units) noexcept { total_.store(units, std::memory_order_relaxed); }

    /// ...and reports those it has done.
    void advance(std::uint64_t units) noexcept { done_.fetch_add(units, std::memory_order_relaxed); }

  private:
    std::atomic<bool> cancelled_{false};
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::uint64_t> done_{0};
};

}  // namespace enteroscan
