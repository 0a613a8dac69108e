#include "timeseries/quasi_poisson.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "timeseries/distributions.hpp"

namespace enteroscan {
namespace {

constexpr int most_iterations = 25;
constexpr double tolerance = 1e-8;
constexpr double great_count = 2000.0;
constexpr double least_mean = std::numeric_limits<double>::epsilon();
// A time that varies less than this, relative to its size, within the levels is no trend.
constexpr double least_variation = 1e-18;

Eigen::Map<Eigen::ArrayXd> as_array(std::vector<double>& numbers) {
    return {numbers.data(), static_cast<Eigen::Index>(numbers.size())};
}

Eigen::Map<const Eigen::ArrayXd> as_array(const std::vector<double>& numbers) {
    return {numbers.data(), static_cast<Eigen::Index>(numbers.size())};
}

}  // namespace

CountTable::CountTable() {
    constexpr int n_entries = 1024;
    entries_.reserve(n_entries);
    for (int count = 0; count < n_entries; ++count) entries_.push_back(entry(count));
}

CountTable::Entry CountTable::entry(double count) noexcept {
    return {std::log(count + 0.1), count > 0.0 ? count * std::log(count) : 0.0, std::pow(count, 2.0 / 3.0)};
}

CountTable::Entry CountTable::operator()(double count) const noexcept {
    if (count < static_cast<double>(entries_.size())) {
        const auto whole = static_cast<std::size_t>(count);
        if (static_cast<double>(whole) == count) return entries_[whole];
    }
    return entry(count);
}

void BaselinePoints::clear() noexcept {
    counts.clear();
    time.clear();
    offset.clear();
    days.clear();
    ends.clear();
    level_of.clear();
}

std::size_t BaselinePoints::n_day_effects() const noexcept {
    std::array<std::size_t, 7> is_there{};
    for (const std::uint8_t day : days) is_there[day] = 1;
    const std::size_t n = std::accumulate(is_there.begin(), is_there.end(), std::size_t{0});
    return n - std::min<std::size_t>(n, 1);
}

void QuasiPoisson::set(const BaselinePoints& points) {
    points_ = &points;
    const std::size_t n = points.size();
    for (auto* numbers : {&log_start_, &y_log_y_, &two_thirds_, &eta_, &mean_, &working_, &scaled_, &prior_})
        numbers->resize(n);
    levels_.resize(points.n_levels());
    greatest_count_ = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const auto [log_start, y_log_y, two_thirds] = (*table_)(points.counts[i]);
        log_start_[i] = log_start;
        y_log_y_[i] = y_log_y;
        two_thirds_[i] = two_thirds;
        greatest_count_ = std::max(greatest_count_, points.counts[i]);
    }
    runs_.clear();
    std::size_t level = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const bool new_level = i == 0 || i == points.ends[level];
        if (new_level && i > 0) ++level;
        if (new_level || points.time[i] != points.time[i - 1] + 1.0)
            runs_.push_back(static_cast<std::uint32_t>(i));
    }
    runs_.push_back(static_cast<std::uint32_t>(n));
    clear_weights();
}

void QuasiPoisson::clear_weights() {
    weighted_ = false;
    std::fill(prior_.begin(), prior_.end(), 1.0);
}

// Weighted least squares of the working response: means within the levels, then a line through what is
// left. Working weights and scaled responses are given.
void QuasiPoisson::solve(bool with_trend) noexcept {
    const auto& time = points_->time;
    double s_tt = 0.0;
    double s_tz = 0.0;
    double size_of_times = 0.0;
    std::size_t begin = 0;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
        const std::size_t end = points_->ends[l];
        double weight = 0.0;
        double times = 0.0;
        double responses = 0.0;
        for (std::size_t i = begin; i < end; ++i) {
            weight += working_[i];
            times += working_[i] * time[i];
            responses += scaled_[i];
        }
        const Level level{weight, times / weight, responses / weight};
        levels_[l] = level;
        if (with_trend) {
            for (std::size_t i = begin; i < end; ++i) {
                const double centred = time[i] - level.time;
                s_tt += working_[i] * centred * centred;
                s_tz += centred * (scaled_[i] - working_[i] * level.response);
            }
            size_of_times += weight * level.time * level.time;
        }
        begin = end;
    }
    has_trend_ = with_trend && s_tt > least_variation * size_of_times;
    time_squares_ = s_tt;
    slope_ = has_trend_ ? s_tz / s_tt : 0.0;
}

// The means of the levels and the slope, for every point.
void QuasiPoisson::set_means() noexcept {
    std::size_t begin = 0;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
        const std::size_t end = points_->ends[l];
        const double at_zero = levels_[l].response - slope_ * levels_[l].time;
        for (std::size_t i = begin; i < end; ++i) eta_[i] = at_zero + slope_ * points_->time[i];
        begin = end;
    }
    if (points_->offset.empty()) {
        exponentials(1.0, std::exp(slope_), mean_);
        for (double& mean : mean_) mean = std::max(mean, least_mean);
    } else {
        as_array(eta_) += as_array(points_->offset);
        as_array(mean_) = as_array(eta_).exp().max(least_mean);
    }
}

// exp(factor * eta), where eta of the next point in a run is greater by what `step` is the exponential of.
// Errors of rounding grow with the length of a run, which is a few weeks; long ones begin anew.
void QuasiPoisson::exponentials(double factor, double step, std::vector<double>& result) const noexcept {
    constexpr std::uint32_t longest = 64;
    for (std::size_t run = 0; run + 1 < runs_.size(); ++run) {
        for (std::uint32_t begin = runs_[run]; begin < runs_[run + 1]; begin += longest) {
            const std::uint32_t end = std::min(runs_[run + 1], begin + longest);
            double value = std::exp(factor * eta_[begin]);
            for (std::uint32_t i = begin; i < end; ++i) {
                result[i] = value;
                value *= step;
            }
        }
    }
}

double QuasiPoisson::deviance() const noexcept {
    static const double least_log = std::log(least_mean);
    double sum = 0.0;
    for (std::size_t i = 0; i < mean_.size(); ++i) {
        const double y = points_->counts[i];
        // The difference of great numbers loses too many digits to say when the fit has converged.
        const double ratio =
            y < great_count ? y_log_y_[i] - y * std::max(eta_[i], least_log) : y * std::log(y / mean_[i]);
        sum += prior_[i] * (ratio - (y - mean_[i]));
    }
    return 2.0 * sum;
}

bool QuasiPoisson::fit(bool with_trend) {
    const std::size_t n = points_->size();
    const auto& counts = points_->counts;
    const bool has_offset = !points_->offset.empty();
    residual_df_ = static_cast<double>(n) - static_cast<double>(levels_.size() + points_->n_day_effects()) -
                   (with_trend ? 1.0 : 0.0);
    has_trend_ = false;
    dispersion_ = 1.0;
    if (n == 0 || residual_df_ < 0.0) return false;
    for (std::size_t i = 0; i < n; ++i) {
        eta_[i] = log_start_[i];
        mean_[i] = counts[i] + 0.1;
    }
    double before = deviance();
    bool converged = false;
    for (int iteration = 0; iteration < most_iterations && !converged; ++iteration) {
        for (std::size_t i = 0; i < n; ++i) {
            working_[i] = prior_[i] * mean_[i];
            scaled_[i] = working_[i] * (has_offset ? eta_[i] - points_->offset[i] : eta_[i]) +
                         prior_[i] * (counts[i] - mean_[i]);
        }
        const double last_slope = slope_;
        last_levels_ = levels_;
        solve(with_trend);
        set_means();
        double now = deviance();
        // Half a step back, as long as the means are out of range.
        for (int half = 0; !std::isfinite(now) && iteration > 0 && half < most_iterations; ++half) {
            for (std::size_t l = 0; l < levels_.size(); ++l) {
                const double at_zero = 0.5 * (levels_[l].response - slope_ * levels_[l].time +
                                              last_levels_[l].response - last_slope * last_levels_[l].time);
                levels_[l].response = at_zero + 0.5 * (slope_ + last_slope) * levels_[l].time;
            }
            slope_ = 0.5 * (slope_ + last_slope);
            set_means();
            now = deviance();
        }
        if (!std::isfinite(now)) return false;
        converged = std::abs(now - before) / (std::abs(now) + 0.1) < tolerance;
        before = now;
    }
    if (with_trend && !has_trend_) residual_df_ += 1.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        const double residual = counts[i] / mean_[i] - 1.0;
        sum += working_[i] * residual * residual;
    }
    if (residual_df_ > 0.0) dispersion_ = sum / residual_df_;
    return converged;
}

double QuasiPoisson::prior_dispersion() const noexcept {
    if (!weighted_) return dispersion_;
    double sum = 0.0;
    for (std::size_t i = 0; i < mean_.size(); ++i) {
        const double residual = points_->counts[i] / mean_[i] - 1.0;
        sum += prior_[i] * residual * residual;
    }
    return residual_df_ > 0.0 ? sum / residual_df_ : 1.0;
}

void QuasiPoisson::reweight(double threshold) {
    const double phi = std::max(1.0, dispersion_);
    const auto n = static_cast<double>(points_->size());
    trial_.resize(points_->size());
    if (points_->offset.empty()) {
        exponentials(-1.0 / 6.0, std::exp(slope_ / -6.0), trial_);
    } else {
        as_array(trial_) = (as_array(eta_) * (-1.0 / 6.0)).exp();
    }
    double sum = 0.0;
    std::size_t begin = 0;
    for (std::size_t l = 0; l < levels_.size(); ++l) {
        for (std::size_t i = begin; i < points_->ends[l]; ++i) {
            const double centred = points_->time[i] - levels_[l].time;
            double leverage = 1.0 / levels_[l].weight;
            if (has_trend_) leverage += centred * centred / time_squares_;
            leverage *= working_[i];
            const double sixth = trial_[i];  // mean^(-1/6)
            const double residual = 1.5 * (two_thirds_[i] * sixth - std::sqrt(mean_[i]));
            // A point that is fitted exactly has no residual.
            const double a = leverage < 1.0 - 1e-12 ? residual / std::sqrt(phi * (1.0 - leverage)) : 0.0;
            trial_[i] = a > threshold ? 1.0 / (a * a) : 1.0;
            sum += trial_[i];
        }
        begin = points_->ends[l];
    }
    weighted_ = true;
    const double gamma = n / sum;
    for (std::size_t i = 0; i < trial_.size(); ++i) prior_[i] = gamma * trial_[i];
}

double QuasiPoisson::slope_p(double dispersion) const {
    if (!has_trend_) return 1.0;
    const double t = std::abs(slope_) / std::sqrt(dispersion / time_squares_);
    return 2.0 * student_upper_tail(t, residual_df_);
}

double QuasiPoisson::predict(std::size_t level, double time) const noexcept {
    return levels_[level].response + slope_ * (time - levels_[level].time);
}

double QuasiPoisson::variance(std::size_t level, double time) const noexcept {
    const double centred = time - levels_[level].time;
    return 1.0 / levels_[level].weight + (has_trend_ ? centred * centred / time_squares_ : 0.0);
}

}  // namespace enteroscan
