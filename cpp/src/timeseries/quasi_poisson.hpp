#pragma once
// Quasi-Poisson regression with log link on seasonal levels and a common trend,
//   log(mean of point i) = level of its season + slope * time_i (+ offset_i),
// the model of Farrington (one level) and of its flexible form. Iteratively reweighted least squares with the
// start, the steps and the stopping rule of R's glm.fit, but the least squares are solved in closed form:
// with the levels taken out, what is left is a straight line.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace enteroscan {

/// The points of a baseline, those of a level one after the other.
struct BaselinePoints {
    std::vector<double> counts;
    std::vector<double> time;
    std::vector<double> offset;       ///< log population and effects of days; empty: none
    std::vector<std::uint8_t> days;   ///< of the week, 0 to 6; empty: they have no effect
    std::vector<std::uint32_t> ends;  ///< where each level ends; no level is empty
    std::vector<std::int32_t>
        level_of;  ///< position among the levels for every label; -1: not in the baseline

    void clear() noexcept;
    std::size_t size() const noexcept { return counts.size(); }
    std::size_t n_levels() const noexcept { return ends.size(); }
    /// Days of the week that are there but one, which the others are compared with.
    std::size_t n_day_effects() const noexcept;
};

/// Functions of small whole counts, worked out once.
class CountTable {
  public:
    struct Entry {
        double log_start;  // log(y + 0.1)
        double y_log_y;
        double two_thirds;  // y^(2/3)
    };

    CountTable();
    Entry operator()(double count) const noexcept;

  private:
    static Entry entry(double count) noexcept;
    std::vector<Entry> entries_;
};

/// Fits one baseline after the other, and keeps its memory.
class QuasiPoisson {
  public:
    /// The table must outlive this object.
    explicit QuasiPoisson(const CountTable& table) : table_(&table) {}

    /// Takes a baseline on, which must stay where it is. All weights are 1.
    void set(const BaselinePoints& points);

    /// False if the iterations do not converge.
    bool fit(bool with_trend);
    /// Sets the weights by Anscombe's residuals a of the last fit (Farrington 1996): g a^-2 where a is more
    /// than the threshold, g elsewhere, with g such that they add up to the number of points.
    void reweight(double threshold);
    void clear_weights();

    bool has_trend() const noexcept { return has_trend_; }
    double slope() const noexcept { return has_trend_ ? slope_ : 0.0; }
    double residual_df() const noexcept { return residual_df_; }
    /// sum(W r^2) / df with the working weights and residuals; 1 without degrees of freedom.
    double dispersion() const noexcept { return dispersion_; }
    /// sum(w r^2) / df with the prior weights w in place of the working ones: what R's summary gives once
    /// the weights of the model have been overwritten.
    double prior_dispersion() const noexcept;
    /// p-value of the slope, by Student's distribution with this dispersion.
    double slope_p(double dispersion) const;

    /// Log of the mean at a time in a level, without the offset.
    double predict(std::size_t level, double time) const noexcept;
    /// Variance of predict() for a dispersion of 1.
    double variance(std::size_t level, double time) const noexcept;

    double greatest_count() const noexcept { return greatest_count_; }
    /// Of the last fit, for every point: prior weights, and means with the offset.
    const std::vector<double>& weights() const noexcept { return prior_; }
    const std::vector<double>& means() const noexcept { return mean_; }

  private:
    struct Level {
        double weight;    // sum of the working weights
        double time;      // mean time
        double response;  // mean working response
    };

    void solve(bool with_trend) noexcept;
    double deviance() const noexcept;
    void set_means() noexcept;

    void exponentials(double factor, double step, std::vector<double>& result) const noexcept;

    const CountTable* table_;
    const BaselinePoints* points_ = nullptr;
    std::vector<std::uint32_t> runs_;  // where runs begin: points of a level one unit of time apart
    // Of the counts alone:
    std::vector<double> log_start_;
    std::vector<double> y_log_y_;
    std::vector<double> two_thirds_;
    double greatest_count_ = 0.0;
    // Of the fit:
    bool weighted_ = false;
    std::vector<double> prior_;  // weights
    std::vector<double> eta_;    // log of the mean, offset and all
    std::vector<double> mean_;
    std::vector<double> working_;  // working weights of the last least squares
    std::vector<double> scaled_;   // working weight * working response
    std::vector<double> trial_;
    std::vector<Level> levels_;
    std::vector<Level> last_levels_;
    double slope_ = 0.0;
    double time_squares_ = 0.0;  // weighted, within levels
    bool has_trend_ = false;
    double residual_df_ = 0.0;
    double dispersion_ = 1.0;
};

}  // namespace enteroscan
