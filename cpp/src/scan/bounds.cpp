#include "scan/bounds.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t tabulated = 512;  ///< thresholds
constexpr std::size_t width = 24;       ///< of their rows
constexpr std::size_t n_chords = 3;

/// Cases above the threshold at which the greatest statistic of a class is known.
constexpr auto steps = [] {
    std::array<std::size_t, 64> numbers{};
    for (std::size_t i = 1; i < numbers.size(); ++i)
        numbers[i] = numbers[i - 1] + std::max<std::size_t>(1, numbers[i - 1] / 12);
    return numbers;
}();

}  // namespace

Bounds::Bounds(const Statistic& statistic, const Thresholds& thresholds, std::int64_t n_cases,
               double greatest_measure, std::size_t n_threads, const RunControl& control)
    : statistic_(&statistic), thresholds_(&thresholds), n_cases_(n_cases) {
    const auto last = static_cast<std::size_t>(thresholds.cases(greatest_measure));
    const std::size_t n_rows = std::min(last + 1, tabulated);
    const std::size_t n_chord_rows = last + 1 - n_rows;
    values_.resize(n_rows * width);
    corners_.resize(n_chord_rows * (n_chords + 1));
    for (std::size_t i = 0; i < values_.size(); ++i)
        values_[i] = compute(static_cast<std::int64_t>(i / width), static_cast<std::int64_t>(i % width));
    constexpr std::size_t piece = 512;
    parallel_for((n_chord_rows + piece - 1) / piece, n_threads, control, [&](std::size_t task, std::size_t) {
        const std::size_t end = std::min(n_chord_rows, (task + 1) * piece) * (n_chords + 1);
        for (std::size_t i = task * piece * (n_chords + 1); i < end; ++i) {
            const std::size_t row = tabulated + i / (n_chords + 1);
            const std::size_t more = corner(row, i % (n_chords + 1));
            corners_[i] =
                convex(static_cast<std::int64_t>(row), static_cast<std::int64_t>(more)) * (1 + 1e-9);
        }
    });
    find_greatest(last);
}

double Bounds::operator()(std::size_t threshold, std::size_t more) const noexcept {
    if (threshold < tabulated) {
        if (more < width && threshold * width < values_.size()) return values_[threshold * width + more];
    } else if (more < corner(threshold, n_chords) &&
               (threshold - tabulated) * (n_chords + 1) < corners_.size()) {
        const double bound =
            on_chord(threshold, corners_.data() + (threshold - tabulated) * (n_chords + 1), more);
        if (bound < infinity) return bound;
    }
    return compute(static_cast<std::int64_t>(threshold), static_cast<std::int64_t>(more));
}

std::size_t Bounds::harmless(std::size_t threshold_class, double best) const noexcept {
    const std::vector<double>& greatest = greatest_in_class_[threshold_class];
    const auto n = std::upper_bound(greatest.begin(), greatest.end(), best) - greatest.begin();
    return n == 0 ? 0 : steps[static_cast<std::size_t>(n - 1)] + 1;
}

std::size_t Bounds::class_of(std::size_t threshold) noexcept {
    const auto bits = static_cast<std::size_t>(std::bit_width(threshold));
    return bits <= 3 ? threshold : 8 + 4 * (bits - 4) + (threshold >> (bits - 3) & 3);
}

void Bounds::find_greatest(std::size_t last) {
    greatest_in_class_.assign(class_of(last) + 1, std::vector<double>(steps.size(), 0.0));
    for (std::size_t row = 0; row <= std::min(last, tabulated - 1); ++row) {
        std::vector<double>& greatest = greatest_in_class_[class_of(row)];
        for (std::size_t i = 0; i < steps.size(); ++i)
            greatest[i] =
                std::max(greatest[i], steps[i] < width ? values_[row * width + steps[i]] : infinity);
    }
    // Chords of a class meet in the same places: none lies above that of the greatest values there.
    std::vector<double> greatest_corners(n_chords + 1, 0.0);
    for (std::size_t row = tabulated; row <= last; ++row) {
        const double* corners = corners_.data() + (row - tabulated) * (n_chords + 1);
        for (std::size_t i = 0; i <= n_chords; ++i)
            greatest_corners[i] = std::max(greatest_corners[i], corners[i]);
        if (row < last && class_of(row + 1) == class_of(row)) continue;
        for (std::size_t i = 0; i < steps.size(); ++i)
            greatest_in_class_[class_of(row)][i] = steps[i] < corner(row, n_chords)
                                                       ? on_chord(row, greatest_corners.data(), steps[i])
                                                       : infinity;
        std::fill(greatest_corners.begin(), greatest_corners.end(), 0.0);
    }
}

double Bounds::on_chord(std::size_t threshold, const double* corners, std::size_t more) noexcept {
    std::size_t i = 0;
    while (more >= corner(threshold, i + 1)) ++i;
    const auto from = static_cast<double>(corner(threshold, i));
    const auto to = static_cast<double>(corner(threshold, i + 1));
    return corners[i + 1] == infinity ? infinity
                                      : corners[i] + (corners[i + 1] - corners[i]) *
                                                         (static_cast<double>(more) - from) / (to - from);
}

/// Where chords meet: 0, 1, 4, 16 times a distance over which the curve bends little.
std::size_t Bounds::corner(std::size_t threshold, std::size_t i) noexcept {
    std::size_t distance = 12;
    if (threshold >= 2048) distance = 24;
    if (threshold >= 8192) distance = 48;
    return i == 0 ? 0 : distance << 2 * (i - 1);
}

double Bounds::compute(std::int64_t threshold, std::int64_t more) const noexcept {
    const std::int64_t cases = std::min(threshold + more, n_cases_);
    const double measure =
        std::max(thresholds_->measure_beyond(threshold), statistic_->possible_measures(cases).first);
    return measure > 0.0 ? statistic_->high(cases, measure) : infinity;
}

/// The same where it is convex: as long as so many cases are possible with that measure.
double Bounds::convex(std::int64_t threshold, std::int64_t more) const noexcept {
    const bool possible =
        threshold + more <= n_cases_ &&
        thresholds_->measure_beyond(threshold) >= statistic_->possible_measures(threshold + more).first;
    return possible ? compute(threshold, more) : infinity;
}

}  // namespace enteroscan
