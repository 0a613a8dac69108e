#include "timeseries/farrington_model.hpp"

#include <algorithm>

#include "timeseries/distributions.hpp"

namespace enteroscan {
namespace {

constexpr std::size_t least_years_of_trend = 3;

bool fit(QuasiPoisson& regression, bool with_trend, const TrendRules& rules) {
    regression.clear_weights();
    // Without any case the mean falls from step to step, which is as good as having converged.
    const bool all_zero = regression.greatest_count() == 0.0 && !rules.compat;
    if (!regression.fit(with_trend) && !all_zero) return false;
    if (std::isnan(rules.reweight_threshold)) return true;
    regression.reweight(rules.reweight_threshold);
    regression.fit(with_trend);
    return true;
}

}  // namespace

Prediction predict(QuasiPoisson& regression, const TrendRules& rules, std::size_t level, double time,
                   double offset) {
    Prediction result;
    const auto take = [&] {
        result.log_mean = regression.predict(level, time) + offset;
        result.test_dispersion = rules.compat ? regression.prior_dispersion() : regression.dispersion();
        result.has_trend = regression.has_trend();
    };
    if (rules.wanted && fit(regression, true, rules)) {
        take();
        const bool significant =
            rules.max_p >= 1.0 || regression.slope_p(result.test_dispersion) < rules.max_p;
        const bool inside = result.mean() <= regression.greatest_count();
        result.converged = result.has_trend && significant && inside && rules.n_years >= least_years_of_trend;
    }
    if (!result.converged) {
        result.converged = fit(regression, false, rules);
        if (!result.converged) return {};
        take();
    }
    result.variance = regression.variance(level, time);
    result.dispersion = regression.dispersion();
    result.slope = regression.slope();
    return result;
}

NormalBound::NormalBound(PowerTransformation power, double mean, double dispersion,
                         double mean_variance) noexcept {
    const double tau = dispersion + mean_variance / mean;
    switch (power) {
        case PowerTransformation::none:
            power_ = 1.0;
            sigma_ = std::sqrt(mean * tau);
            break;
        case PowerTransformation::half:
            power_ = 0.5;
            sigma_ = std::sqrt(0.25 * tau);
            break;
        case PowerTransformation::two_thirds:
            power_ = 2.0 / 3.0;
            sigma_ = std::sqrt(4.0 / 9.0 * std::cbrt(mean) * tau);
            break;
    }
    centre_ = raised(mean);
}

double NormalBound::raised(double count) const noexcept {
    return power_ == 1.0 ? count : std::pow(count, power_);
}

double NormalBound::upper_bound(double z) const noexcept {
    const double bound = centre_ + z * sigma_;
    return power_ == 1.0 ? bound : std::pow(bound, 1.0 / power_);
}

double NormalBound::upper_tail(double count) const noexcept {
    return normal_upper_tail((raised(count) - centre_) / sigma_);
}

double recent_cases(std::span<const double> counts, std::size_t t, std::size_t n_points) noexcept {
    double sum = 0.0;
    for (std::size_t i = t + 1 - std::min(t + 1, n_points); i <= t; ++i)
        if (!std::isnan(counts[i])) sum += counts[i];
    return sum;
}

double exceedance(double count, double expected, double bound) noexcept {
    return count == expected ? 0.0 : (count - expected) / (bound - expected);
}

double time_of(const std::vector<double>& time, std::size_t t) noexcept {
    return time.empty() ? static_cast<double>(t) : time[t];
}

}  // namespace enteroscan
