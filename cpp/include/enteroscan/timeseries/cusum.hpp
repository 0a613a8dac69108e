#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

/// How a count x with mean m becomes a standard normal deviate.
enum class CountTransformation : std::uint8_t {
    none,              ///< x
    standard,          ///< (x - m) / sqrt(m)
    rossi,             ///< (x - 3 m + 2 sqrt(x m)) / (2 sqrt(m)) (Rossi et al. 1999)
    anscombe,          ///< 1.5 (x^(2/3) - m^(2/3)) / m^(1/6)
    anscombe2nd,       ///< the same with m^(2/3) - m^(-1/3) / 9
    pearson_neg_bin,   ///< (x - m) / sqrt(m + a m^2)
    anscombe_neg_bin,  ///< Anscombe's residual of the negative binomial
};

/// Where the mean of a chart comes from.
enum class MeanModel : std::uint8_t {
    training,  ///< the mean of the training points
    given,     ///< a number
    seasonal,  ///< Poisson regression on the training points with one yearly harmonic
};

/// Cumulative sum of transformed counts, C_t = max(0, C_(t-1) + z_t - k), with an alarm at C_t >= h
/// (Rossi, Lampugnani and Marchi 1999; algo.cusum of the R package surveillance).
struct CusumOptions {
    double k = 1.04;
    double h = 2.26;
    CountTransformation transformation = CountTransformation::standard;
    MeanModel mean_model = MeanModel::training;
    double mean = 0.0;         ///< for MeanModel::given
    double period = 52.0;      ///< points in a year, for MeanModel::seasonal
    double alpha = 0.1;        ///< a of the negative binomial transformations, variance = m + a m^2
    bool reset = false;        ///< start again from 0 after an alarm
    std::size_t training = 0;  ///< number of points that come before the chart; 0: all before the judged ones
    /// The bounds and the negative binomial transformation as the R package surveillance has them.
    bool compat = false;
};

/// score = C_t, expected = m, upper_bound = the least count that raises the chart to h, p_value of the
/// count alone.
/// @throws InvalidInput for h <= 0, a mean <= 0 where one is given, alpha < 0, period <= 0
std::unique_ptr<const Detector> cusum(const CusumOptions& options);

}  // namespace enteroscan
