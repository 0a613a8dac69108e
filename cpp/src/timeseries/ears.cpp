#include "enteroscan/timeseries/ears.hpp"

#include <algorithm>
#include <cmath>

#include "timeseries/distributions.hpp"
#include "timeseries/moments.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

constexpr std::size_t least_baseline = 3;

class Ears final : public Detector {
  public:
    explicit Ears(const EarsOptions& options)
        : options_(options), quantile_(normal_quantile(1.0 - options.alpha)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl&) const override {
        double second_last = 0.0;
        double last = 0.0;
        if (options_.method == EarsMethod::c3) {
            if (points.begin >= 2) second_last = excess_at(series.counts, points.begin - 2);
            if (points.begin >= 1) last = excess_at(series.counts, points.begin - 1);
        }
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            const std::size_t t = points.begin + i;
            const Baseline base = baseline(series.counts, t);
            if (options_.method == EarsMethod::c3) {
                judge_c3(t, base, second_last + last, judgements[i]);
                second_last = last;
                last = earlier_excess(series.counts[t], base);
            } else {
                judge_c1_c2(base, judgements[i]);
            }
        }
    }

  private:
    struct Baseline {
        Moments moments;
        double sigma;
    };

    std::size_t gap() const noexcept { return options_.method == EarsMethod::c1 ? 0 : 2; }

    bool has_baseline(std::size_t t) const noexcept { return t >= options_.baseline + gap(); }

    Baseline baseline(std::span<const double> counts, std::size_t t) const noexcept {
        if (!has_baseline(t)) return {{}, not_a_number};
        const Moments moments = moments_of(counts.subspan(t - gap() - options_.baseline, options_.baseline));
        if (moments.n < least_baseline) return {moments, not_a_number};
        return {moments, std::max(moments.sigma(), options_.min_sigma)};
    }

    // Fills in what does not depend on the method; false where there is nothing to compare with.
    static bool start(const Baseline& base, Judgement& result) noexcept {
        if (std::isnan(base.sigma)) {
            result.reason = Reason::too_little_history;
            return false;
        }
        result.expected = base.moments.mean;
        result.dispersion =
            base.moments.mean > 0.0 ? base.moments.variance / base.moments.mean : not_a_number;
        if (base.sigma == 0.0) result.reason = Reason::constant_baseline;
        if (std::isnan(result.observed)) result.reason = Reason::missing_count;
        return true;
    }

    void judge_c1_c2(const Baseline& base, Judgement& result) const {
        if (!start(base, result)) return;
        const auto n = static_cast<double>(base.moments.n);
        const double width = options_.student ? base.sigma * std::sqrt(1.0 + 1.0 / n) : base.sigma;
        const double quantile =
            options_.student ? student_quantile(1.0 - options_.alpha, n - 1.0) : quantile_;
        result.upper_bound = base.moments.mean + quantile * width;
        result.score = excess(result.observed, base.moments.mean, width);
        result.p_value =
            options_.student ? student_upper_tail(result.score, n - 1.0) : normal_upper_tail(result.score);
        result.alarm = result.observed > result.upper_bound;
    }

    // `before` is the excess of the two points before.
    void judge_c3(std::size_t t, const Baseline& base, double before, Judgement& result) const {
        if (t < options_.baseline + 4) {
            result.reason = Reason::too_little_history;
            return;
        }
        if (!start(base, result)) return;
        const double from = options_.compat ? result.observed : base.moments.mean;
        const double bound = from + base.sigma * (quantile_ - before);
        if (std::isnan(bound) && !std::isnan(result.observed)) {
            result.reason = Reason::constant_baseline;
            return;
        }
        result.upper_bound = std::max(0.0, bound);
        result.score = excess(result.observed, base.moments.mean, base.sigma) + before;
        result.p_value = normal_upper_tail(result.score);
        result.alarm = options_.compat ? result.observed > result.upper_bound : result.observed > bound;
    }

    double excess_at(std::span<const double> counts, std::size_t t) const noexcept {
        return earlier_excess(counts[t], baseline(counts, t));
    }

    // What a point adds to the statistic of the two after it. Without variation there is no scale for it: the
    // package lets it be infinite or 0 / 0.
    double earlier_excess(double count, const Baseline& base) const noexcept {
        const double z = (count - base.moments.mean) / base.sigma;
        if (options_.compat) return std::isnan(z) ? z : std::max(0.0, z - 1.0);
        return base.sigma > 0.0 && z > 1.0 ? z - 1.0 : 0.0;
    }

    static double excess(double count, double mean, double sigma) noexcept {
        return count == mean ? 0.0 : (count - mean) / sigma;
    }

    EarsOptions options_;
    double quantile_;
};

}  // namespace

std::unique_ptr<const Detector> ears(const EarsOptions& options) {
    check_option(options.baseline >= least_baseline,
                 "baseline = " + std::to_string(options.baseline) + " points; EARS needs at least 3");
    check_option(options.min_sigma >= 0.0, "min_sigma must be 0 or more");
    check_option(!options.student || options.method != EarsMethod::c3, "C3 has no Student form");
    check_alpha(options.alpha);
    return std::make_unique<Ears>(options);
}

}  // namespace enteroscan
