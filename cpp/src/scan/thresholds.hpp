#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"

namespace enteroscan {

/// For each number of cases, the measure up to which (high rates) or from which on (low rates) a window with
/// that many cases can have a statistic of at least `level`. Conservative by a hair: a window that this
/// table rules out is below the level; one that it admits may be below as well.
class Thresholds {
  public:
    /// @param greatest_measure  of all windows that will be asked about
    Thresholds(const Statistic& statistic, bool high, double level, double greatest_measure,
               std::int64_t n_cases, std::size_t n_threads, const RunControl& control);

    double level() const noexcept { return level_; }

    /// High rates: the least number of cases with which a window of this measure may reach the level. Low
    /// rates: the greatest, or -1. Does not decrease in the measure.
    std::int64_t cases(double measure) const noexcept;

    /// Whether a window may reach the level.
    bool admits(std::int64_t cases, double measure) const noexcept {
        if (high_) {
            if (cases < 0) return false;
            const auto c = static_cast<std::size_t>(cases);
            return c >= bound_.size() || measure <= bound_[c];
        }
        const auto c = static_cast<std::size_t>(cases);
        return c < bound_.size() && measure >= bound_[c];
    }

    /// High rates: least possible measure of a window of which cases() said `threshold`. Low rates: the
    /// greatest.
    double measure_beyond(std::int64_t threshold) const noexcept;

    /// Least distance |cases - measure| from which on a window may reach the level, over all measures
    /// in [least, greatest]. `ratio` converts measures to expected cases.
    double least_excess(double least, double greatest, double ratio) const noexcept;

  private:
    void tabulate_high(const Statistic& statistic, double greatest_measure, std::int64_t n_cases,
                       std::size_t n_threads, const RunControl& control);
    void tabulate_piece(const Statistic& statistic, double greatest_measure, std::size_t begin,
                        std::size_t end);
    void tabulate_low(const Statistic& statistic, double greatest_measure, std::int64_t n_cases);
    void index(double greatest_measure);

    bool high_;
    double level_;
    std::vector<double> bound_;         ///< by number of cases, not decreasing
    double per_unit_ = 1.0;             ///< index entries per unit of measure
    std::vector<std::uint32_t> start_;  ///< cases() at the beginning of each index entry
};

}  // namespace enteroscan
