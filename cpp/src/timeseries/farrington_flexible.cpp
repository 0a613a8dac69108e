#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "enteroscan/timeseries/farrington.hpp"
#include "timeseries/distributions.hpp"
#include "timeseries/farrington_model.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

using DayEffects = std::array<double, 7>;  // logarithms

// Takes the effects of days nearer to those of greatest likelihood, where the means of every day of the week
// add up to its counts. False if they are there.
bool improve(DayEffects& effects, BaselinePoints& baseline, const QuasiPoisson& regression) noexcept {
    constexpr double tolerance = 1e-8;
    constexpr double no_case = 0.5;  // taken for none, whose logarithm does not exist
    std::array<double, 7> cases{};
    std::array<double, 7> expected{};
    for (std::size_t i = 0; i < baseline.size(); ++i) {
        cases[baseline.days[i]] += regression.weights()[i] * baseline.counts[i];
        expected[baseline.days[i]] += regression.weights()[i] * regression.means()[i];
    }
    DayEffects change{};
    double greatest = 0.0;
    for (std::size_t day = 0; day < change.size(); ++day) {
        if (expected[day] <= 0.0) continue;
        change[day] = std::log(std::max(cases[day], no_case) / expected[day]);
        effects[day] += change[day];
        greatest = std::max(greatest, std::abs(change[day]));
    }
    for (std::size_t i = 0; i < baseline.size(); ++i) baseline.offset[i] += change[baseline.days[i]];
    return greatest > tolerance;
}

// A stretch of time points that belong to one level of the season.
struct Stretch {
    std::size_t level;
    std::int64_t begin;
    std::int64_t end;
};

class FarringtonFlexible final : public Detector {
  public:
    explicit FarringtonFlexible(FarringtonFlexibleOptions options)
        : options_(std::move(options)),
          rules_{options_.trend, options_.max_trend_p, options_.years.n_years,
                 options_.reweight ? options_.weights_threshold : not_a_number, options_.compat},
          quantile_(normal_quantile(1.0 - options_.alpha)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        check_inputs(series, points);
        QuasiPoisson regression(table_);
        BaselinePoints baseline;
        std::vector<Stretch> stretches;
        for (std::size_t i = 0; i < judgements.size(); ++i) {
            control.check();
            const std::size_t t = points.begin + i;
            Judgement& result = judgements[i];
            if (!season(t, stretches)) {
                result.reason = Reason::too_little_history;
                continue;
            }
            collect(series, stretches, baseline);
            const std::int32_t level = baseline.level_of[options_.n_levels - 1];
            if (level < 0 || baseline.size() <= baseline.n_levels() + (options_.trend ? 1 : 0)) {
                result.reason = Reason::too_little_history;
                continue;
            }
            regression.set(baseline);
            const Prediction prediction =
                predict_point(series, t, baseline, regression, static_cast<std::size_t>(level));
            judge_point(series, t, prediction, result);
        }
    }

  private:
    void check_inputs(const Series& series, TimePoints points) const {
        options_.years.check(points);
        check_option(options_.time.empty() || options_.time.size() >= points.end,
                     "fewer times than time points");
        check_option(options_.weekdays.empty() || options_.weekdays.size() >= points.end,
                     "fewer weekdays than time points");
        check_option(!options_.population_offset || !series.population.empty(),
                     "population_offset needs the population");
    }

    // The levels of the season before point t, those of a level one after the other. Windows of half_window
    // to either side of the same week in every year are the last level; what lies between them is cut into
    // equal parts. False if the series does not reach back so far.
    bool season(std::size_t t, std::vector<Stretch>& stretches) const {
        stretches.clear();
        const auto half = static_cast<std::int64_t>(options_.half_window);
        const auto now = static_cast<std::int64_t>(t);
        const std::int64_t baseline_end = now - static_cast<std::int64_t>(options_.excluded);
        const auto reference = [&](std::size_t year) { return year == 0 ? now : options_.years(t, year); };
        const std::size_t n_parts = options_.n_levels - 1;
        const auto add = [&](std::size_t level, std::int64_t begin, std::int64_t end) {
            begin = std::max<std::int64_t>(begin, 0);
            end = std::min(end, baseline_end);
            if (begin < end) stretches.push_back({level, begin, end});
        };
        for (std::size_t year = options_.years.n_years; year >= 1; --year)
            if (reference(year) < 0) return false;  // missing ones are negative, too
        for (std::size_t part = 0; part < n_parts; ++part) {
            for (std::size_t year = options_.years.n_years; year >= 1; --year) {
                const std::int64_t gap = reference(year - 1) - 2 * half - 1 - reference(year);
                if (gap <= 0) continue;
                const auto parts = static_cast<std::int64_t>(n_parts);
                const auto number = static_cast<std::int64_t>(part);
                const std::int64_t first = reference(year) + half + 1;
                const auto start = [&](std::int64_t p) {
                    return p * (gap / parts) + std::min(p, gap % parts);
                };
                add(part, first + start(number), first + start(number + 1));
            }
        }
        for (std::size_t year = options_.years.n_years; year >= 1; --year)
            add(n_parts, reference(year) - half, reference(year) + half + 1);
        if (n_parts > 0) add(n_parts, now - half, now + 1);
        return true;
    }

    void collect(const Series& series, const std::vector<Stretch>& stretches,
                 BaselinePoints& baseline) const {
        baseline.clear();
        baseline.level_of.assign(options_.n_levels, -1);
        std::size_t before = 0;
        for (std::size_t s = 0; s < stretches.size(); ++s) {
            const auto& [level, begin, end] = stretches[s];
            for (auto i = static_cast<std::size_t>(begin); std::cmp_less(i, end); ++i) {
                const double count = series.counts[i];
                if (std::isnan(count)) continue;
                if (options_.population_offset && !(series.population[i] > 0.0)) continue;
                baseline.counts.push_back(count);
                baseline.time.push_back(time_of(options_.time, i));
                if (options_.population_offset || !options_.weekdays.empty())
                    baseline.offset.push_back(offset_of(series, i));
                if (!options_.weekdays.empty()) baseline.days.push_back(options_.weekdays[i]);
            }
            const bool is_last = s + 1 == stretches.size() || stretches[s + 1].level != level;
            if (!is_last || baseline.size() == before) continue;
            baseline.level_of[level] = static_cast<std::int32_t>(baseline.n_levels());
            baseline.ends.push_back(static_cast<std::uint32_t>(baseline.size()));
            before = baseline.size();
        }
    }

    double offset_of(const Series& series, std::size_t t) const noexcept {
        return options_.population_offset ? std::log(series.population[t]) : 0.0;
    }

    // With weekdays, effects of days and the rest of the model are fitted in turn until both fit together.
    Prediction predict_point(const Series& series, std::size_t t, BaselinePoints& baseline,
                             QuasiPoisson& regression, std::size_t level) const {
        constexpr int most_rounds = 20;
        const double offset = offset_of(series, t);
        const double time = time_of(options_.time, t);
        if (options_.weekdays.empty()) return predict(regression, rules_, level, time, offset);
        DayEffects effects{};
        Prediction prediction;
        for (int round = 0; round < most_rounds; ++round) {
            prediction = predict(regression, rules_, level, time, offset + effects[options_.weekdays[t]]);
            if (!prediction.converged || !improve(effects, baseline, regression)) break;
        }
        return prediction;
    }

    void judge_point(const Series& series, std::size_t t, const Prediction& prediction,
                     Judgement& result) const {
        if (!prediction.converged) {
            result.reason = Reason::no_convergence;
            return;
        }
        const double count = series.counts[t];
        const double mean = prediction.mean();
        result.expected = mean;
        result.trend = prediction.slope;
        result.dispersion = std::max(1.0, prediction.dispersion);
        const double log_variance = prediction.test_dispersion * prediction.variance;
        if (options_.bound == BoundMethod::delta) {
            const NormalBound bound(options_.power, mean, result.dispersion, mean * mean * log_variance);
            result.upper_bound = bound.upper_bound(quantile_);
            result.p_value = bound.upper_tail(count);
        } else {
            const double margin =
                options_.bound == BoundMethod::muan ? quantile_ * std::sqrt(log_variance) : 0.0;
            const auto counts =
                CountDistribution::of_dispersion(std::exp(prediction.log_mean + margin), result.dispersion);
            result.upper_bound = counts.upper_quantile(options_.alpha);
            result.p_value = counts.upper_tail(count);
        }
        const bool log_scale = options_.compat && options_.bound != BoundMethod::delta;
        result.score = exceedance(count, log_scale ? prediction.log_mean : mean, result.upper_bound);
        decide(series.counts, t, result);
    }

    void decide(std::span<const double> counts, std::size_t t, Judgement& result) const {
        if (!std::isfinite(result.upper_bound)) {
            result.reason = Reason::no_convergence;
            if (options_.compat) result.expected = result.p_value = not_a_number;
            return;
        }
        if (std::isnan(result.observed)) {
            result.reason = Reason::missing_count;
            return;
        }
        const bool exceeds = options_.compat ? result.score > 1.0 && result.observed != 0.0
                                             : result.observed > result.upper_bound;
        const bool enough = recent_cases(counts, t, options_.recent.points) >= options_.recent.cases;
        result.alarm = exceeds && enough;
        if (exceeds && !enough) result.reason = Reason::too_few_cases;
        if (options_.compat && !enough) {
            result.reason = Reason::too_few_cases;
            result.upper_bound = result.expected = not_a_number;
        }
    }

    FarringtonFlexibleOptions options_;
    TrendRules rules_;
    double quantile_;
    CountTable table_;
};

}  // namespace

std::unique_ptr<const Detector> farrington_flexible(FarringtonFlexibleOptions options) {
    check_option(options.years.n_years > 0, "Farrington's flexible method needs earlier years");
    check_option(options.n_levels >= 1, "n_levels must be 1 or more");
    check_option(options.max_trend_p >= 0.0, "max_trend_p must be 0 or more");
    check_alpha(options.alpha);
    check_weekdays(options.weekdays);
    return std::make_unique<FarringtonFlexible>(std::move(options));
}

}  // namespace enteroscan
