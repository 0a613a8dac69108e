#pragma once
// Tails and quantiles that the detectors need, with the ends of their ranges filled in.

#include <cstdint>

namespace enteroscan {

/// z with P(N(0, 1) <= z) = p.
double normal_quantile(double p);
/// P(N(0, 1) > z); NaN stays NaN.
double normal_upper_tail(double z) noexcept;
/// t with P(T <= t) = p for T of Student's distribution.
double student_quantile(double p, double degrees_of_freedom);
/// P(T > t).
double student_upper_tail(double t, double degrees_of_freedom);

/// Counts with a mean and a variance of at least the mean: Poisson or negative binomial.
class CountDistribution {
  public:
    static CountDistribution poisson(double mean) noexcept { return {mean, 0.0, 0.0}; }
    /// Negative binomial with variance = dispersion * mean; Poisson where dispersion <= 1.
    static CountDistribution of_dispersion(double mean, double dispersion) noexcept;
    /// Negative binomial with variance = mean + mean^2 / size.
    static CountDistribution of_size(double mean, double size) noexcept {
        return {mean, size, size / (size + mean)};
    }
    /// Negative binomial with P(0) = probability^size.
    static CountDistribution of_probability(double size, double probability) noexcept {
        return {size * (1.0 - probability) / probability, size, probability};
    }

    /// P(Y >= y); NaN where mean or y are no numbers.
    double upper_tail(double y) const;
    /// The smallest count q with P(Y <= q) >= 1 - alpha, 0 < alpha < 1. NaN where the mean is no number.
    double upper_quantile(double alpha) const;

  private:
    CountDistribution(double mean, double size, double probability) noexcept
        : mean_(mean), size_(size), probability_(probability) {}
    double log_zero() const noexcept;
    bool can_be_added_up() const noexcept;
    double next(double probability, double count) const noexcept;
    double added_upper_tail(double y) const noexcept;
    double far_quantile(double alpha) const;

    double mean_;
    double size_;  // 0: Poisson
    double probability_;
};

}  // namespace enteroscan
