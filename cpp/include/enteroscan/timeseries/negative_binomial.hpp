#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// Negative binomial regression with yearly harmonics and a trend, and for daily counts an effect of the day
/// of the week, on the first `training` points (alert_nbinom of CDC's R package Rnssp). The bound is a
/// quantile of the counts around the upper limit of the mean.
struct NegativeBinomialOptions {
    double alpha = 0.05;
    double period = 365.25 / 7.0;  ///< points in a year
    std::size_t harmonics = 1;
    bool trend = true;
    std::size_t training = 0;              ///< points that are fitted; 0: all before the judged ones
    std::vector<std::uint8_t> weekdays{};  ///< of each time point, 0, ..., 6; empty: they have no effect
};

/// score = (count - expected) / standard deviation.
/// @throws InvalidInput for alpha outside (0, 1), period <= 0, weekdays of 7 or more
std::unique_ptr<const Detector> negative_binomial(const NegativeBinomialOptions& options);

}  // namespace enteroscan
