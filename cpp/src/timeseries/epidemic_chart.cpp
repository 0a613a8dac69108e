#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "timeseries/glr_chart.hpp"

namespace enteroscan {
namespace {

constexpr double greatest_bound = 1e12;

// Places at which the slope of a window's ratio is looked at, as shares of the greatest lambda that can be
// the best. For Poisson counts the ratio is concave; else it may have several peaks.
constexpr std::array shares = {0.003, 0.01, 0.03, 0.06, 0.1, 0.15, 0.22, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0};

// What the package's search for a parameter does, which is not always to find it.
constexpr double package_start = 0.5;
constexpr double package_least = -18.0;
constexpr double package_step = 1e-6;
constexpr int package_steps = 1000;

class EpidemicChart final : public GlrChart {
  public:
    EpidemicChart(const GlrOptions& options, double alpha) : options_(&options), alpha_(alpha) {}

    void clear() noexcept override {
        points_.clear();
        begun_before_ = true;
    }

    void add(const ChartPoint& point) override { points_.push_back(usable(point)); }

    double statistic() override {
        if (!options_->compat) return greatest_ratio(std::numeric_limits<double>::infinity());
        return alpha_ > 0.0 ? package_negative_binomial() : package_poisson();
    }

    double bound(const ChartPoint& next) override {
        if (!std::isfinite(next.mean)) return not_a_number;
        points_.push_back(usable(next));
        const double result = points_.back().previous > 0.0 ? least_count() : not_a_number;
        points_.pop_back();
        return result;
    }

  private:
    struct Windows {  // beginnings of windows that end with the last point
        std::size_t first;
        std::size_t end;
    };

    Windows windows() const noexcept {
        const std::size_t n = points_.size();
        if (n < options_->min_window) return {0, 0};
        const std::size_t longest = options_->window == 0 ? n : std::min(n, options_->window + 1);
        return {n - longest, n - options_->min_window + 1};
    }

    // A count that is not known infects nobody. Nor, in the package, does the one before the first chart.
    ChartPoint usable(ChartPoint point) const noexcept {
        const bool is_first = points_.empty() && !begun_before_;
        if (std::isnan(point.previous) || (options_->compat && is_first)) point.previous = 0.0;
        return point;
    }

    // Log likelihood ratio of a point, if its mean were `mean`.
    double term(const ChartPoint& point, double mean) const noexcept {
        const double growth = point.count > 0.0 ? point.count * std::log(mean / point.mean) : 0.0;
        if (alpha_ == 0.0) return growth - (mean - point.mean);
        return growth - (point.count + 1.0 / alpha_) *
                            std::log1p(alpha_ * (mean - point.mean) / (1.0 + alpha_ * point.mean));
    }

    double ratio(std::size_t begin, double lambda) const noexcept {
        double sum = 0.0;
        for (std::size_t i = begin; i < points_.size(); ++i)
            sum += term(points_[i], points_[i].mean + lambda * points_[i].previous);
        return sum;
    }

    struct Derivatives {
        double slope;
        double curvature;
    };

    Derivatives derivatives(std::size_t begin, double lambda) const noexcept {
        Derivatives sums{0.0, 0.0};
        for (std::size_t i = begin; i < points_.size(); ++i) {
            const auto& [count, in_control, previous] = points_[i];
            const double mean = in_control + lambda * previous;
            const double spread = 1.0 + alpha_ * mean;
            sums.slope += previous * (count - mean) / (mean * spread);
            sums.curvature += previous * previous *
                              (alpha_ * (alpha_ * count + 1.0) / (spread * spread) - count / (mean * mean));
        }
        return sums;
    }

    // The lambda between two where the slope passes from above 0 to below: Newton's method, kept between.
    double peak(std::size_t begin, double low, double high) const noexcept {
        double lambda = 0.5 * (low + high);
        for (int i = 0; i < 200; ++i) {
            const auto [slope, curvature] = derivatives(begin, lambda);
            (slope > 0.0 ? low : high) = lambda;
            double next = lambda - slope / curvature;
            const bool is_between = next > low && next < high;
            if (!is_between) next = 0.5 * (low + high);
            const double step = std::abs(next - lambda);
            lambda = next;
            if (step <= 1e-9 * high) break;
        }
        return lambda;
    }

    double greatest_ratio_of(std::size_t begin, double greatest_lambda) const noexcept {
        double greatest = 0.0;
        double low = 0.0;
        bool rises = derivatives(begin, 0.0).slope > 0.0;
        for (const double share : shares) {
            const double high = share * greatest_lambda;
            const bool still_rises = derivatives(begin, high).slope > 0.0;
            if (rises && !still_rises) greatest = std::max(greatest, ratio(begin, peak(begin, low, high)));
            low = high;
            rises = still_rises;
        }
        return greatest;
    }

    // Of all windows; or what is known to be `enough`. No window has more than its points would have if
    // each had a lambda of its own.
    double greatest_ratio(double enough) {
        const auto [first, end] = windows();
        const std::size_t n = points_.size();
        at_most_.assign(n + 1, 0.0);
        lambdas_.assign(n + 1, 0.0);
        for (std::size_t i = n; i-- > first;) {
            const ChartPoint& point = points_[i];
            const bool is_high = point.previous > 0.0 && point.count > point.mean;
            at_most_[i] = at_most_[i + 1] + (is_high ? term(point, point.count) : 0.0);
            const double lambda = is_high ? (point.count - point.mean) / point.previous : 0.0;
            lambdas_[i] = std::max(lambdas_[i + 1], lambda);
        }
        double greatest = 0.0;
        for (std::size_t begin = first; begin < end && greatest < enough; ++begin) {
            if (at_most_[begin] > greatest)
                greatest = std::max(greatest, greatest_ratio_of(begin, lambdas_[begin]));
        }
        return greatest;
    }

    // Steps that double until the count of the last point raises an alarm, then halves of them.
    double least_count() {
        const auto reaches = [this](double count) {
            points_.back().count = count;
            return greatest_ratio(options_->threshold) >= options_->threshold;
        };
        if (windows().end == 0) return not_a_number;
        double low = -1.0;
        double high = std::ceil(points_.back().mean);
        for (double step = 1.0; !reaches(high); step *= 2.0) {
            low = high;
            high += step;
            if (high > greatest_bound) return not_a_number;
        }
        while (high - low > 1.0) {
            const double middle = std::floor(0.5 * (low + high));
            (reaches(middle) ? high : low) = middle;
        }
        return high;
    }

    // ---- the package

    // Newton's method for log(lambda), which flees from windows that show no epidemic and from there finds
    // nothing in those that do.
    double package_poisson() const noexcept {
        double greatest = 0.0;
        double lambda = package_start;
        const auto [first, end] = windows();
        for (std::size_t begin = first; begin < end; ++begin) {
            double shift = std::log(lambda);
            double last = not_a_number;
            for (int i = 0; i < package_steps && shift > package_least; ++i) {
                if (std::abs(std::exp(shift) - last) <= package_step) break;
                last = std::exp(shift);
                const auto [slope, curvature] = derivatives(begin, last);
                shift -= slope * last / (slope * last + curvature * last * last);
            }
            lambda = std::exp(shift);
            greatest = std::fmax(greatest, ratio(begin, lambda));
        }
        return greatest;
    }

    // The parameter is that of a lasting shift, exp(k) * mean, and taken for log(lambda).
    double package_negative_binomial() const noexcept {
        double greatest = 0.0;
        double shift = package_start;
        const auto [first, end] = windows();
        for (std::size_t begin = first; begin < end; ++begin) {
            double last = not_a_number;
            for (int i = 0; i < package_steps && shift > package_least; ++i) {
                if (std::abs(shift - last) <= package_step) break;
                last = shift;
                shift += step_of_shift(begin, shift);
            }
            greatest = std::fmax(greatest, ratio(begin, std::exp(shift)));
        }
        return greatest;
    }

    double step_of_shift(std::size_t begin, double shift) const noexcept {
        const double factor = std::exp(shift);
        double slope = 0.0;
        double information = 0.0;
        for (std::size_t i = begin; i < points_.size(); ++i) {
            const double spread = 1.0 + alpha_ * factor * points_[i].mean;
            slope += (points_[i].count - factor * points_[i].mean) / spread;
            information += points_[i].mean * (alpha_ * points_[i].count + 1.0) / (spread * spread);
        }
        return slope / (factor * information);
    }

    const GlrOptions* options_;
    double alpha_;
    bool begun_before_ = false;
    std::vector<ChartPoint> points_;
    std::vector<double> at_most_;  // ratio of the windows from each point on
    std::vector<double> lambdas_;  // greatest that can be the best for them
};

}  // namespace

std::unique_ptr<GlrChart> epidemic_chart(const GlrOptions& options, double alpha) {
    return std::make_unique<EpidemicChart>(options, alpha);
}

}  // namespace enteroscan
