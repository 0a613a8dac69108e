#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "scan/thresholds.hpp"

namespace enteroscan {

/// The greatest statistic that a window of high rates can have of which a counter only says: so many cases
/// more than the threshold of its block. Tabulated for few of them; many lie below the chord of a convex
/// function.
class Bounds {
  public:
    /// @param greatest_measure  of all windows that will be asked about
    Bounds(const Statistic& statistic, const Thresholds& thresholds, std::int64_t n_cases,
           double greatest_measure, std::size_t n_threads, const RunControl& control);

    double operator()(std::size_t threshold, std::size_t more) const noexcept;

    /// So many cases more than the threshold, or one less, are no better than `best`, whatever the threshold
    /// in a class.
    std::size_t harmless(std::size_t threshold_class, double best) const noexcept;

    /// Classes of thresholds: single ones up to 7, then four for every doubling.
    static std::size_t class_of(std::size_t threshold) noexcept;
    std::size_t n_classes() const noexcept { return greatest_in_class_.size(); }
    static constexpr std::size_t most_classes = 128;

  private:
    void find_greatest(std::size_t last);
    static std::size_t corner(std::size_t threshold, std::size_t i) noexcept;
    static double on_chord(std::size_t threshold, const double* corners, std::size_t more) noexcept;
    double compute(std::int64_t threshold, std::int64_t more) const noexcept;
    double convex(std::int64_t threshold, std::int64_t more) const noexcept;

    const Statistic* statistic_;
    const Thresholds* thresholds_;
    std::int64_t n_cases_;
    std::vector<double> values_;
    std::vector<double> corners_;
    std::vector<std::vector<double>> greatest_in_class_;
};

}  // namespace enteroscan
