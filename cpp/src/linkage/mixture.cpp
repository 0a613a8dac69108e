#include "mixture.hpp"

#include <cmath>

namespace enteroscan {

SourceFit fit_source(std::span<const double> ratios) noexcept {
    double sum = 0.0;
    for (const double ratio : ratios) sum += ratio;
    if (!(sum > 1.0)) return {};
    // Newton's method for h(A) = sum A r / (1 + A r) - A = 0 from A = n. h is concave and h(n) < 0, so the
    // steps come down to the greatest root and never pass it.
    constexpr int most_steps = 100;
    auto amount = static_cast<double>(ratios.size());
    for (int step = 0; step < most_steps; ++step) {
        double value = -amount;
        double slope = -1.0;
        for (const double ratio : ratios) {
            const double belongs = 1.0 / (1.0 + amount * ratio);
            value += amount * ratio * belongs;
            slope += ratio * belongs * belongs;
        }
        if (!(slope < 0.0)) break;
        const double next = amount - value / slope;
        if (!(next < amount)) break;
        const bool close = amount - next <= 1e-12 * amount;
        amount = next;
        if (close) break;
    }
    if (!(amount > 0.0)) return {};
    double result = -amount;
    for (const double ratio : ratios) result += std::log1p(amount * ratio);
    return result > 0.0 ? SourceFit{amount, result} : SourceFit{};
}

double best_possible(double n, double sum_of_ratios) noexcept {
    return sum_of_ratios > 1.0 ? n * std::log(sum_of_ratios) - n + n / sum_of_ratios : 0.0;
}

}  // namespace enteroscan
