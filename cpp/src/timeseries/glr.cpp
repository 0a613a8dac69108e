#include "enteroscan/timeseries/glr.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "timeseries/distributions.hpp"
#include "timeseries/glr_chart.hpp"
#include "timeseries/log_linear.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

constexpr double least_shift = -18.0;  // a mean of 0, as far as counts can tell
constexpr double greatest_bound = 1e12;
constexpr double least_step = 1e-6;   // what is left then is its square
constexpr double longest_step = 2.0;  // of Newton's method, which goes astray for tiny means

// log(1 + x) = log(u) x / (u - 1) with u = 1 + x rounded: the error of rounding cancels (Kahan).
template <typename Array>
auto log_of_1_plus(const Array& x) {
    const auto u = (1.0 + x).eval();
    return (u == 1.0).select(x, u.log() * x / (u - 1.0)).eval();
}

constexpr std::array grid = {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25,
                             1.5, 1.8, 2.2, 2.7, 3.3, 4.0, 5.0,  6.5, 9.0, 14.0};
using OnGrid = Eigen::Array<double, grid.size(), 1>;

// Log likelihood ratios of the windows of a chart at the shifts of a grid, as differences of sums over its
// points. A ratio is concave in the shift, so that these are close limits of what it can be between them.
class ShiftGrid {
  public:
    // What is known about the greatest ratio of a window: it is reached, not exceeded, and near that shift.
    struct Bracket {
        std::size_t begin;
        double reached;
        double at_most;
        double shift;
    };

    ShiftGrid(double sign, double alpha) : sign_(sign), alpha_(alpha) {
        shifts_ = sign * Eigen::Map<const OnGrid>(grid.data());
        factors_ = shifts_.exp();
    }

    void clear() noexcept {
        sums_.assign(1, {OnGrid::Zero(), OnGrid::Zero(), OnGrid::Zero()});
        cusums_.setZero();
    }

    void push(double count, double weight, double mean) {
        set_mean(mean);
        const Terms& last = sums_.back();
        sums_.push_back({last.ratio + term(count, weight), last.slope + sign_ * (count - weight * shares_),
                         last.curvature + weight * spreads_});
    }

    void pop() noexcept { sums_.pop_back(); }

    // Makes the point that was pushed last one of the chart's.
    void keep(double count, double weight) { cusums_ = cusums_.max(0.0) + term(count, weight); }

    // The least count, not rounded, with which one of the shifts reaches the threshold at the next point.
    double bound(double threshold, double mean) {
        set_mean(mean);
        return ((threshold - cusums_.max(0.0) - ratios_ / alpha_) / (shifts_ + ratios_))
            .tail<grid.size() - 1>()
            .minCoeff();
    }

    // Of the window that begins with point `begin`. `at` is the place on the grid where the last one was.
    Bracket bracket(std::size_t begin, std::size_t& at) const noexcept {
        const Terms& end = sums_.back();
        const Terms& start = sums_[begin];
        const auto slope = [&](std::size_t i) { return end.slope[index(i)] - start.slope[index(i)]; };
        const auto ratio = [&](std::size_t i) { return end.ratio[index(i)] - start.ratio[index(i)]; };
        while (at + 1 < grid.size() && slope(at + 1) > 0.0) ++at;
        while (at > 0 && slope(at) <= 0.0) --at;
        if (slope(at) <= 0.0) return {begin, 0.0, 0.0, 0.0};
        const double left = slope(at);
        if (at + 1 == grid.size())
            return {begin, ratio(at), std::numeric_limits<double>::infinity(), shifts_[index(at)]};
        const double right = slope(at + 1);
        const double curvature = end.curvature[index(at)] - start.curvature[index(at)];
        const double rounding =
            1e-11 * (1.0 + std::abs(end.ratio[index(at + 1)]) + std::abs(start.ratio[index(at + 1)]));
        const double at_most = std::min(ratio(at) + left * left / (2.0 * curvature),
                                        ratio(at + 1) + right * right / (2.0 * curvature));
        return {begin, std::max(ratio(at), ratio(at + 1)) - rounding,
                curvature > 0.0 ? at_most + rounding : std::numeric_limits<double>::infinity(),
                shifts_[index(at)] + left / (left - right) * (shifts_[index(at + 1)] - shifts_[index(at)])};
    }

  private:
    struct Terms {
        OnGrid ratio;      // log likelihood ratio
        OnGrid slope;      // its derivative
        OnGrid curvature;  // least second derivative, with the other sign, up to the next shift
    };

    static Eigen::Index index(std::size_t i) noexcept { return static_cast<Eigen::Index>(i); }

    OnGrid term(double count, double weight) const { return shifts_ * count + weight * ratios_; }

    void set_mean(double mean) {
        if (mean == mean_) return;
        mean_ = mean;
        const OnGrid odds = alpha_ * mean * factors_;
        ratios_ = std::log1p(alpha_ * mean) - log_of_1_plus(odds);
        shares_ = odds / (1.0 + odds);
        // Between two shifts it is least at one of them: it grows up to odds of 1 and then falls.
        spreads_ = shares_ * (1.0 - shares_);
        for (Eigen::Index i = 0; i + 1 < spreads_.size(); ++i)
            spreads_[i] = std::min(spreads_[i], spreads_[i + 1]);
    }

    double sign_;
    double alpha_;
    OnGrid shifts_;
    OnGrid factors_;
    std::vector<Terms> sums_{1, {OnGrid::Zero(), OnGrid::Zero(), OnGrid::Zero()}};
    OnGrid cusums_ = OnGrid::Zero();  // of known shifts
    double mean_ = not_a_number;      // what the following belong to
    OnGrid ratios_;                   // log((1 + alpha mean) / (1 + alpha mean e^k))
    OnGrid shares_;                   // expected of count + 1 / alpha
    OnGrid spreads_;
};

// Chart for a mean that becomes exp(k) * mean. The oldest points come first.
class ShiftChart final : public GlrChart {
  public:
    ShiftChart(const GlrOptions& options, double alpha)
        : options_(&options),
          alpha_(alpha),
          grid_(options.direction == ShiftDirection::increase ? 1.0 : -1.0, alpha) {}

    void clear() noexcept override {
        counts_.clear();
        means_.clear();
        weights_.clear();
        odds_.clear();
        base_.assign(1, 0.0);
        grid_.clear();
        cusum_ = 0.0;
    }

    void add(const ChartPoint& point) override {
        push(point.count, point.mean);
        if (!knows_shift() && alpha_ > 0.0) grid_.keep(point.count, weights_.back());
    }

    double statistic() override {
        if (knows_shift()) return cusum_;
        return alpha_ > 0.0 ? negative_binomial() : poisson();
    }

    double bound(const ChartPoint& next) override {
        if (options_->direction == ShiftDirection::decrease) return not_a_number;
        if (knows_shift()) return known_shift_bound(next.mean);
        return alpha_ > 0.0 ? negative_binomial_bound(next.mean) : poisson_bound(next.mean);
    }

  private:
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
            grid_.push(count, weights_.back(), mean);
        }
    }

    void pop() {
        counts_.pop_back();
        means_.pop_back();
        if (alpha_ > 0.0) {
            weights_.pop_back();
            odds_.pop_back();
            base_.pop_back();
            grid_.pop();
        }
    }

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
        return shift * cases + base_.back() - base_[begin] - (weights * log_of_1_plus(odds * factor)).sum();
    }

    // The greatest log likelihood ratio of all windows; or one that is known to be `enough`, or what is less.
    double negative_binomial(double enough = std::numeric_limits<double>::infinity()) {
        if (options_->compat) return package_negative_binomial();
        double reached = 0.0;
        std::size_t at = 0;
        brackets_.clear();
        const auto [first, end] = windows(counts_.size(), false);
        for (std::size_t begin = end; begin-- > first;) {
            const ShiftGrid::Bracket bracket = grid_.bracket(begin, at);
            reached = std::max(reached, bracket.reached);
            if (reached >= enough) return reached;
            if (bracket.at_most > reached) brackets_.push_back(bracket);
        }
        double greatest = 0.0;
        const double interesting = std::isfinite(enough) ? enough : reached;
        for (const ShiftGrid::Bracket& bracket : brackets_) {
            if (bracket.at_most < std::max(greatest, interesting)) continue;
            double cases = 0.0;
            for (std::size_t i = bracket.begin; i < counts_.size(); ++i) cases += counts_[i];
            const double shift = best_shift(bracket.begin, cases, bracket.shift, longest_step);
            if (sign() * shift > 0.0) greatest = std::max(greatest, log_ratio(bracket.begin, cases, shift));
        }
        return greatest;
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
            const double ratio = negative_binomial(options_->threshold);
            pop();
            return ratio >= options_->threshold;
        };
        // Steps that double until the bound lies between `low`, which does not reach the threshold, and
        // `high`.
        double high = std::max(0.0, std::ceil(grid_.bound(options_->threshold, mean) - 1e-9));
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

    const GlrOptions* options_;
    double alpha_;
    std::vector<double> counts_;
    std::vector<double> means_;
    std::vector<double> weights_;  // x + 1 / alpha
    std::vector<double> odds_;     // alpha mu
    std::vector<double> base_{0.0};
    ShiftGrid grid_;
    std::vector<ShiftGrid::Bracket> brackets_;  // windows that may be the greatest
    double cusum_ = 0.0;
};

std::unique_ptr<GlrChart> chart_of(const GlrOptions& options, double alpha) {
    if (options.change == MeanChange::epidemic) return epidemic_chart(options, alpha);
    return std::make_unique<ShiftChart>(options, alpha);
}

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
        std::unique_ptr<GlrChart> chart = chart_of(options_, mean.alpha);
        for (std::size_t t = std::min(start, points.begin); t < points.end; ++t) {
            control.check();
            Judgement ignored;
            Judgement& result = t < points.begin ? ignored : judgements[t - points.begin];
            if (t < start || !mean.known || !std::isfinite(mean.values[t - fitted_to])) {
                result.reason = t < start || start == 0 ? Reason::too_little_history : Reason::no_convergence;
                continue;
            }
            const double previous = t == 0 ? not_a_number : series.counts[t - 1];
            const ChartPoint point{series.counts[t], mean.values[t - fitted_to], previous};
            judge_point(point, mean.alpha, *chart, result, t >= points.begin);
            result.dispersion = 1.0 + mean.alpha * result.expected;
            result.trend = options_.trend ? mean.slope : not_a_number;
            if (!result.alarm) continue;
            chart->clear();
            if (options_.refit && t + 1 < points.end) {
                fitted_to = t + 1;
                // The package keeps the overdispersion of its first fit.
                const auto alpha = options_.compat ? std::optional<double>(mean.alpha) : options_.alpha;
                mean = mean_of(series.counts, fitted_to, points.end, alpha);
                chart = chart_of(options_, mean.alpha);
                chart->clear();
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

    void judge_point(const ChartPoint& point, double alpha, GlrChart& chart, Judgement& result,
                     bool wanted) const {
        result.expected = point.mean;
        if (wanted) result.upper_bound = chart.bound(point);
        if (std::isnan(point.count)) {
            result.score = chart.statistic();
            result.reason = Reason::missing_count;
            return;
        }
        chart.add(point);
        result.score = chart.statistic();
        const auto law = alpha > 0.0 ? CountDistribution::of_size(point.mean, 1.0 / alpha)
                                     : CountDistribution::poisson(point.mean);
        result.p_value = law.upper_tail(point.count);
        result.alarm =
            options_.log_shift ? result.score > options_.threshold : result.score >= options_.threshold;
    }

    GlrOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> glr(const GlrOptions& options) {
    check_option(options.threshold > 0.0, "the threshold must be positive");
    check_option(options.period > 0.0, "the period must be positive");
    check_option(!options.alpha || *options.alpha >= 0.0, "alpha, the overdispersion, must be 0 or more");
    check_option(!options.log_shift || *options.log_shift != 0.0, "log_shift = 0 is no shift");
    check_option(options.change == MeanChange::shift ||
                     (!options.log_shift && options.direction == ShiftDirection::increase),
                 "an epidemic is an increase, and log_shift is not known of it");
    check_option(options.min_window >= 1, "min_window must be 1 or more");
    check_option(options.window == 0 || options.window + 1 >= options.min_window,
                 "window is shorter than min_window");
    return std::make_unique<Glr>(options);
}

}  // namespace enteroscan
