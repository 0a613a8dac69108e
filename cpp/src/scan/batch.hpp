#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "scan/bounds.hpp"
#include "scan/observed.hpp"
#include "scan/plan.hpp"
#include "scan/thresholds.hpp"

namespace enteroscan {

/// Some replicates that are scanned together, one in each lane, and the greatest statistic found in each.
/// Once it has its replicates, several threads may look for better ones at the same time.
class Batch {
  public:
    Batch(const Plan& plan, Rates rates) : plan_(&plan), rates_(rates) {}

    /// Starts over with other replicates; draw(name, cells) gives the cases of one.
    template <class Draw>
    void reset(std::span<const std::size_t> names, Draw&& draw) {
        names_.clear();
        replicates_.resize(names.size());
        for (std::size_t lane = 0; lane < names.size(); ++lane) draw(names[lane], replicates_[lane]);
        names_.assign(names.begin(), names.end());
        counted_.clear();
        counted_.resize(names.size());
        best_ = std::vector<std::atomic<double>>(names.size());
        walked_.assign(names.size(), false);
    }

    /// Whether it has just these replicates.
    bool holds(std::span<const std::size_t> names) const noexcept {
        return std::equal(names_.begin(), names_.end(), names.begin(), names.end());
    }

    std::size_t size() const noexcept { return names_.size(); }
    std::size_t name(std::size_t lane) const noexcept { return names_[lane]; }
    const std::vector<Cell>& cells(std::size_t lane) const noexcept { return replicates_[lane]; }

    double best(std::size_t lane) const noexcept { return best_[lane].load(std::memory_order_relaxed); }
    void improve(std::size_t lane, double statistic) noexcept {
        double known = best(lane);
        while (statistic > known &&
               !best_[lane].compare_exchange_weak(known, statistic, std::memory_order_relaxed)) {
        }
    }

    /// Looks at every window around a centre in one lane: the slow way, for lanes in which numbers grew
    /// too large for the fast one.
    void walk(std::size_t centre, std::size_t lane);
    /// The same around all centres. Then the lane's best is its maximum and nothing more is to be found. For
    /// the thread that fills the batch.
    void walk_all(std::size_t lane, const RunControl& control);
    bool walked(std::size_t lane) const noexcept { return walked_[lane]; }

  private:
    const SiteCases& counted(std::size_t lane);

    const Plan* plan_;
    Rates rates_;
    std::vector<std::size_t> names_;
    std::vector<std::vector<Cell>> replicates_;
    std::mutex counting_;
    std::vector<std::unique_ptr<const SiteCases>> counted_;
    std::vector<std::atomic<double>> best_;
    std::vector<bool> walked_;
};

/// What the lanes of a batch had found when a thread set its limits.
class KnownBest {
  public:
    void reset(std::size_t n_lanes) { statistic_.assign(n_lanes, 0.0); }

    /// Calls set(threshold_class, lane, cases) for all classes of thresholds in lanes that have found better:
    /// so many cases above the threshold need no report, see Bounds::harmless.
    template <class Set>
    void update(const Batch& batch, const Bounds& bounds, Set&& set) {
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            const double best = batch.best(lane);
            if (best <= statistic_[lane]) continue;
            statistic_[lane] = best;
            for (std::size_t c = 0; c < bounds.n_classes(); ++c) set(c, lane, bounds.harmless(c, best));
        }
    }

  private:
    std::vector<double> statistic_;
};

/// A way to find the maxima of batches of replicates quickly: for one kind of windows.
class BatchScanner {
  public:
    virtual ~BatchScanner() = default;
    BatchScanner() = default;
    BatchScanner(const BatchScanner&) = delete;
    BatchScanner& operator=(const BatchScanner&) = delete;

    /// What only the scanner that made it can read.
    class Opaque {
      public:
        virtual ~Opaque() = default;
        Opaque() = default;
        Opaque(const Opaque&) = delete;
        Opaque& operator=(const Opaque&) = delete;
    };
    /// What is worked out for one level, shared by all threads.
    class Tables : public Opaque {};
    /// The counts of one batch, shared by all threads that scan it.
    class Counts : public Opaque {};
    /// Work space of one thread, in which it also keeps what it need not look at in a batch.
    class Scratch : public Opaque {};

    /// Replicates in a batch.
    virtual std::size_t n_lanes() const noexcept = 0;
    virtual std::unique_ptr<Counts> make_counts() const = 0;
    virtual std::unique_ptr<Scratch> make_scratch() const = 0;

    /// Thresholds for the statistic `level` around the given centres.
    virtual std::unique_ptr<Tables> make_tables(double level, std::span<const std::size_t> centres,
                                                std::size_t n_threads, const RunControl& control) const = 0;

    /// Lays out the counts of a batch. Lanes whose counts do not fit are scanned at once, by walking.
    virtual void load(Batch& batch, Counts& counts, const RunControl& control) const = 0;

    /// Steps in which a batch is scanned around so many centres.
    virtual std::size_t n_steps(std::size_t n_centres) const noexcept = 0;

    /// Before a thread's first steps in a batch, and with other tables.
    virtual void begin(Scratch& scratch) const = 0;

    /// Steps [first, last): all of them together find every window that beats both the level of the tables
    /// and what is known of its lane.
    virtual void scan(const Tables& tables, std::size_t first, std::size_t last, const Counts& counts,
                      Scratch& scratch, Batch& batch, const RunControl& control) const = 0;
};

/// Looks by walking around a centre whose smallest zone is not a single site: they are few, and not for the
/// fast ways.
void walk_later_first_zone(const Plan& plan, std::size_t centre, Batch& batch, const RunControl& control);

}  // namespace enteroscan
