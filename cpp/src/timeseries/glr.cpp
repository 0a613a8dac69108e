#include "enteroscan/timeseries/glr.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "timeseries/distributions.hpp"
#include "timeseries/log_linear.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

constexpr double least_shift = -18.0;  // a mean of 0, as far as counts can tell
constexpr double greatest_bound = 1e12;
constexpr double least_step = 1e-6;   // what is left then is its square
constexpr double longest_step = 2.0;  // of Newton's method, which goes astray for tiny means

// The points since a chart began. The oldest come first.
class Chart {
  public:
    Chart(const GlrOptions& options, double alpha) : options_(&options), alpha_(alpha) {}

    void clear() noexcept {
        counts_.clear();
        means_.clear();
        weights_.clear();
        odds_.clear();
        base_.assign(1, 0.0);
        scores_.clear();
        informations_.clear();
        cusum_ = 0.0;
        grid_cusums_ = {};
    }

    // Adds a point for good.
    void add(double count, double mean) {
        push(count, mean);
        if (!knows_shift() && alpha_ > 0.0) push_grid(count, mean);
    }

    bool knows_shift() const noexcept { return options_->log_shift.has_value(); }
    double known_shift() const noexcept { return options_->log_shift.value_or(0.0); }

    void push(double count, double mean) {
        if (knows_shift()) {
            cusum_ = std::max(0.0, cusum_ + increment(count, mean));
            return;
        }
        counts_.push_back(count);
        means_.push_back(mean);
        if (alpha_ > 0.0) {
            weights_.push_back(count + 1.0 / alpha_);
            odds_.push_back(alpha_ * mean);
            base_.push_back(base_.back() + weights_.back() * std::log1p(odds_.back()));
            const double inverse = 1.0 / (1.0 + odds_.back());
            scores_.push_back((count - mean) * inverse);
            informations_.push_back(weights_.back() * odds_.back() * inverse * inverse);
        }
    }

    void pop() {
        counts_.pop_back();
        means_.pop_back();
        if (alpha_ > 0.0) {
            weights_.pop_back();
            odds_.pop_back();
            base_.pop_back();
            scores_.pop_back();
            informations_.pop_back();
        }
    }

    double statistic() const {
        if (knows_shift()) return cusum_;
        if (alpha_ == 0.0) return poisson();
        // Few windows can be above what is known to be reached; none but by a rounding error.
        if (const double reached = reached_by_grid(); reached > 0.0)
            if (const double greatest = negative_binomial(reached, false); greatest > 0.0) return greatest;
        return negative_binomial();
    }

    bool alarms(double statistic) const noexcept {
        return knows_shift() ? statistic > options_->threshold : statistic >= options_->threshold;
    }

    // The least count that would raise an alarm as the next point.
    double bound(double mean) {
        if (options_->direction == ShiftDirection::decrease) return not_a_number;
        if (knows_shift()) return known_shift_bound(mean);
        return alpha_ > 0.0 ? negative_binomial_bound(mean) : poisson_bound(mean);
    }

    // Chance of a count of `count` or more at one point.
    double upper_tail(double count, double mean) const {
        return alpha_ > 0.0 ? CountDistribution::of_size(mean, 1.0 / alpha_).upper_tail(count)
                            : CountDistribution::poisson(mean).upper_tail(count);
    }

  private:
    struct Windows {  // beginnings of windows that end with the last point
        std::size_t first;
        std::size_t end;
    };

    Windows windows(std::size_t n, bool is_poisson) const noexcept {
        std::size_t shortest = options_->min_window;
        if (is_poisson && options_->compat) shortest = options_->window == 0 ? 1 : shortest + 1;
        if (n < shortest) return {0, 0};
        const std::size_t longest = options_->window == 0 ? n : std::min(n, options_->window + 1);
        return {n - longest, n - shortest + 1};
    }

    double sign() const noexcept { return options_->direction == ShiftDirection::increase ? 1.0 : -1.0; }

    // ---- known shift

    double increment(double count, double mean) const noexcept {
        const double k = known_shift();
        if (alpha_ == 0.0) return k * count + (1.0 - std::exp(k)) * mean;
        return k * count + (count + 1.0 / alpha_) * log_odds_ratio(mean);
    }

    double log_odds_ratio(double mean) const noexcept {
        return std::log((1.0 + alpha_ * mean) / (1.0 + alpha_ * mean * std::exp(known_shift())));
    }

    double known_shift_bound(double mean) const noexcept {
        const double k = known_shift();
        if (k < 0.0) return not_a_number;
        const double missing = options_->threshold - cusum_;
        if (alpha_ == 0.0) return std::max(0.0, (missing - (1.0 - std::exp(k)) * mean) / k);
        const double ratio = log_odds_ratio(mean);
        return std::max(0.0, (missing - ratio / alpha_) / (k + ratio));
    }

    // ---- Poisson, unknown shift

    double ratio_of_sums(double cases, double mean) const noexcept {
        // Without cases the package has no logarithm, and no statistic.
        if (cases == 0.0)
            return options_->direction == ShiftDirection::decrease && !options_->compat ? mean : 0.0;
        const double k = std::log(cases / mean);
        return k * sign() > 0.0 ? k * cases + mean - cases : 0.0;
    }

    double poisson() const noexcept {
        double greatest = 0.0;
        double cases = 0.0;
        double mean = 0.0;
        const auto [first, end] = windows(counts_.size(), true);
        for (std::size_t i = counts_.size(); i-- > first;) {
            cases += counts_[i];
            mean += means_[i];
            if (i < end) greatest = std::max(greatest, ratio_of_sums(cases, mean));
        }
        return greatest;
    }

    double poisson_bound(double mean) const {
        double least = std::numeric_limits<double>::infinity();
        double cases = 0.0;
        double sum = mean;
        const std::size_t n = counts_.size() + 1;
        const auto [first, end] = windows(n, true);
        for (std::size_t i = n; i-- > first;) {
            if (i + 1 < n) {
                cases += counts_[i];
                sum += means_[i];
            }
            if (i >= end) continue;
            if (std::isfinite(least) && ratio_of_sums(cases + least - 1.0, sum) < options_->threshold)
                continue;
            least = std::min(least, least_poisson(cases, sum));
        }
        return std::isfinite(least) ? least : not_a_number;
    }

    // The least whole number that, added to the cases of a window, reaches the threshold: Newton's method
    // for S log(S / m) - S + m = threshold, S > m.
    double least_poisson(double cases, double mean) const {
        const double threshold = options_->threshold;
        double s = mean + std::sqrt(2.0 * threshold * mean) + threshold;
        for (int i = 0; i < 50; ++i) {
            const double slope = std::log(s / mean);
            const double step = (s * slope - s + mean - threshold) / slope;
            s -= step;
            if (std::abs(step) < 1e-9 * s) break;
        }
        double x = std::max(0.0, std::ceil(s - cases - 1e-6));
        while (ratio_of_sums(cases + x, mean) < threshold) x += 1.0;
        return x;
    }

    // ---- negative binomial, unknown shift

    // The shift of greatest likelihood for the window that begins with point `begin`, by Newton's method.
    double best_shift(std::size_t begin, double cases, double shift, double at_most) const {
        const auto n = static_cast<Eigen::Index>(counts_.size() - begin);
        const Eigen::Map<const Eigen::ArrayXd> weights(weights_.data() + begin, n);
        const Eigen::Map<const Eigen::ArrayXd> odds(odds_.data() + begin, n);
        for (int i = 0; i < 100 && shift > least_shift; ++i) {
            const double factor = std::exp(shift);
            double expected = 0.0;
            double information = 0.0;
            std::array<double, 2> lanes{};  // of the two sums each, so that additions need not wait
            std::array<double, 2> information_lanes{};
            Eigen::Index j = 0;
            for (; j + 1 < n; j += 2) {
                for (Eigen::Index lane = 0; lane < 2; ++lane) {
                    const double inverse = 1.0 / (1.0 + odds[j + lane] * factor);
                    const double term = weights[j + lane] * (1.0 - inverse);
                    lanes[static_cast<std::size_t>(lane)] += term;
                    information_lanes[static_cast<std::size_t>(lane)] += term * inverse;
                }
            }
            if (j < n) {
                const double inverse = 1.0 / (1.0 + odds[j] * factor);
                expected = weights[j] * (1.0 - inverse);
                information = expected * inverse;
            }
            expected += lanes[0] + lanes[1];
            information += information_lanes[0] + information_lanes[1];
            const double step = std::clamp((cases - expected) / information, -at_most, at_most);
            shift += step;
            if (!(std::abs(step) >= least_step)) break;
        }
        return shift;
    }

    double log_ratio(std::size_t begin, double cases, double shift) const {
        const auto n = static_cast<Eigen::Index>(counts_.size() - begin);
        const Eigen::Map<const Eigen::ArrayXd> weights(weights_.data() + begin, n);
        const Eigen::Map<const Eigen::ArrayXd> odds(odds_.data() + begin, n);
        const double factor = std::exp(shift);
        // log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: the error of rounding cancels (Kahan).
        const auto x = odds * factor;
        const auto u = 1.0 + x;
        const auto logs = (u == 1.0).select(x, u.log() * x / (u - 1.0));
        return shift * cases + base_.back() - base_[begin] - (weights * logs).sum();
    }

    // The greatest log likelihood ratio of all windows that is at least `least`, or the first of them; 0
    // where there is none.
    double negative_binomial(double least = 0.0, bool first_will_do = false) const {
        if (options_->compat) return package_negative_binomial();
        double greatest = least * (1.0 - 1e-12);
        double cases = 0.0;
        double mean = 0.0;
        double slope = 0.0;
        double greatest_odds = 0.0;
        double score = 0.0;  // at a shift of 0
        double information = 0.0;
        bool found = false;
        const auto [first, end] = windows(counts_.size(), false);
        for (std::size_t i = counts_.size(); i-- > first;) {
            cases += counts_[i];
            mean += means_[i];
            score += scores_[i];
            information += informations_[i];
            slope += weights_[i] * odds_[i];
            greatest_odds = std::max(greatest_odds, odds_[i]);
            if (i >= end || sign() * score <= 0.0) continue;
            // The likelihood ratio is concave in the shift k: it cannot be above the tangent at 0, nor k be
            // so great that e^k slope / (1 + e^k greatest_odds) is above the cases.
            const double rest = slope - cases * greatest_odds;
            // Right where the mean is constant, whichever it is.
            const double factor = cases / (rest > 0.0 ? rest : mean);
            const bool is_limit = sign() > 0.0 && rest > 0.0;
            if (is_limit && score * (factor - 1.0) <= greatest) continue;  // log(x) <= x - 1
            // Up to a shift with e^k odds^2 <= 1 the information is at least that at 0, and the likelihood
            // ratio below a parabola.
            const double curvature =
                is_limit && greatest_odds * greatest_odds * factor <= 1.0 ? information : 0.0;
            if (curvature > 0.0 && score * score <= 2.0 * curvature * greatest) continue;
            const auto ceiling = [&](double k) {
                return k * curvature < score ? k * (score - 0.5 * k * curvature)
                                             : 0.5 * score * score / curvature;
            };
            const double start = std::log(factor);
            if (is_limit && ceiling(start) <= greatest) continue;
            const double shift = best_shift(i, cases, std::max(start, 0.5 * least_shift), longest_step);
            if (sign() > 0.0 ? ceiling(shift) <= greatest : score * shift <= greatest) continue;
            const double ratio = log_ratio(i, cases, shift);
            if (ratio <= greatest) continue;
            greatest = ratio;
            found = true;
            if (first_will_do && ratio >= least) break;
        }
        return found ? greatest : 0.0;
    }

    // Longest windows first, each from where the last one ended and with steps of any length, after which
    // the package has no result.
    double package_negative_binomial() const {
        const auto [first, end] = windows(counts_.size(), false);
        double cases = 0.0;
        for (std::size_t i = first; i < counts_.size(); ++i) cases += counts_[i];
        double greatest = 0.0;
        double shift = 0.5;
        for (std::size_t i = first; i < end; ++i) {
            if (!std::isfinite(shift) || shift <= least_shift) shift = 0.0;
            shift = best_shift(i, cases, shift, std::numeric_limits<double>::infinity());
            const double used = sign() * shift > 0.0 ? shift : 0.0;
            const double ratio = used == 0.0 ? 0.0 : log_ratio(i, cases, used);
            greatest = std::max(greatest, ratio);
            cases -= counts_[i];
        }
        return greatest;
    }

    // For a shift k that is known, the least count follows from the CUSUM of that k. The least over a grid of
    // shifts is near the bound, or on it; what is left are a few steps.
    double negative_binomial_bound(double mean) {
        if (windows(counts_.size() + 1, false).end == 0 || !std::isfinite(mean)) return not_a_number;
        const auto reaches = [&](double count) {
            push(count, mean);
            const double ratio = negative_binomial(options_->threshold, true);
            pop();
            return ratio >= options_->threshold;
        };
        // Steps that double until the bound lies between `low`, which does not reach the threshold, and
        // `high`.
        double high = std::max(0.0, std::ceil(bound_of_grid(mean) - 1e-9));
        if (!(high < greatest_bound)) return not_a_number;
        double low = high - 1.0;
        if (reaches(high)) {
            for (double step = 1.0; low >= 0.0 && reaches(low); step *= 2.0) {
                high = low;
                low = std::max(-1.0, low - step);
            }
        } else {
            double step = 1.0;
            do {
                low = high;
                high += step;
                step *= 2.0;
                if (high > greatest_bound) return not_a_number;
            } while (!reaches(high));
        }
        while (high - low > 1.0) {
            const double middle = std::floor(0.5 * (low + high));
            (reaches(middle) ? high : low) = middle;
        }
        return high;
    }

    static constexpr std::array grid = {0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.2,  1.5,
                                        1.8, 2.2, 2.7, 3.3, 4.0, 5.0,  6.5, 8.5, 11.0, 14.0};
    inline static const std::array<double, grid.size()> grid_factors = [] {
        std::array<double, grid.size()> factors{};
        std::transform(grid.begin(), grid.end(), factors.begin(), [](double k) { return std::exp(k); });
        return factors;
    }();

    // A log likelihood ratio that the greatest one of all windows is not below.
    double reached_by_grid() const noexcept {
        const bool has_all_windows = options_->window == 0 && options_->min_window == 1;
        if (!has_all_windows || options_->compat || options_->direction == ShiftDirection::decrease)
            return 0.0;
        return *std::max_element(grid_cusums_.begin(), grid_cusums_.end());
    }

    double bound_of_grid(double mean) {
        double least = std::numeric_limits<double>::infinity();
        set_grid_ratios(mean);
        for (std::size_t i = 0; i < grid.size(); ++i) {
            const double ratio = grid_ratios_[i];
            const double missing = options_->threshold - std::max(0.0, grid_cusums_[i]) - ratio / alpha_;
            least = std::min(least, missing / (grid[i] + ratio));
        }
        return least;
    }

    void push_grid(double count, double mean) {
        set_grid_ratios(mean);
        for (std::size_t i = 0; i < grid.size(); ++i)
            grid_cusums_[i] =
                std::max(0.0, grid_cusums_[i]) + grid[i] * count + (count + 1.0 / alpha_) * grid_ratios_[i];
    }

    // log((1 + alpha mean) / (1 + alpha mean e^k)) for all shifts k of the grid.
    void set_grid_ratios(double mean) {
        if (mean == grid_mean_) return;
        grid_mean_ = mean;
        const Eigen::Map<const Eigen::Array<double, grid.size(), 1>> factors(grid_factors.data());
        Eigen::Map<Eigen::Array<double, grid.size(), 1>> ratios(grid_ratios_.data());
        ratios = std::log(1.0 + alpha_ * mean) - (1.0 + alpha_ * mean * factors).log();
    }

    const GlrOptions* options_;
    double alpha_;
    std::vector<double> counts_;
    std::vector<double> means_;
    std::vector<double> weights_;  // x + 1 / alpha
    std::vector<double> odds_;     // alpha mu
    std::vector<double> base_{0.0};
    std::vector<double> scores_;        // derivatives of the log likelihood ratio at a shift of 0,
    std::vector<double> informations_;  // first and second, the latter with the other sign
    double cusum_ = 0.0;
    std::array<double, grid.size()> grid_cusums_{};  // of known shifts
    std::array<double, grid.size()> grid_ratios_{};
    double grid_mean_ = not_a_number;
};

// The in-control mean of the points from `start` on.
struct Mean {
    bool known = false;
    double alpha = 0.0;
    double slope = 0.0;
    std::vector<double> values;
};

class Glr final : public Detector {
  public:
    explicit Glr(const GlrOptions& options) : options_(options) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        const std::size_t start = options_.training == 0 ? points.begin : options_.training;
        std::size_t fitted_to = start;
        Mean mean = mean_of(series.counts, start, points.end, options_.alpha);
        Chart chart(options_, mean.alpha);
        for (std::size_t t = std::min(start, points.begin); t < points.end; ++t) {
            control.check();
            Judgement ignored;
            Judgement& result = t < points.begin ? ignored : judgements[t - points.begin];
            if (t < start || !mean.known || !std::isfinite(mean.values[t - fitted_to])) {
                result.reason = t < start || start == 0 ? Reason::too_little_history : Reason::no_convergence;
                continue;
            }
            judge_point(series.counts[t], mean.values[t - fitted_to], chart, result, t >= points.begin);
            result.dispersion = 1.0 + mean.alpha * result.expected;
            result.trend = options_.trend ? mean.slope : not_a_number;
            if (!result.alarm) continue;
            chart.clear();
            if (options_.refit && t + 1 < points.end) {
                fitted_to = t + 1;
                // The package keeps the overdispersion of its first fit.
                const auto alpha = options_.compat ? std::optional<double>(mean.alpha) : options_.alpha;
                mean = mean_of(series.counts, fitted_to, points.end, alpha);
                chart = Chart(options_, mean.alpha);
            }
        }
    }

  private:
    Mean mean_of(std::span<const double> counts, std::size_t start, std::size_t end,
                 const std::optional<double>& alpha) const {
        Mean result;
        if (start == 0 || end <= start) return result;
        const HarmonicDesign design(start, options_.period, options_.harmonics, options_.trend);
        double size = not_a_number;  // to be estimated
        if (alpha) size = *alpha == 0.0 ? 0.0 : 1.0 / *alpha;
        const LogLinearFit fit = fit_harmonics(counts, start, design, size, options_.compat);
        if (!fit.finished) return result;
        result.known = true;
        // A size that grows without limit is a Poisson distribution.
        result.alpha = fit.size > 0.0 ? 1.0 / fit.size : 0.0;
        result.slope = design.slope(fit.coefficients);
        for (std::size_t t = start; t < end; ++t)
            result.values.push_back(std::exp(design.row(static_cast<double>(t + 1)).dot(fit.coefficients)));
        return result;
    }

    static void judge_point(double count, double mean, Chart& chart, Judgement& result, bool wanted) {
        result.expected = mean;
        if (wanted) result.upper_bound = chart.bound(mean);
        if (std::isnan(count)) {
            result.score = chart.statistic();
            result.reason = Reason::missing_count;
            return;
        }
        chart.add(count, mean);
        result.score = chart.statistic();
        result.p_value = chart.upper_tail(count, mean);
        result.alarm = chart.alarms(result.score);
    }

    GlrOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> glr(const GlrOptions& options) {
    check_option(options.threshold > 0.0, "the threshold must be positive");
    check_option(options.period > 0.0, "the period must be positive");
    check_option(!options.alpha || *options.alpha >= 0.0, "alpha, the overdispersion, must be 0 or more");
    check_option(!options.log_shift || *options.log_shift != 0.0, "log_shift = 0 is no shift");
    check_option(options.min_window >= 1, "min_window must be 1 or more");
    check_option(options.window == 0 || options.window + 1 >= options.min_window,
                 "window is shorter than min_window");
    return std::make_unique<Glr>(options);
}

}  // namespace enteroscan
