#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// Serfling's cyclical regression (1963; alert_serfling of CDC's R package Rnssp): least squares of the
/// counts on a trend and yearly harmonics, fitted to the seasons without epidemics among the first `training`
/// points. The bound is the upper limit of the prediction interval.
struct SerflingOptions {
    double alpha = 0.05;  ///< one-sided
    double period = 365.25 / 7.0;
    std::size_t harmonics = 1;
    std::size_t training = 0;  ///< points of which some are fitted; 0: all before the judged ones
    /// 1 for each time point that lies in a season without epidemics, else 0; empty: all do.
    std::vector<std::uint8_t> without_epidemics{};
};

/// score = (count - expected) / standard error of the prediction, trend = cases more for each point.
/// @throws InvalidInput for alpha outside (0, 1), period <= 0
std::unique_ptr<const Detector> serfling(const SerflingOptions& options);

}  // namespace enteroscan
