#pragma once
// What Farrington's method and its flexible form share: the fit, the trend's rules, the normal bound.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "enteroscan/timeseries/farrington.hpp"
#include "timeseries/quasi_poisson.hpp"

namespace enteroscan {

struct TrendRules {
    bool wanted;
    double max_p;
    std::size_t n_years;
    double reweight_threshold;  ///< NaN: no reweighting
    bool compat;                ///< test the trend with the dispersion of overwritten weights
};

/// The mean of the judged point.
struct Prediction {
    bool converged = false;
    double log_mean = not_a_number;
    double variance = not_a_number;         ///< of log_mean, for a dispersion of 1
    double dispersion = not_a_number;       ///< from 0 up
    double test_dispersion = not_a_number;  ///< the one that the trend was tested with
    double slope = 0.0;
    bool has_trend = false;

    double mean() const noexcept { return std::exp(log_mean); }
};

/// Fits with the trend, and without it where it is not wanted, not significant, extrapolates beyond the
/// greatest count of the baseline, rests on fewer than 3 years or does not converge.
Prediction predict(QuasiPoisson& regression, const TrendRules& rules, std::size_t level, double time,
                   double offset);

/// Normal approximation of a power of the counts.
class NormalBound {
  public:
    NormalBound(PowerTransformation power, double mean, double dispersion, double mean_variance) noexcept;

    double upper_bound(double z) const noexcept;
    double upper_tail(double count) const noexcept;

  private:
    double raised(double count) const noexcept;

    double power_;
    double centre_;
    double sigma_;
};

/// Cases in the last points up to t; missing ones count nothing.
double recent_cases(std::span<const double> counts, std::size_t t, std::size_t n_points) noexcept;

/// (count - expected) / (bound - expected), 0 where the count is what is expected.
double exceedance(double count, double expected, double bound) noexcept;

double time_of(const std::vector<double>& time, std::size_t t) noexcept;

}  // namespace enteroscan
