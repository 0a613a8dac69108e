#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "enteroscan/windows/intervals.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

/// One window and what is in it.
struct Window {
    std::uint32_t centre = 0;
    std::uint32_t size = 0;     ///< its zone is the first `size` members around `centre`
    std::int32_t start = 0;     ///< first interval
    std::int32_t end = 0;       ///< one past the last interval
    std::int64_t observed = 0;  ///< cases
    double measure = 0.0;       ///< the model's measure: expected cases or individuals
    double statistic = 0.0;     ///< log likelihood ratio
    bool high = true;           ///< more cases than expected
};

/// A scan: where and when to look (zones, intervals), and what is extreme (model). Immutable; all members
/// may be called from several threads.
class Scan {
  public:
    /// @throws InvalidInput where zones, intervals and model differ in their numbers of locations or
    ///         intervals
    Scan(std::shared_ptr<const Model> model, std::shared_ptr<const Zones> zones, Intervals intervals);

    const Model& model() const noexcept { return *model_; }
    const Zones& zones() const noexcept { return *zones_; }
    const Intervals& intervals() const noexcept { return intervals_; }

    /// The greatest statistic over all reportable windows of the data; 0 if no window is eligible.
    double maximum(int n_threads, RunControl& control) const;

    /// The best window of every centre whose statistic reaches `at_least`; where windows of several
    /// times are looked at retrospectively, the best windows of every centre that do not meet in time.
    /// In the order of centres. The single best window is always there if any window is eligible.
    std::vector<Window> candidates(double at_least, int n_threads, RunControl& control) const;

    /// The greatest statistic over all windows in each of the replicates [begin, end) of the null
    /// hypothesis. A replicate's maximum depends on (seed, replicate) alone: not on the range it is
    /// computed in, the number of threads or the processor. With `stop_after` exceedances > 0, ends
    /// after the replicate in which that many maxima have exceeded `stop_above`.
    std::vector<double> simulate(std::int64_t begin, std::int64_t end, std::uint64_t seed,
                                 RandomEngine engine, int n_threads, RunControl& control,
                                 double stop_above = 0.0, std::int64_t stop_after = 0) const;

  private:
    std::shared_ptr<const Model> model_;
    std::shared_ptr<const Zones> zones_;
    Intervals intervals_;
    class Preparation;
    std::shared_ptr<Preparation> preparation_;
};

}  // namespace enteroscan
