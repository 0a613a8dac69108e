#pragma once
// What is expected of reports: how many of those in a time name a value, if there is no common source.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "enteroscan/linkage/reports.hpp"

namespace enteroscan {

/// Numbers in [first, last], of ascending ones.
std::size_t count_between(std::span<const double> sorted, double first, double last) noexcept;

/// The exposures to each value, by case; the order in which values are gone through.
class ByValue {
  public:
    explicit ByValue(const CaseReports& reports);
    std::span<const std::int32_t> exposures(std::size_t value) const noexcept {
        return std::span(exposures_).subspan(first_[value], first_[value + 1] - first_[value]);
    }

  private:
    std::vector<std::size_t> first_;
    std::vector<std::int32_t> exposures_;
};

/// How often a value is reported in all, and by the cases of each context.
struct ValueHabits {
    struct InContext {
        std::int32_t context;
        double n;
    };
    double n = 0.0;
    std::vector<InContext> contexts;
};

/// The reports of one value in a time: in all, and by context.
struct Left {
    double n = 0.0;
    std::span<const double> by_context;  ///< empty, or one number a context
};

/// When values of each kind are reported, and by cases of which context. Kept and refilled for every
/// assignment of exposures to cases.
class Habits {
  public:
    explicit Habits(const CaseReports& reports);

    /// @param owner  the case that has the exposures of each case
    /// @param aside  not 0: the case and what it reports do not count
    void fill(std::span<const std::int32_t> owner, std::span<const std::uint8_t> aside, double from,
              double until);

    /// Reports of a kind in all.
    double total(std::size_t kind) const noexcept { return totals_[kind]; }
    double total(std::size_t kind, std::size_t context) const noexcept {
        return context_totals_[kind * n_contexts_ + context];
    }
    std::size_t n_contexts() const noexcept { return n_contexts_; }
    /// Exposure times between `from` and `until` of the kind, ascending.
    std::span<const double> times(std::size_t kind) const noexcept { return kinds_[kind].times; }
    std::span<const std::int32_t> contexts(std::size_t kind) const noexcept { return kinds_[kind].contexts; }

    /// Reports in [first, last] that chance gives a value; those `left` out do not speak for it.
    double expected(std::size_t kind, const ValueHabits& value, const Left& left, double first,
                    double last) const noexcept;

    /// Reports of the kind in [first, last].
    double reports_between(std::size_t kind, double first, double last) const noexcept;
    /// ... by cases of a context.
    double reports_between(std::size_t kind, std::size_t context, double first, double last) const noexcept;

    /// The part of `expected` that does not depend on contexts.
    double expected_anywhere(std::size_t kind, double n, double left, std::size_t begin,
                             std::size_t end) const noexcept;

    /// Weight of one report of the value in a context, among all reports of that context.
    double weight(std::size_t kind, std::size_t context) const noexcept {
        return 1.0 / (total(kind, context) + reports_->concentration[kind]);
    }

  private:
    struct Kind {
        std::vector<double> times;
        std::vector<std::int32_t> contexts;
        std::vector<double> shrunk;              // sums of concentration * weight, before each of the times
        std::vector<double> context_times;       // times by context
        std::vector<std::size_t> context_first;  // ... where those of each context begin
    };
    struct Moment {
        double time;
        std::int32_t context;
    };

    void finish(std::size_t kind);

    const CaseReports* reports_;
    std::size_t n_contexts_;
    std::vector<double> totals_;
    std::vector<double> context_totals_;
    std::vector<Kind> kinds_;
    std::vector<std::vector<Moment>> moments_;
};

}  // namespace enteroscan
