#include "enteroscan/timeseries/farrington.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "timeseries/distributions.hpp"
#include "timeseries/farrington_model.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

// Anscombe residuals above this are weighted down.
constexpr double reweight_threshold = 1.0;
constexpr std::size_t least_baseline = 3;

class Farrington final : public Detector {
  public:
    explicit Farrington(const FarringtonOptions& options)
        : options_(options),
          rules_{options.trend, options.max_trend_p, options.years.n_years,
                 options.reweight ? reweight_threshold : not_a_number, false},
          quantile_(normal_quantile(1.0 - 0.5 * options.alpha)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        options_.years.check(points);
        check_option(options_.time.empty() || options_.time.size() >= points.end,
                     "fewer times than time points");
        QuasiPoisson regression(table_);
        BaselinePoints baseline;
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            control.check();
            const std::size_t t = points.begin + i;
            collect(series.counts, t, baseline);
            if (baseline.size() < least_baseline) {
                judgements[i].reason = Reason::too_little_history;
                continue;
            }
            regression.set(baseline);
            judge_point(series.counts, t, regression, judgements[i]);
        }
    }

  private:
    // The windows around the same week of earlier years, as far as they lie in the series.
    void collect(std::span<const double> counts, std::size_t t, BaselinePoints& baseline) const {
        baseline.clear();
        const auto half = static_cast<std::int64_t>(options_.half_window);
        for (std::size_t year = options_.years.n_years; year >= 1; --year) {
            const std::int64_t then = options_.years(t, year);
            if (then == YearsBack::missing) continue;
            const auto end = std::min(then + half + 1, static_cast<std::int64_t>(counts.size()));
            for (auto i = std::max<std::int64_t>(0, then - half); i < end; ++i) {
                const auto position = static_cast<std::size_t>(i);
                if (std::isnan(counts[position])) continue;
                baseline.counts.push_back(counts[position]);
                baseline.time.push_back(time_of(options_.time, position));
            }
        }
        baseline.ends.assign(baseline.counts.empty() ? 0 : 1, static_cast<std::uint32_t>(baseline.size()));
    }

    void judge_point(std::span<const double> counts, std::size_t t, QuasiPoisson& regression,
                     Judgement& result) const {
        const Prediction prediction = predict(regression, rules_, 0, time_of(options_.time, t), 0.0);
        if (!prediction.converged) {
            result.reason = Reason::no_convergence;
            return;
        }
        const double count = counts[t];
        // A mean of 0 has no standard deviation: R's least mean stands for it.
        const double mean = std::max(prediction.mean(), std::numeric_limits<double>::epsilon());
        const double phi = std::max(1.0, prediction.dispersion);
        const NormalBound bound(options_.power, mean, phi, mean * mean * phi * prediction.variance);
        result.expected = mean;
        result.trend = prediction.slope;
        result.dispersion = phi;
        result.upper_bound = bound.upper_bound(quantile_);
        result.p_value = bound.upper_tail(count);
        result.score = exceedance(count, mean, result.upper_bound);
        if (std::isnan(count)) {
            result.reason = Reason::missing_count;
            return;
        }
        const bool enough = recent_cases(counts, t, options_.recent.points) >= options_.recent.cases;
        result.alarm = enough && count > result.upper_bound;
        if (!enough && count > result.upper_bound) result.reason = Reason::too_few_cases;
        if (options_.compat && !enough) result.upper_bound = result.score = 0.0;
    }

    FarringtonOptions options_;
    TrendRules rules_;
    double quantile_;
    CountTable table_;
};

}  // namespace

std::unique_ptr<const Detector> farrington(const FarringtonOptions& options) {
    check_option(options.years.n_years > 0, "Farrington's method needs earlier years");
    check_alpha(options.alpha);
    return std::make_unique<Farrington>(options);
}

}  // namespace enteroscan
