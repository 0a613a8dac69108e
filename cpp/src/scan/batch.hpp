#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
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
class Batch {
  public:
    Batch(const Plan& plan, Rates rates) : plan_(&plan), rates_(rates) {}

    /// Starts over with other data: `cells[i]` are the cases of the replicate called `names[i]`.
    void reset(std::span<const std::size_t> names, std::vector<std::vector<Cell>> cells) {
        names_.assign(names.begin(), names.end());
        replicates_ = std::move(cells);
        counted_.clear();
        counted_.resize(replicates_.size());
        best_.assign(replicates_.size(), 0.0);
        walked_.assign(replicates_.size(), false);
    }

    /// Whether it has just these replicates.
    bool holds(std::span<const std::size_t> names) const noexcept {
        return std::equal(names_.begin(), names_.end(), names.begin(), names.end());
    }

    std::size_t size() const noexcept { return replicates_.size(); }
    const std::vector<Cell>& cells(std::size_t lane) const noexcept { return replicates_[lane]; }

    double best(std::size_t lane) const noexcept { return best_[lane]; }
    void improve(std::size_t lane, double statistic) noexcept {
        best_[lane] = std::max(best_[lane], statistic);
    }

    /// Looks at every window around a centre in one lane: the slow way, for lanes in which numbers grew
    /// too large for the fast one.
    void walk(std::size_t centre, std::size_t lane);
    /// The same around all centres. Then the lane's best is its maximum and nothing more is to be found.
    void walk_all(std::size_t lane, const RunControl& control);
    bool walked(std::size_t lane) const noexcept { return walked_[lane]; }

  private:
    const Plan* plan_;
    Rates rates_;
    std::vector<std::size_t> names_;
    std::vector<std::vector<Cell>> replicates_;
    std::vector<std::unique_ptr<const SiteCases>> counted_;
    std::vector<double> best_;
    std::vector<bool> walked_;
};

/// What the lanes of a batch had found when their limits were set.
class KnownBest {
  public:
    void reset(std::size_t n_lanes) { statistic_.assign(n_lanes, 0.0); }

    /// Calls set(threshold_class, lane, cases) for all classes of thresholds in lanes that have found better:
    /// so many cases above the threshold need no report, see Bounds::harmless.
    template <class Set>
    void update(const Batch& batch, const Bounds& bounds, Set&& set) {
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            if (batch.best(lane) <= statistic_[lane]) continue;
            statistic_[lane] = batch.best(lane);
            for (std::size_t c = 0; c < bounds.n_classes(); ++c)
                set(c, lane, bounds.harmless(c, statistic_[lane]));
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

    /// What is worked out for one level, shared by all threads.
    class Tables {
      public:
        virtual ~Tables() = default;
        Tables() = default;
        Tables(const Tables&) = delete;
        Tables& operator=(const Tables&) = delete;
    };
    /// The counts of one batch.
    class Counts {
      public:
        virtual ~Counts() = default;
        Counts() = default;
        Counts(const Counts&) = delete;
        Counts& operator=(const Counts&) = delete;
    };

    /// Replicates in a batch.
    virtual std::size_t n_lanes() const noexcept = 0;
    virtual std::unique_ptr<Counts> make_counts() const = 0;

    /// Thresholds for the statistic `level` around the given centres.
    virtual std::unique_ptr<Tables> make_tables(double level, std::span<const std::size_t> centres,
                                                std::size_t n_threads, const RunControl& control) const = 0;

    /// Lays out the counts of a batch. Lanes whose counts do not fit are scanned at once, by walking.
    virtual void load(Batch& batch, Counts& counts, const RunControl& control) const = 0;

    /// Finds every window that beats both the level of the tables and what the batch already knows of its
    /// lane, in the zones around their centres number [begin, end).
    virtual void scan(const Tables& tables, std::size_t begin, std::size_t end, Counts& counts, Batch& batch,
                      const RunControl& control) const = 0;
};

/// Looks by walking around centres number [begin, end) of the given ones whose smallest zone is not a single
/// site: few, and not for the fast ways.
void walk_later_first_zones(const Plan& plan, std::span<const std::size_t> centres, std::size_t begin,
                            std::size_t end, Batch& batch, const RunControl& control);

}  // namespace enteroscan
