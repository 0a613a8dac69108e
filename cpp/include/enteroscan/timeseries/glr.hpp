#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "enteroscan/timeseries/detect.hpp"

namespace enteroscan {

enum class ShiftDirection : std::uint8_t { increase, decrease };

/// What becomes of the in-control mean m.
enum class MeanChange : std::uint8_t {
    shift,     ///< exp(k) m
    epidemic,  ///< m + lambda * the count before, lambda > 0: cases that infect others
};

/// Charts for a lasting change of a seasonal mean: likelihood ratio CUSUM where its size is known,
/// generalised likelihood ratio (GLR) where it is not (Hoehle and Paul 2008). The in-control mean is
/// a regression with yearly harmonics, Poisson or negative binomial (variance = m + alpha m^2), on the
/// training points. After an alarm a chart begins anew.
struct GlrOptions {
    double threshold = 5.0;             ///< of the log likelihood ratio
    std::optional<double> alpha{};      ///< overdispersion; 0: Poisson; none: estimated
    std::optional<double> log_shift{};  ///< k of the LR-CUSUM; none: GLR
    ShiftDirection direction = ShiftDirection::increase;
    MeanChange change = MeanChange::shift;
    std::size_t window = 0;      ///< greatest age of a change point; 0: any
    std::size_t min_window = 1;  ///< least number of points since the change
    double period = 52.0;        ///< points in a year
    std::size_t harmonics = 1;
    bool trend = false;
    bool refit = false;        ///< fit the mean again after each alarm, with all points up to it
    std::size_t training = 0;  ///< number of points before the chart; 0: all before the judged ones
    /// As the R package surveillance: in the Poisson chart min_window is ignored without a window, with one
    /// it is a point longer, and windows without cases say nothing about a decrease; the negative binomial
    /// search for k fails after steps that are too large (tiny means); refits keep the first overdispersion.
    /// Of epidemics: the search for lambda fails after windows that show none; for the negative binomial
    /// log(lambda) is the k of a shift; and the count before the first chart is 0.
    bool compat = false;
};

/// score = log likelihood ratio, expected = in-control mean, upper_bound = the least count that raises an
/// alarm (NaN for decreases), p_value of the count alone, trend of the in-control mean.
/// @throws InvalidInput for thresholds, periods or windows that are not positive, alpha < 0, log_shift = 0,
///     and log_shift or a decrease together with an epidemic
std::unique_ptr<const Detector> glr(const GlrOptions& options);

}  // namespace enteroscan
