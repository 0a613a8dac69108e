#pragma once
// What all detectors have in common: series of counts in, one judgement for every series and time point out.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"

namespace enteroscan {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Why a point was not judged, or why it is no alarm although it exceeds the bound.
enum class Reason : std::uint8_t {
    none,                ///< judged
    missing_count,       ///< the count is missing; expected and bound are given where possible
    too_little_history,  ///< fewer usable points in the baseline than the method needs
    no_convergence,      ///< the regression did not converge, or its numbers left the range of doubles
    constant_baseline,   ///< the baseline does not vary: any excess counts as an alarm
    too_few_cases,       ///< exceeds the bound, but with fewer recent cases than an alarm needs
    below_recent_mean,   ///< exceeds the bound, but lies below the mean of the last days
};

/// The verdict on one point of one series. What a method does not have is NaN.
struct Judgement {
    double observed = not_a_number;  ///< what is compared with the bound: the count, or a sum of counts
    double expected = not_a_number;
    double upper_bound =
        not_a_number;               ///< greatest value that is no alarm, or least that is one: see the method
    double p_value = not_a_number;  ///< chance of such a value or a greater one, if all is as expected
    double score = not_a_number;    ///< the method's statistic
    double trend = not_a_number;    ///< slope on the log scale for one unit of time; 0 if it was dropped
    double dispersion = not_a_number;  ///< variance / mean that the method assumes or estimates
    bool alarm = false;
    Reason reason = Reason::none;
};

/// One series. counts[t] belongs to time point t and is NaN where missing.
struct Series {
    std::span<const double> counts;
    std::span<const double> population;  ///< empty, or as long as counts
};

/// The time points begin, ..., end - 1.
struct TimePoints {
    std::size_t begin;
    std::size_t end;

    std::size_t size() const noexcept { return end - begin; }
};

/// A method that judges time points. Immutable; one object may be used by many threads at once.
class Detector {
  public:
    Detector() = default;
    Detector(const Detector&) = delete;
    Detector& operator=(const Detector&) = delete;
    virtual ~Detector() = default;

    /// Judges `points` of a series in ascending order: judgements[i] is of points.begin + i.
    /// judgements.size() == points.size(), and every one is as if just made.
    virtual void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
                       const RunControl& control) const = 0;
};

/// Where the same season lay in earlier years: a table with one row for each judged point.
/// A position may lie before the series (negative); `missing` marks one that does not exist at all.
struct YearsBack {
    static constexpr std::int64_t missing = std::numeric_limits<std::int64_t>::min();

    std::size_t first_point = 0;          ///< time point of the first row
    std::size_t n_years = 0;              ///< entries in a row: 1, ..., n_years years back
    std::vector<std::int64_t> positions;  ///< [row * n_years + years - 1]

    std::size_t n_rows() const noexcept { return n_years == 0 ? 0 : positions.size() / n_years; }
    std::int64_t operator()(std::size_t point, std::size_t years) const noexcept {
        return positions[(point - first_point) * n_years + years - 1];
    }
    /// @throws InvalidInput unless there is a row for each of the points
    void check(TimePoints points) const;
};

/// Takes the judgements of one series, in the order of its points.
using JudgementReceiver = std::function<void(std::size_t series, std::span<const Judgement> judgements)>;

/// Judges `points` of many series, in parallel.
/// @param counts      [n_series][n_times], contiguous, NaN where missing
/// @param population  empty, or of the same shape
/// @param n_threads   0 means all processors; the result does not depend on it
/// @param receive     is called once for each series, by several threads at once
/// @throws InvalidInput for shapes that do not fit and counts that are negative or infinite
/// @throws Cancelled
void detect(const Detector& detector, std::span<const double> counts, std::size_t n_series,
            std::span<const double> population, TimePoints points, int n_threads, RunControl& control,
            const JudgementReceiver& receive);

}  // namespace enteroscan
