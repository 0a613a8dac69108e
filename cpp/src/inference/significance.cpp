#include "enteroscan/inference/significance.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

std::int64_t rank_of(double statistic, std::span<const double> maxima) noexcept {
    const double reached = statistic - rank_tolerance;
    return 1 + std::count_if(maxima.begin(), maxima.end(), [=](double m) { return m >= reached; });
}

double monte_carlo_p(double statistic, std::span<const double> maxima) noexcept {
    return static_cast<double>(rank_of(statistic, maxima)) / static_cast<double>(maxima.size() + 1);
}

std::size_t sequential_stop(double statistic, std::span<const double> maxima,
                            std::int64_t threshold) noexcept {
    const double exceeded = statistic + rank_tolerance;
    std::int64_t exceedances = 0;
    for (std::size_t i = 0; i < maxima.size(); ++i)
        if (maxima[i] > exceeded && ++exceedances >= threshold) return i + 1;
    return maxima.size();
}

double Gumbel::p(double statistic) const noexcept {
    if (scale == 0.0) return statistic <= location ? 1.0 : 0.0;
    return -std::expm1(-std::exp((location - statistic) / scale));
}

double Gumbel::critical_value(double alpha) const noexcept {
    return location - scale * std::log(-std::log1p(-alpha));
}

Gumbel fit_gumbel(std::span<const double> maxima) {
    if (maxima.size() < 2)
        throw InvalidInput("a Gumbel distribution needs at least 2 simulated maxima, got " +
                           std::to_string(maxima.size()) + "; simulate more replicates");
    const auto n = static_cast<double>(maxima.size());
    const double mean = std::accumulate(maxima.begin(), maxima.end(), 0.0) / n;
    const double squares = std::accumulate(maxima.begin(), maxima.end(), 0.0, [mean](double sum, double m) {
        return sum + (m - mean) * (m - mean);
    });
    const double scale = std::sqrt(6.0 * squares / n) / std::numbers::pi;
    return {.location = mean - std::numbers::egamma * scale, .scale = scale};
}

double critical_value(std::span<const double> maxima, double alpha) {
    const bool is_valid = alpha > 0.0 && alpha < 1.0;
    if (!is_valid) throw InvalidInput("alpha is " + std::to_string(alpha) + "; it must lie between 0 and 1");
    // The greatest rank whose p-value is at most alpha; the product may be off by a rounding error.
    const auto n_ranks = static_cast<double>(maxima.size() + 1);
    double rank = std::round(alpha * n_ranks);
    if (rank / n_ranks > alpha) rank -= 1.0;
    if (rank < 1.0) return std::numeric_limits<double>::quiet_NaN();
    std::vector<double> sorted(maxima.begin(), maxima.end());
    const auto value = sorted.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
    std::nth_element(sorted.begin(), value, sorted.end(), std::greater<>());
    return *value;
}

double recurrence_interval(double p, double period, std::int64_t analyses) noexcept {
    return period / -std::expm1(std::log1p(-p) / static_cast<double>(analyses));
}

}  // namespace enteroscan
