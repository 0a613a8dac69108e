#include "enteroscan/timeseries/essence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "timeseries/distributions.hpp"
#include "timeseries/moments.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

constexpr std::size_t least_ewma = 7;
constexpr std::size_t least_regression = 11;
constexpr double yellow = 0.05;
constexpr double red = 0.01;

// What depends on the length of the baseline only.
struct EwmaScale {
    double degrees_of_freedom;
    double red_quantile;  // of Student's distribution, to five decimals as in the reference
    double yellow_quantile;
};

double to_five_decimals(double x) noexcept { return std::nearbyint(x * 1e5) / 1e5; }

// One smoothed series and its test.
class Smoother {
  public:
    explicit Smoother(double weight) : weight_(weight) {}

    void start(double count) noexcept { value_ = count; }
    void add(double count) noexcept { value_ = weight_ * count + (1.0 - weight_) * value_; }

    // Tests the value against a baseline, and pulls it back to what would just be significant.
    double test(const Moments& base, const EwmaScale& scale, double m, double guard) noexcept {
        const double w = weight_;
        const double correction =
            std::sqrt(w / (2.0 - w) + 1.0 / m -
                      2.0 * std::pow(1.0 - w, guard + 1.0) * (1.0 - std::pow(1.0 - w, m)) / m);
        const double rest = 1.0 - w;
        const double least = w / scale.yellow_quantile * (0.01 + 0.05 * rest * rest);
        const double constant = w / scale.yellow_quantile *
                                (0.1289 - (0.2414 - 0.1826 * rest * rest * rest * rest) * std::log(0.5));
        sigma_ = std::max(least, base.sigma() * correction + constant);
        const double statistic = (value_ - base.mean) / sigma_;
        if (std::abs(statistic) > scale.red_quantile)
            value_ = base.mean + std::copysign(scale.red_quantile * sigma_, statistic);
        return statistic;
    }

    double sigma() const noexcept { return sigma_; }
    double weight() const noexcept { return weight_; }
    double value() const noexcept { return value_; }

  private:
    double weight_;
    double value_ = 0.0;
    double sigma_ = 0.0;
};

class Essence final : public Detector {
  public:
    explicit Essence(EssenceOptions options) : options_(std::move(options)) {
        for (std::size_t m = least_ewma; m <= options_.baseline; ++m) {
            const auto df = static_cast<double>(m - 1);
            scales_.push_back({df, to_five_decimals(student_quantile(1.0 - red, df)),
                               to_five_decimals(student_quantile(1.0 - yellow, df))});
        }
        for (std::size_t m = least_regression; m <= options_.baseline; ++m)
            regression_quantiles_.push_back(
                to_five_decimals(student_quantile(1.0 - yellow, static_cast<double>(m - 8))));
    }

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        check_option(options_.weekdays.empty() || options_.weekdays.size() >= points.end,
                     "fewer weekdays than time points");
        std::vector<double> r_squared(judgements.size(), not_a_number);
        if (options_.method != EssenceMethod::regression)
            moving_averages(series.counts, points, judgements, control);
        if (options_.method == EssenceMethod::ewma) return;
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            Judgement result = judgements[i];
            if (options_.method == EssenceMethod::regression) result.reason = Reason::none;
            const bool done = regression(series.counts, points.begin + i, result, r_squared[i]);
            if (options_.method == EssenceMethod::regression ||
                (done && r_squared[i] >= options_.min_r_squared))
                judgements[i] = result;
        }
    }

  private:
    // ---- moving averages

    // The series itself, or for proportions in units of their median.
    static double unit_of(std::span<const double> counts, std::size_t n) {
        double greatest = 0.0;
        std::vector<double> positive;
        for (const double y : counts.first(n)) {
            if (!(y > 0.0)) continue;
            greatest = std::max(greatest, y);
            positive.push_back(y);
        }
        if (greatest >= 1.0 || positive.empty()) return 1.0;
        std::sort(positive.begin(), positive.end());
        const std::size_t half = positive.size() / 2;
        return positive.size() % 2 == 1 ? positive[half] : 0.5 * (positive[half - 1] + positive[half]);
    }

    void moving_averages(std::span<const double> counts, TimePoints points, std::span<Judgement> judgements,
                         const RunControl& control) const {
        const double unit = options_.scale_proportions ? unit_of(counts, counts.size()) : 1.0;
        std::array<Smoother, 2> smoothers{Smoother(options_.weight_slow), Smoother(options_.weight_quick)};
        bool started = false;
        for (std::size_t t = 0; t < points.end; ++t) {
            if ((t & 0xfff) == 0) control.check();
            const double count = counts[t] / unit;
            Judgement ignored;
            Judgement& result = t < points.begin ? ignored : judgements[t - points.begin];
            if (std::isnan(count)) {
                result.reason = started ? Reason::missing_count : Reason::too_little_history;
                continue;
            }
            for (Smoother& smoother : smoothers) started ? smoother.add(count) : smoother.start(count);
            started = true;
            if (t < least_ewma + options_.guard) {
                result.reason = Reason::too_little_history;
                continue;
            }
            const std::size_t m = std::min(t - options_.guard, options_.baseline);
            test(counts.subspan(t - options_.guard - m, m), unit, count, smoothers, result);
        }
    }

    void test(std::span<const double> baseline, double unit, double count, std::array<Smoother, 2>& smoothers,
              Judgement& result) const {
        Moments base = moments_of(baseline);
        if (base.n < least_ewma) {
            result.reason = Reason::too_little_history;
            return;
        }
        base.mean /= unit;
        base.variance /= unit * unit;
        const EwmaScale& scale = scales_[base.n - least_ewma];
        const auto m = static_cast<double>(base.n);
        const double quantile =
            options_.alpha == red ? scale.red_quantile : student_quantile(1.0 - options_.alpha, m - 1.0);
        result.expected = base.mean * unit;
        for (Smoother& smoother : smoothers) {
            const double before = (smoother.value() - smoother.weight() * count) / (1.0 - smoother.weight());
            const double statistic = smoother.test(base, scale, m, static_cast<double>(options_.guard));
            const double p = student_upper_tail(statistic, m - 1.0);
            // The count that would bring the average to the limit.
            const double limit = base.mean + quantile * smoother.sigma();
            const double bound = (limit - (1.0 - smoother.weight()) * before) / smoother.weight() * unit;
            if (!(result.upper_bound <= bound)) result.upper_bound = bound;
            if (result.p_value <= p) continue;
            result.p_value = p;
            result.score = statistic;
            result.dispersion = smoother.sigma() * smoother.sigma() * unit / std::max(base.mean, 1e-300);
        }
        result.alarm = result.p_value < options_.alpha;
    }

    // ---- regression

    std::size_t weekday(std::size_t t) const noexcept {
        return options_.weekdays.empty() ? t % 7 : options_.weekdays[t];
    }

    // Least squares on a trend and the days of the week. False where the baseline is too short.
    bool regression(std::span<const double> counts, std::size_t t, Judgement& result,
                    double& r_squared) const {
        const double count = counts[t];
        if (t < least_regression + options_.guard) {
            result.reason = Reason::too_little_history;
            return false;
        }
        const std::size_t longest = std::min(t - options_.guard, options_.baseline);
        const std::size_t first = t - options_.guard - longest;
        std::array<double, 7> n{};
        std::array<double, 7> time{};
        std::array<double, 7> cases{};
        for (std::size_t i = 0; i < longest; ++i) {
            const double y = counts[first + i];
            if (std::isnan(y)) continue;
            const std::size_t day = weekday(first + i);
            n[day] += 1.0;
            time[day] += static_cast<double>(i + 1);
            cases[day] += y;
        }
        double m = 0.0;
        double total = 0.0;
        for (std::size_t day = 0; day < 7; ++day) {
            m += n[day];
            total += cases[day];
        }
        const std::size_t today = weekday(t);
        if (m < static_cast<double>(least_regression) || std::count(n.begin(), n.end(), 0.0) > 0) {
            result.reason = Reason::too_little_history;
            return false;
        }
        for (std::size_t day = 0; day < 7; ++day) {
            time[day] /= n[day];
            cases[day] /= n[day];
        }
        double s_tt = 0.0;
        double s_ty = 0.0;
        for (std::size_t i = 0; i < longest; ++i) {
            const double y = counts[first + i];
            if (std::isnan(y)) continue;
            const std::size_t day = weekday(first + i);
            const double centred = static_cast<double>(i + 1) - time[day];
            s_tt += centred * centred;
            s_ty += centred * (y - cases[day]);
        }
        const double slope = s_ty / s_tt;
        double rss = 0.0;
        double tss = 0.0;
        for (std::size_t i = 0; i < longest; ++i) {
            const double y = counts[first + i];
            if (std::isnan(y)) continue;
            const std::size_t day = weekday(first + i);
            const double residual = y - cases[day] - slope * (static_cast<double>(i + 1) - time[day]);
            rss += residual * residual;
            tss += (y - total / m) * (y - total / m);
        }
        const double df = m - 8.0;
        const auto ahead = static_cast<double>(longest + options_.guard + 1);
        const double quantile = regression_quantiles_[static_cast<std::size_t>(m) - least_regression];
        result.expected = std::max(0.0, cases[today] + slope * (ahead - time[today]));
        const double sigma = std::max(
            std::sqrt(rss / df) * std::sqrt((m + 7.0) * (m - 4.0) / (m * (m - 7.0))), 0.01 / quantile);
        r_squared = tss > 0.0 ? 1.0 - rss / df / (tss / (m - 1.0)) : 0.0;
        result.trend = slope;
        result.score = (count - result.expected) / sigma;
        result.p_value = student_upper_tail(result.score, df);
        result.upper_bound = result.expected + student_quantile(1.0 - options_.alpha, df) * sigma;
        result.dispersion = result.expected > 0.0 ? sigma * sigma / result.expected : not_a_number;
        result.alarm = result.p_value < options_.alpha;
        result.reason = std::isnan(count) ? Reason::missing_count : Reason::none;
        if (result.p_value < yellow && below_recent_mean(counts, t, today)) {
            result.alarm = false;
            result.reason = Reason::below_recent_mean;
        }
        return true;
    }

    // Whether the count lies below the mean of the last 7 days; at weekends it must lie below that of the
    // last 7 weekend days, too.
    bool below_recent_mean(std::span<const double> counts, std::size_t t, std::size_t today) const noexcept {
        const Moments week = moments_of(
            counts.subspan(t + 1 - std::min<std::size_t>(t + 1, 7), std::min<std::size_t>(t + 1, 7)));
        if (counts[t] >= week.mean) return false;
        if (today < 5) return true;
        double sum = 0.0;
        double n = 0.0;
        for (std::size_t i = t + 1; i-- > 0 && n < 7.0;) {
            if (weekday(i) < 5 || std::isnan(counts[i])) continue;
            sum += counts[i];
            n += 1.0;
        }
        return counts[t] < sum / n;
    }

    EssenceOptions options_;
    std::vector<EwmaScale> scales_;
    std::vector<double> regression_quantiles_;
};

}  // namespace

std::unique_ptr<const Detector> essence(const EssenceOptions& options) {
    check_option(options.baseline >= least_regression, "the baseline needs at least 11 points");
    check_option(options.weight_slow > 0.0 && options.weight_slow < 1.0 && options.weight_quick > 0.0 &&
                     options.weight_quick < 1.0,
                 "the weights must lie between 0 and 1");
    check_weekdays(options.weekdays);
    check_alpha(options.alpha);
    return std::make_unique<Essence>(options);
}

}  // namespace enteroscan
