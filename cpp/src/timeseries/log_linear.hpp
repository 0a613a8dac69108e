#pragma once
// Poisson and negative binomial regression with log link on a small dense design, by iteratively
// reweighted least squares with the steps and the stopping rule of R's glm.fit and MASS's glm.nb, so
// that the same data give the same digits. For the many fits with seasonal levels see quasi_poisson.hpp.

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace enteroscan {

/// A row of a harmonic regression: 1, trend (if asked for), and for h = 1, ..., harmonics sine and cosine of
/// 2 pi h t / period; and an effect of each day of the week but one, if there are weekdays. The trend is
/// centred and scaled to keep the normal equations well-conditioned.
class HarmonicDesign {
  public:
    /// @param n  number of points that will be fitted; the trend is centred on them
    HarmonicDesign(std::size_t n, double period, std::size_t harmonics, bool trend) noexcept;

    /// @param weekdays  of time points 0, 1, ..., 0 to 6; must outlive this object
    /// @param counts    that will be fitted: days of the week without any have no effect
    void set_weekdays(std::span<const std::uint8_t> weekdays, std::span<const double> counts) noexcept;

    Eigen::Index n_columns() const noexcept { return 1 + (trend_ ? 1 : 0) + 2 * harmonics_ + n_days_; }
    /// Row of time t = 1, 2, ...
    Eigen::VectorXd row(double t) const;
    /// Number of points after which rows repeat; 0: never.
    std::size_t repeats_after() const noexcept { return repeats_after_; }
    /// Slope for one unit of time; 0 without a trend.
    double slope(const Eigen::VectorXd& coefficients) const {
        return trend_ ? coefficients[1] / scale_ : 0.0;
    }

  private:
    double centre_;
    double scale_;
    double frequency_;
    Eigen::Index harmonics_;
    bool trend_;
    std::size_t repeats_after_;
    std::span<const std::uint8_t> weekdays_;
    std::array<Eigen::Index, 7> column_of_day_{};  // among those of the days; -1: none
    Eigen::Index n_days_ = 0;
};

struct LogLinearFit {
    bool converged = false;
    bool finished = false;  ///< there are coefficients, though perhaps not the last ones
    Eigen::VectorXd coefficients;
    Eigen::MatrixXd covariance;  ///< (X' W X)^-1 of the last weighted least squares
    double size = 0.0;           ///< of the negative binomial, 1 / alpha; 0: Poisson
    Eigen::Index residual_df = 0;
};

/// Fits the points 0, ..., n - 1 of a series that are not missing.
/// @param size      of the negative binomial; 0: Poisson; NaN: estimated by maximum likelihood, as
/// MASS::glm.nb does
/// @param keep_size  keep an estimate that is less likely than a Poisson distribution, as MASS::glm.nb does
LogLinearFit fit_harmonics(std::span<const double> counts, std::size_t n, const HarmonicDesign& design,
                           double size, bool keep_size = false);

}  // namespace enteroscan
