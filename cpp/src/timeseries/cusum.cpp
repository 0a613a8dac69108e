#include "enteroscan/timeseries/cusum.hpp"

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <vector>

#include "timeseries/distributions.hpp"
#include "timeseries/log_linear.hpp"
#include "timeseries/moments.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

double square(double x) noexcept { return x * x; }

// x^(3/2); 0 where x is negative.
double to_three_halves(double x) noexcept { return x > 0.0 ? std::pow(x, 1.5) : 0.0; }

// 3/2 of the integral of u^(-1/3) (1 + a u)^(-1/3) from 0 to x, with w = a x / (1 + a x).
double anscombe_integral(double x, double a) {
    if (x <= 0.0) return 0.0;
    const double w = a * x / (1.0 + a * x);
    constexpr double two_thirds = 2.0 / 3.0;
    // The integral is B(w; 2/3, -1/3) a^(-2/3); integration by parts makes the parameters positive.
    const double integral =
        3.0 * std::pow(w, two_thirds) * std::cbrt(1.0 + a * x) - boost::math::beta(two_thirds, two_thirds, w);
    return std::pow(a, -two_thirds) * integral;
}

// The same over 3/2 x^(2/3), for u = a x: a hypergeometric function.
double anscombe_ratio(double u) {
    return u > 0.0 ? anscombe_integral(u, 1.0) / (1.5 * square(std::cbrt(u))) : 1.0;
}

// The integral as the package has it, from a table of the ratio: u in steps of 0.01 up to 10, of which it
// takes the nearest, and in steps of 1 from there on, between which it draws lines.
double tabulated_integral(double x, double a) {
    const double u = a * x;
    const double below = std::floor(u);
    const double ratio = u <= 10.0 ? anscombe_ratio(std::nearbyint(u * 100.0) / 100.0)
                                   : std::lerp(anscombe_ratio(below), anscombe_ratio(below + 1.0), u - below);
    return 1.5 * square(std::cbrt(x)) * ratio;
}

// A transformation of counts with mean m, and its inverse.
class Transformation {
  public:
    Transformation(const CusumOptions& options, double m)
        : kind_(options.transformation), a_(options.alpha), compat_(options.compat), m_(m) {
        if (kind_ == CountTransformation::anscombe_neg_bin && a_ == 0.0)
            kind_ = CountTransformation::anscombe;
        if (kind_ == CountTransformation::anscombe_neg_bin) integral_of_mean_ = integral(m_);
    }

    double operator()(double x) const {
        switch (kind_) {
            case CountTransformation::none:
                return x;
            case CountTransformation::standard:
                return (x - m_) / std::sqrt(m_);
            case CountTransformation::rossi:
                return (x - 3.0 * m_ + 2.0 * std::sqrt(x * m_)) / (2.0 * std::sqrt(m_));
            case CountTransformation::anscombe:
            case CountTransformation::anscombe2nd:
                return 1.5 * (std::pow(x, 2.0 / 3.0) - centre()) / sixth_root(m_);
            case CountTransformation::pearson_neg_bin:
                return (x - m_) / std::sqrt(m_ + a_ * m_ * m_);
            case CountTransformation::anscombe_neg_bin:
                return (integral(x) - integral_of_mean_) / sixth_root(m_ + a_ * m_ * m_);
        }
        return not_a_number;
    }

    // The count that is transformed to z; for `standard` a whole one, as in the literature.
    double inverse(double z) const {
        switch (kind_) {
            case CountTransformation::none:
                return z;
            case CountTransformation::standard:
                return std::max(0.0, std::ceil(std::sqrt(m_) * z + m_));
            case CountTransformation::rossi:
                return rossi_inverse(z);
            case CountTransformation::anscombe:
                return to_three_halves(centre() + sixth_root(m_) * z / 1.5);
            case CountTransformation::anscombe2nd: {
                const double middle = compat_ ? std::pow(m_, 2.0 / 3.0) - std::cbrt(m_) / 9.0 : centre();
                return to_three_halves(middle + sixth_root(m_) * z / 1.5);
            }
            case CountTransformation::pearson_neg_bin:
                return std::max(0.0, m_ + z * std::sqrt(m_ + a_ * m_ * m_));
            case CountTransformation::anscombe_neg_bin:
                return by_bisection(z);
        }
        return not_a_number;
    }

    // Chance of a count of x or more.
    double upper_tail(double x) const {
        const bool spread =
            kind_ == CountTransformation::pearson_neg_bin || kind_ == CountTransformation::anscombe_neg_bin;
        return spread && a_ > 0.0 ? CountDistribution::of_size(m_, 1.0 / a_).upper_tail(x)
                                  : CountDistribution::poisson(m_).upper_tail(x);
    }

  private:
    static double sixth_root(double x) noexcept { return std::pow(x, 1.0 / 6.0); }

    double centre() const noexcept {
        const double two_thirds = std::pow(m_, 2.0 / 3.0);
        return kind_ == CountTransformation::anscombe2nd ? two_thirds - 1.0 / (9.0 * std::cbrt(m_))
                                                         : two_thirds;
    }

    // With s = sqrt(x): s^2 + 2 sqrt(m) s = 3 m + 2 z sqrt(m). The package takes the square of a negative
    // s as well, where every count is enough.
    double rossi_inverse(double z) const noexcept {
        const double inner = 4.0 * m_ + 2.0 * z * std::sqrt(m_);
        if (inner < 0.0) return 0.0;
        const double root = std::sqrt(inner) - std::sqrt(m_);
        return root > 0.0 || compat_ ? root * root : 0.0;
    }

    double by_bisection(double z) const {
        if ((*this)(0.0) >= z) return 0.0;
        double low = 0.0;
        double high = std::max(1.0, m_);
        while ((*this)(high) < z && high < 1e18) high *= 2.0;
        while (high - low > 1e-12 * high) {
            const double middle = 0.5 * (low + high);
            if (middle <= low || middle >= high) break;
            ((*this)(middle) < z ? low : high) = middle;
        }
        return high;
    }

    double integral(double x) const { return compat_ ? tabulated_integral(x, a_) : anscombe_integral(x, a_); }

    CountTransformation kind_;
    double a_;
    bool compat_;
    double m_;
    double integral_of_mean_ = 0.0;
};

class Cusum final : public Detector {
  public:
    explicit Cusum(const CusumOptions& options) : options_(options) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        const std::size_t start = options_.training == 0 ? points.begin : options_.training;
        const std::vector<double> means = means_of(series.counts, start, points.end);
        double chart = 0.0;
        for (std::size_t t = std::min(start, points.begin); t < points.end; ++t) {
            Judgement ignored;
            Judgement& result = t < points.begin ? ignored : judgements[t - points.begin];
            if (t < start || means.empty() || !(means[t - start] > 0.0)) {
                result.reason = t < start || start == 0 ? Reason::too_little_history : Reason::no_convergence;
                if (t < start || means.empty()) continue;
                result.reason = Reason::constant_baseline;  // no case at all: there is no scale for an excess
                result.expected = means[t - start];
                continue;
            }
            if ((t & 0xfff) == 0) control.check();
            chart = judge_point(series.counts[t], means[t - start], chart, result);
        }
    }

  private:
    // Means of the points start, ..., end - 1; empty where there is no training.
    std::vector<double> means_of(std::span<const double> counts, std::size_t start, std::size_t end) const {
        if (end <= start) return {};
        const std::size_t n = end - start;
        if (options_.mean_model == MeanModel::given) return std::vector<double>(n, options_.mean);
        const Moments moments = moments_of(counts.first(start));
        if (moments.n == 0) return {};
        if (options_.mean_model == MeanModel::training) return std::vector<double>(n, moments.mean);
        const HarmonicDesign design(start, options_.period, 1, false);
        const LogLinearFit fit = fit_harmonics(counts, start, design, 0.0);
        if (!fit.converged) return {};
        std::vector<double> means(n);
        for (std::size_t i = 0; i < n; ++i)
            means[i] = std::exp(design.row(static_cast<double>(start + i + 1)).dot(fit.coefficients));
        return means;
    }

    // Returns the new value of the chart.
    double judge_point(double count, double mean, double before, Judgement& result) const {
        const Transformation transformation(options_, mean);
        const bool package_bound =
            options_.compat && (options_.transformation == CountTransformation::none ||
                                options_.transformation == CountTransformation::anscombe_neg_bin);
        result.expected = mean;
        result.dispersion = transformation_dispersion(mean);
        result.upper_bound = transformation.inverse(options_.h + options_.k - before);
        if (std::isnan(count)) {
            result.score = before;
            result.reason = Reason::missing_count;
            return before;
        }
        const double chart = std::max(0.0, before + transformation(count) - options_.k);
        if (package_bound) result.upper_bound = std::max(0.0, options_.h - chart);
        result.score = chart;
        result.p_value = transformation.upper_tail(count);
        result.alarm = chart >= options_.h;
        return result.alarm && options_.reset ? 0.0 : chart;
    }

    double transformation_dispersion(double mean) const noexcept {
        const bool spread = options_.transformation == CountTransformation::pearson_neg_bin ||
                            options_.transformation == CountTransformation::anscombe_neg_bin;
        return spread ? 1.0 + options_.alpha * mean : 1.0;
    }

    CusumOptions options_;
};

}  // namespace

std::unique_ptr<const Detector> cusum(const CusumOptions& options) {
    check_option(options.h > 0.0, "h must be positive");
    check_option(options.mean_model != MeanModel::given || options.mean > 0.0, "the mean must be positive");
    check_option(options.alpha >= 0.0, "alpha, the overdispersion, must be 0 or more");
    check_option(options.period > 0.0, "the period must be positive");
    return std::make_unique<Cusum>(options);
}

}  // namespace enteroscan
