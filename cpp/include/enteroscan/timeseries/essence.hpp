#pragma once
// The detectors of CDC's ESSENCE for daily counts, as its R package Rnssp documents them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

enum class EssenceMethod : std::uint8_t {
    ewma,        ///< exponentially weighted moving averages, a slow and a quick one
    regression,  ///< adaptive multiple regression on a trend and the days of the week
    switching,   ///< regression where it explains enough, moving averages elsewhere
};

struct EssenceOptions {
    EssenceMethod method = EssenceMethod::ewma;
    std::size_t baseline = 28;  ///< greatest number of points in the baseline
    std::size_t guard = 2;      ///< points between the baseline and the judged one
    double weight_slow = 0.4;
    double weight_quick = 0.9;
    double alpha = 0.01;          ///< a red alert; 0.05 is a yellow one
    double min_r_squared = 0.60;  ///< adjusted; what `switching` asks of the regression
    /// Day of the week of each time point, 0, ..., 6 with Monday = 0; empty: point t is day t mod 7.
    std::vector<std::uint8_t> weekdays{};
    /// Reference's scaling of proportions: series without a value of 1 are divided by the median of their
    /// positive values.
    bool scale_proportions = true;
};

/// score = test statistic, dispersion = variance / mean that it assumes.
/// @throws InvalidInput for a baseline of fewer than 11 points, weights outside (0, 1)
std::unique_ptr<const Detector> essence(const EssenceOptions& options);

}  // namespace enteroscan
