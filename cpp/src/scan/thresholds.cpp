#include "scan/thresholds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double hair = 1e-9;       // relative; far above the rounding of measures and statistics
constexpr double precision = 1e-6;  // relative; a looser table only costs time

/// The place where `reaches` changes from true at `yes` to false at `no`, from the side of `no`; `value` is
/// what changes its sign there. Regula falsi with halving (Illinois), bisection where value is infinite.
template <class Value>
double boundary(double yes, double no, Value&& value) {
    double at_yes = value(yes);
    double at_no = value(no);
    for (int i = 0; i < 200 && std::abs(no - yes) > precision * std::max(yes, no); ++i) {
        double middle = yes + (no - yes) * at_yes / (at_yes - at_no);
        const double margin = 0.01 * (no - yes);
        const bool inside = (middle - yes) * (middle - no) < 0.0;
        if (!inside || i % 4 == 3 || !std::isfinite(middle)) middle = 0.5 * (yes + no);
        if (std::abs(middle - yes) < std::abs(margin)) middle = yes + margin;
        if (std::abs(no - middle) < std::abs(margin)) middle = no - margin;
        const double at_middle = value(middle);
        if (at_middle >= 0.0) {
            yes = middle;
            at_yes = at_middle;
            at_no *= 0.5;
        } else {
            no = middle;
            at_no = at_middle;
            at_yes *= 0.5;
        }
    }
    return no;
}

}  // namespace

Thresholds::Thresholds(const Statistic& statistic, bool high, double level, double greatest_measure,
                       std::int64_t n_cases, std::size_t n_threads, const RunControl& control)
    : high_(high), level_(level) {
    if (high) {
        tabulate_high(statistic, greatest_measure, n_cases, n_threads, control);
    } else {
        tabulate_low(statistic, greatest_measure, n_cases);
    }
    index(greatest_measure);
}

void Thresholds::tabulate_high(const Statistic& statistic, double greatest_measure, std::int64_t n_cases,
                               std::size_t n_threads, const RunControl& control) {
    constexpr std::size_t piece = 512;
    const auto n = static_cast<std::size_t>(n_cases) + 1;
    double last = 0.0;
    while (bound_.size() < n && last < greatest_measure) {
        const std::size_t begin = bound_.size();
        const std::size_t end = std::min(n, begin + piece * n_threads);
        bound_.resize(end);
        parallel_for((end - begin + piece - 1) / piece, n_threads, control,
                     [&](std::size_t task, std::size_t) {
                         const std::size_t from = begin + task * piece;
                         tabulate_piece(statistic, greatest_measure, from, std::min(end, from + piece));
                     });
        for (std::size_t c = begin; c < end; ++c) {
            if (last >= greatest_measure) {
                bound_.resize(c);
                break;
            }
            last = std::max(last, bound_[c]);
            bound_[c] = last > 0.0 ? last : -1.0;
        }
    }
}

/// Numbers of cases [begin, end). What stands before is not looked at, so that pieces can be done side by
/// side.
void Thresholds::tabulate_piece(const Statistic& statistic, double greatest_measure, std::size_t begin,
                                std::size_t end) {
    double last = 0.0;
    double step = greatest_measure / 64.0;
    for (std::size_t n = begin; n < end; ++n) {
        const auto c = static_cast<std::int64_t>(n);
        const auto [least, most] = statistic.possible_measures(c);
        const auto value = [&](double u) { return statistic.high(c, u) - level_; };
        const double top = std::min(most, greatest_measure * (1 + 2 * hair));
        const double from = std::max({last, least, greatest_measure * 1e-12});
        double found = from;
        if (from > top || value(from) < 0.0) {
            found = last > 0.0 ? last : -1.0;
        } else if (from < top) {
            double yes = from;
            double no = std::min(top, from + step);
            while (value(no) >= 0.0 && no < top) {
                yes = no;
                step *= 2.0;
                no = std::min(top, no + step);
            }
            found = value(no) >= 0.0 ? no : boundary(yes, no, value);
            step = std::max(1.2 * (found - from), greatest_measure * 1e-9);
        }
        if (found > 0.0) found *= 1 + hair;
        bound_[n] = found;
        last = std::max(last, found);
    }
}

void Thresholds::tabulate_low(const Statistic& statistic, double greatest_measure, std::int64_t n_cases) {
    double last = 0.0;
    double step = greatest_measure / 64.0;
    for (std::int64_t c = 0; c <= n_cases; ++c) {
        const auto [least, most] = statistic.possible_measures(c);
        const auto value = [&](double u) { return statistic.low(c, u) - level_; };
        const double top = std::min(most * (1 - 1e-12), greatest_measure * (1 + 2 * hair));
        double no = std::max({last, least, greatest_measure * 1e-12});
        if (no >= top || value(top) < 0.0) {
            // Too few cases to be eligible, or so many that no measure is great enough.
            if (statistic.low(c, top) == -infinity && last == 0.0 &&
                static_cast<double>(c) < statistic.expected(top)) {
                bound_.push_back(0.0);
                continue;
            }
            break;
        }
        double found = no;
        if (value(no) < 0.0) {
            double yes = std::min(top, no + step);
            while (value(yes) < 0.0 && yes < top) {
                no = yes;
                step *= 2.0;
                yes = std::min(top, yes + step);
            }
            found = boundary(yes, no, value);
            step = std::max(1.2 * (found - last), greatest_measure * 1e-9);
        }
        found *= 1 - hair;
        // Fewer cases than the least number allowed may become enough as the zone grows.
        if (last == 0.0) std::fill(bound_.begin(), bound_.end(), found);
        bound_.push_back(found);
        last = std::max(last, found);
    }
    if (last == 0.0) bound_.clear();
}

void Thresholds::index(double greatest_measure) {
    const std::size_t n = bound_.size() + 16;
    per_unit_ = greatest_measure > 0.0 ? static_cast<double>(n) / greatest_measure : 0.0;
    start_.resize(n + 2);
    std::size_t c = 0;
    for (std::size_t i = 0; i < start_.size(); ++i) {
        const double measure = per_unit_ > 0.0 ? static_cast<double>(i) / per_unit_ : 0.0;
        // A whole entry early: the division above may round up.
        const double early = std::max(0.0, measure - (per_unit_ > 0.0 ? 1e-9 / per_unit_ : 0.0));
        if (high_) {
            while (c < bound_.size() && bound_[c] < early) ++c;
        } else {
            while (c < bound_.size() && bound_[c] <= early) ++c;
        }
        start_[i] = static_cast<std::uint32_t>(c);
    }
}

std::int64_t Thresholds::cases(double measure) const noexcept {
    const auto entry = std::min(static_cast<std::size_t>(measure * per_unit_), start_.size() - 1);
    std::size_t c = start_[entry];
    if (high_) {
        // Mostly the next or the one after it, which no processor can foresee: no branches as far as these.
        if (c + 2 < bound_.size()) {
            c += bound_[c] < measure ? 1u : 0u;
            c += bound_[c] < measure ? 1u : 0u;
        }
        while (c < bound_.size() && bound_[c] < measure) ++c;
        return static_cast<std::int64_t>(c);
    }
    while (c < bound_.size() && bound_[c] <= measure) ++c;
    return static_cast<std::int64_t>(c) - 1;
}

double Thresholds::measure_beyond(std::int64_t threshold) const noexcept {
    if (high_) {
        if (threshold < 1 || bound_.empty()) return 0.0;
        const auto c = std::min(static_cast<std::size_t>(threshold - 1), bound_.size() - 1);
        return std::max(0.0, bound_[c]);
    }
    const auto c = static_cast<std::size_t>(threshold + 1);
    return c < bound_.size() ? bound_[c] : infinity;
}

double Thresholds::least_excess(double least, double greatest, double ratio) const noexcept {
    const std::int64_t first = cases(least);
    const std::int64_t last = cases(greatest);
    if (high_) {
        double excess = static_cast<double>(last) - greatest * ratio;
        for (std::int64_t c = first; c < last; ++c)
            excess = std::min(excess, static_cast<double>(c) - bound_[static_cast<std::size_t>(c)] * ratio);
        return excess;
    }
    double deficit = least * ratio - static_cast<double>(first);
    for (std::int64_t c = first + 1; c <= last; ++c)
        deficit = std::min(deficit, bound_[static_cast<std::size_t>(c)] * ratio - static_cast<double>(c));
    return deficit;
}

}  // namespace enteroscan
