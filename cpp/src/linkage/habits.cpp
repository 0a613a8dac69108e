#include "habits.hpp"

#include <algorithm>
#include <tuple>

namespace enteroscan {

namespace {

std::size_t number_of_contexts(const CaseReports& reports) {
    const auto greatest = std::max_element(reports.context.begin(), reports.context.end());
    return greatest == reports.context.end() ? 1 : static_cast<std::size_t>(*greatest) + 1;
}

}  // namespace

std::size_t count_between(std::span<const double> sorted, double first, double last) noexcept {
    const auto begin = std::lower_bound(sorted.begin(), sorted.end(), first);
    return static_cast<std::size_t>(std::upper_bound(begin, sorted.end(), last) - begin);
}

ByValue::ByValue(const CaseReports& reports)
    : first_(reports.n_values() + 1, 0), exposures_(reports.n_exposures()) {
    for (const std::int32_t value : reports.value) ++first_[static_cast<std::size_t>(value) + 1];
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (std::size_t i = 0; i < exposures_.size(); ++i) {
        exposures_[next[static_cast<std::size_t>(reports.value[i])]++] = static_cast<std::int32_t>(i);
    }
}

Habits::Habits(const CaseReports& reports)
    : reports_(&reports),
      n_contexts_(number_of_contexts(reports)),
      totals_(reports.n_kinds()),
      context_totals_(reports.n_kinds() * n_contexts_),
      kinds_(reports.n_kinds()),
      moments_(reports.n_kinds()) {}

void Habits::fill(std::span<const std::int32_t> owner, std::span<const std::uint8_t> aside, double from,
                  double until) {
    const CaseReports& reports = *reports_;
    std::fill(totals_.begin(), totals_.end(), 0.0);
    std::fill(context_totals_.begin(), context_totals_.end(), 0.0);
    for (auto& moments : moments_) moments.clear();
    for (std::size_t i = 0; i < reports.n_exposures(); ++i) {
        const auto kind = static_cast<std::size_t>(reports.kind[static_cast<std::size_t>(reports.value[i])]);
        const auto at = static_cast<std::size_t>(owner[static_cast<std::size_t>(reports.exposed_case[i])]);
        if (aside[at] != 0) continue;
        const std::int32_t context = reports.context[at];
        totals_[kind] += 1.0;
        context_totals_[kind * n_contexts_ + static_cast<std::size_t>(context)] += 1.0;
        const double time = reports.time(at, i);
        if (time >= from && time <= until) moments_[kind].push_back({time, context});
    }
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) finish(kind);
}

void Habits::finish(std::size_t kind) {
    auto& moments = moments_[kind];
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return std::tie(a.time, a.context) < std::tie(b.time, b.context);
    });
    Kind& out = kinds_[kind];
    const std::size_t n = moments.size();
    out.times.resize(n);
    out.contexts.resize(n);
    out.shrunk.assign(n + 1, 0.0);
    out.context_first.assign(n_contexts_ + 1, 0);
    for (std::size_t i = 0; i < n; ++i) {
        const auto context = static_cast<std::size_t>(moments[i].context);
        out.times[i] = moments[i].time;
        out.contexts[i] = moments[i].context;
        out.shrunk[i + 1] = out.shrunk[i] + reports_->concentration[kind] * weight(kind, context);
        ++out.context_first[context + 1];
    }
    for (std::size_t c = 0; c < n_contexts_; ++c) out.context_first[c + 1] += out.context_first[c];
    out.context_times.resize(n);
    std::vector<std::size_t> next(out.context_first.begin(), out.context_first.end() - 1);
    for (const Moment& moment : moments) {
        out.context_times[next[static_cast<std::size_t>(moment.context)]++] = moment.time;
    }
}

double Habits::expected_anywhere(std::size_t kind, double n, double left, std::size_t begin,
                                 std::size_t end) const noexcept {
    const auto inside = static_cast<double>(end - begin);
    const double share =
        (n - left + reports_->pseudo_count[kind]) / (totals_[kind] - inside + reports_->pseudo_total[kind]);
    return share * (kinds_[kind].shrunk[end] - kinds_[kind].shrunk[begin]);
}

double Habits::expected(std::size_t kind, const ValueHabits& value, const Left& left, double first,
                        double last) const noexcept {
    const Kind& reported = kinds_[kind];
    const auto begin = std::lower_bound(reported.times.begin(), reported.times.end(), first);
    const auto end = std::upper_bound(begin, reported.times.end(), last);
    double sum =
        expected_anywhere(kind, value.n, left.n, static_cast<std::size_t>(begin - reported.times.begin()),
                          static_cast<std::size_t>(end - reported.times.begin()));
    for (const auto& [context, n] : value.contexts) {
        const auto c = static_cast<std::size_t>(context);
        const double others = left.by_context.empty() ? n : n - left.by_context[c];
        if (others <= 0.0) continue;
        sum += others * weight(kind, c) * reports_between(kind, c, first, last);
    }
    return sum;
}

double Habits::reports_between(std::size_t kind, std::size_t context, double first,
                               double last) const noexcept {
    const Kind& reported = kinds_[kind];
    const std::size_t begin = reported.context_first[context];
    const std::size_t end = reported.context_first[context + 1];
    return static_cast<double>(
        count_between(std::span(reported.context_times).subspan(begin, end - begin), first, last));
}

double Habits::reports_between(std::size_t kind, double first, double last) const noexcept {
    return static_cast<double>(count_between(kinds_[kind].times, first, last));
}

}  // namespace enteroscan
