#include "timeseries/distributions.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace enteroscan {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Means up to here have their probabilities added up from 0; greater ones are left to special functions.
constexpr double added_up = 500.0;
// Least log of P(0) from which the probabilities of the other counts can be had without underflow.
constexpr double least_log_zero = -690.0;
// Doubles up to here can tell a count from the next one.
constexpr double all_whole = 1e15;
// Above this size a negative binomial is Poisson to the last digits of its tails.
constexpr double poisson_size = 1e15;

}  // namespace

double normal_quantile(double p) { return boost::math::quantile(boost::math::normal(), p); }

double normal_upper_tail(double z) noexcept { return 0.5 * std::erfc(z / std::numbers::sqrt2); }

double student_quantile(double p, double degrees_of_freedom) {
    return boost::math::quantile(boost::math::students_t(degrees_of_freedom), p);
}

double student_upper_tail(double t, double degrees_of_freedom) {
    if (std::isnan(t) || !(degrees_of_freedom > 0.0)) return nan;
    if (std::isinf(t)) return t > 0.0 ? 0.0 : 1.0;
    return boost::math::cdf(boost::math::complement(boost::math::students_t(degrees_of_freedom), t));
}

CountDistribution CountDistribution::of_dispersion(double mean, double dispersion) noexcept {
    if (!(dispersion > 1.0)) return poisson(mean);
    return {mean, mean / (dispersion - 1.0), 1.0 / dispersion};
}

double CountDistribution::log_zero() const noexcept {
    return size_ > 0.0 ? size_ * std::log(probability_) : -mean_;
}

// Whether probabilities can be had one from the other, from that of 0 on, without underflow and soon.
bool CountDistribution::can_be_added_up() const noexcept {
    return mean_ <= added_up && log_zero() > least_log_zero;
}

// The probability of count + 1 from that of count.
double CountDistribution::next(double probability, double count) const noexcept {
    if (size_ > 0.0) return probability * (count + size_) * (1.0 - probability_) / (count + 1.0);
    return probability * mean_ / (count + 1.0);
}

double CountDistribution::added_upper_tail(double y) const noexcept {
    double probability = std::exp(log_zero());
    double below = 0.0;
    for (double count = 0.0; count < y; count += 1.0) {
        below += probability;
        probability = next(probability, count);
    }
    if (y <= mean_) return 1.0 - below;
    double tail = 0.0;
    for (double count = y; probability > 1e-17 * tail; count += 1.0) {
        tail += probability;
        probability = next(probability, count);
    }
    return tail;
}

double CountDistribution::upper_tail(double y) const {
    if (std::isnan(mean_) || std::isnan(y)) return nan;
    if (y <= 0.0) return 1.0;
    if (mean_ <= 0.0) return 0.0;
    if (std::isinf(mean_)) return 1.0;
    if (y < 4.0 * added_up && y == std::floor(y) && can_be_added_up()) return added_upper_tail(y);
    if (size_ > 0.0 && size_ < poisson_size) return boost::math::ibeta(y, size_, 1.0 - probability_);
    return boost::math::gamma_p(y, mean_);
}

double CountDistribution::upper_quantile(double alpha) const {
    if (!std::isfinite(mean_)) return nan;
    if (mean_ <= 0.0) return 0.0;
    double probability = std::exp(log_zero());
    if (!can_be_added_up()) return far_quantile(alpha);
    // Rounding must not turn a sum that reaches 1 - alpha exactly into one that just misses it.
    const double wanted = (1.0 - alpha) * (1.0 - 64.0 * std::numeric_limits<double>::epsilon());
    double sum = probability;
    double count = 0.0;
    while (sum < wanted && count < 1e6) {
        probability = next(probability, count);
        count += 1.0;
        sum += probability;
        if (probability < 1e-18 * alpha && count > mean_) return far_quantile(alpha);
    }
    return count;
}

// Doubling steps from a normal guess, then halving between what is too small and what is not.
double CountDistribution::far_quantile(double alpha) const {
    const auto suffices = [&](double q) {
        return upper_tail(q + 1.0) <= alpha * (1.0 + 64.0 * std::numeric_limits<double>::epsilon());
    };
    const double variance = size_ > 0.0 ? mean_ / probability_ : mean_;
    const double z = normal_quantile(1.0 - alpha);
    // Cornish-Fisher, with the skewness of the negative binomial (of the Poisson for size = infinity).
    const double skewness = (size_ > 0.0 ? 2.0 / probability_ - 1.0 : 1.0) / std::sqrt(variance);
    double guess = std::floor(mean_ + std::sqrt(variance) * (z + skewness * (z * z - 1.0) / 6.0));
    guess = std::max(0.0, guess);
    if (guess >= all_whole) return guess;  // neighbouring numbers are more than 1 apart
    double step = 1.0;
    double high = guess;
    double low = guess - 1.0;
    if (suffices(guess)) {
        while (low >= 0.0 && suffices(low)) {
            high = low;
            low -= step;
            step *= 2.0;
        }
        low = std::max(low, -1.0);
    } else {
        do {
            low = high;
            high += step;
            step *= 2.0;
            if (high >= all_whole) return high;
        } while (!suffices(high));
    }
    while (high - low > 1.0) {
        const double middle = std::floor(0.5 * (low + high));
        (suffices(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace enteroscan
