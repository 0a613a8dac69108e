#include "scan/tree_plan.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

namespace {

constexpr double no_limit = std::numeric_limits<double>::infinity();
constexpr double slack = 1e-9;  // of limits, against rounding

/// The greatest measure with which so many cases reach a level: by bisection, rounded up.
double greatest_measure(const TreeStatistic& statistic, double cases, double level) {
    double high = statistic.form == TreeStatistic::Form::bernoulli
                      ? cases * statistic.total_measure / statistic.total_cases
                      : cases;  // the measure of which they are the expected cases
    const double least = statistic.form == TreeStatistic::Form::bernoulli ? cases : 0.0;
    if (cases == 0.0 || level <= 0.0) return no_limit;
    double low = least;
    if (low > 0.0 && statistic.value(cases, low) < level * (1.0 - slack)) return -1.0;
    while (high - low > 1e-4 * high) {
        const double middle = 0.5 * (low + high);
        (statistic.value(cases, middle) >= level * (1.0 - slack) ? low : high) = middle;
    }
    return high * (1.0 + slack);
}

/// The number of cases nearest to the expected one, in a direction, that reaches a level: by bisection
/// between a number that may not and one that need not be looked beyond.
double nearest_cases(const SetFacts& set, double level, double far) {
    double near = set.statistic.expected(set.measure);
    while (std::abs(far - near) > 0.5) {
        const double middle = 0.5 * (near + far);
        (set.statistic.value(middle, set.measure) < level * (1.0 - slack) ? near : far) = middle;
    }
    return near;
}

/// Units of every set.
Lists units_of_sets(const TreeSets& sets) {
    Lists lists;
    lists.offsets.assign(sets.nodes.size() + 1, 0);
    for (const auto set : sets.of_unit.items) ++lists.offsets[set + 1];
    std::partial_sum(lists.offsets.begin(), lists.offsets.end(), lists.offsets.begin());
    lists.items.resize(sets.of_unit.items.size());
    auto next = lists.offsets;
    for (std::uint32_t unit = 0; unit < sets.of_unit.size(); ++unit) {
        for (const auto set : sets.of_unit[unit]) lists.items[next[set]++] = unit;
    }
    return lists;
}

}  // namespace

Ends by_end(const Intervals& intervals) {
    Ends ends;
    const auto n_days = intervals.n_intervals();
    ends.starts.resize(static_cast<std::size_t>(n_days) + 1);
    std::vector<std::int32_t> n_windows(ends.starts.size());
    for (const auto& run : intervals.runs()) {
        for (auto start = run.first_start; start <= run.last_start; ++start) {
            const auto end = static_cast<std::size_t>(start + run.length);
            auto& starts = ends.starts[end];
            const bool is_first = n_windows[end]++ == 0;
            starts.first = is_first ? start : std::min(starts.first, start);
            starts.last = is_first ? start : std::max(starts.last, start);
        }
    }
    for (std::int32_t end = 0; end <= n_days; ++end) {
        const auto& [first, last] = ends.starts[static_cast<std::size_t>(end)];
        const auto n = n_windows[static_cast<std::size_t>(end)];
        if (n == 0) continue;
        if (ends.last < 0) ends.first = end;
        ends.regular = ends.regular && last - first + 1 == n;
        if (ends.last >= 0) {
            const auto& before = ends.starts[static_cast<std::size_t>(ends.last)];
            ends.regular = ends.regular && ends.last == end - 1 && before.last >= last - 1 &&
                           before.last <= last && before.first <= first;
        }
        ends.last = end;
    }
    return ends;
}

TreePlan::TreePlan(TreeModel model_given, TreeSets sets_given, Intervals intervals_given, Rates rates_given,
                   std::int64_t min_cases_given)
    : model(std::move(model_given)),
      sets(std::move(sets_given)),
      intervals(std::move(intervals_given)),
      rates(rates_given),
      min_cases(min_cases_given) {
    model.normalise();
    if (sets.of_unit.size() != model.n_units)
        throw InvalidInput("tree: model and sets differ in their units");
    if (intervals.n_intervals() != model_days()) {
        throw InvalidInput("tree: model and intervals differ in their days");
    }
    facts.resize(sets.nodes.size());
    prepare_cases();
    prepare_measures();
    prepare_statistics();
    prepare_simulation();
    if (is_temporal() && looks_at_case_days()) prepare_limits();
}

Limits TreePlan::limits_at(double level) const {
    Limits limits{level};
    for (const auto& table : limit_tables) {
        for (std::size_t cases = 0; cases < table.size; ++cases) {
            limits.greatest_measures.push_back(
                std::cmp_less(cases, min_cases)
                    ? -1.0
                    : greatest_measure(table.statistic, static_cast<double>(cases), level));
        }
    }
    if (is_temporal()) return limits;
    for (const auto set : simulated) {
        const auto& one = facts[set];
        const bool is_bernoulli = !model.controls.empty() || model.expected.empty();
        const auto most =
            is_bernoulli ? std::min(one.measure, one.statistic.total_cases) : one.statistic.total_cases;
        const double mean = one.statistic.expected(one.measure);
        limits.fewest_cases.push_back(nearest_cases(one, level, std::max(most, mean)));
        limits.most_cases.push_back(nearest_cases(one, level, 0.0));
    }
    return limits;
}
void TreePlan::prepare_cases() {
    for (const auto& cell : model.cases) {
        for (const auto set : sets.of_unit[cell.unit]) facts[set].cases += cell.count;
    }
}

void TreePlan::prepare_measures() {
    using Null = TreeModel::Null;
    const auto n_days = std::size_t{model.n_days};
    if (model.null == Null::uniform && model.kinds_of_day.empty()) {
        share_measure(std::vector<double>(n_days, 1.0));
    } else if (model.null == Null::permutation && model.kinds_of_day.empty()) {
        std::vector<double> cases(n_days);
        for (const auto& cell : model.cases) cases[cell.day] += static_cast<double>(cell.count);
        share_measure(cases);
    } else {
        own_measures();
    }
}

/// Cases of a set are expected in proportion to the same numbers in all sets.
void TreePlan::share_measure(const std::vector<double>& of_day) {
    cumulative.assign(1, 0.0);
    for (const double number : of_day) cumulative.push_back(cumulative.back() + number);
    for (auto& set : facts) {
        set.measure = static_cast<double>(set.cases);
        set.factor = set.measure / cumulative.back();
    }
}

void TreePlan::own_measures() {
    const auto row = std::size_t{model.n_days} + 1;
    cumulative.assign(row * facts.size(), 0.0);
    for (std::size_t set = 0; set < facts.size(); ++set) facts[set].cumulative = set * row;
    if (model.kinds_of_day.empty()) {
        add_units();
    } else {
        add_kinds();
    }
    for (auto& set : facts) {
        double* sums = cumulative.data() + set.cumulative;
        std::partial_sum(sums, sums + row, sums);
        set.measure = sums[row - 1];
    }
}

void TreePlan::add(std::uint32_t unit, std::uint32_t day, double number) {
    for (const auto set : sets.of_unit[unit]) cumulative[facts[set].cumulative + day + 1] += number;
}

void TreePlan::add_units() {
    for (std::uint32_t unit = 0; unit < model.expected.size(); ++unit) add(unit, 0, model.expected[unit]);
    if (!model.expected.empty()) return;
    for (const auto* cells : {&model.cases, &model.controls}) {
        for (const auto& cell : *cells) add(cell.unit, cell.day, static_cast<double>(cell.count));
    }
}

/// On days of a kind, a set's cases on such days are expected in proportion to all cases (permutation) or
/// to the days (uniform).
void TreePlan::add_kinds() {
    const auto& kinds = model.kinds_of_day;
    const auto n_kinds = std::size_t{*std::max_element(kinds.begin(), kinds.end())} + 1;
    std::vector<double> of_day(kinds.size());
    if (model.null == TreeModel::Null::uniform) {
        std::fill(of_day.begin(), of_day.end(), 1.0);
    } else {
        for (const auto& cell : model.cases) of_day[cell.day] += static_cast<double>(cell.count);
    }
    std::vector<double> of_kind(n_kinds);
    for (std::size_t day = 0; day < kinds.size(); ++day) of_kind[kinds[day]] += of_day[day];
    std::vector<double> cases(n_kinds * facts.size());
    for (const auto& cell : model.cases) {
        for (const auto set : sets.of_unit[cell.unit]) {
            cases[set * n_kinds + kinds[cell.day]] += static_cast<double>(cell.count);
        }
    }
    for (std::size_t set = 0; set < facts.size(); ++set) {
        double* sums = cumulative.data() + facts[set].cumulative;
        for (std::size_t day = 0; day < kinds.size(); ++day) {
            const auto kind = kinds[day];
            if (of_kind[kind] > 0.0) {
                sums[day + 1] = cases[set * n_kinds + kind] * of_day[day] / of_kind[kind];
            }
        }
    }
}

void TreePlan::prepare_statistics() {
    using Null = TreeModel::Null;
    using Form = TreeStatistic::Form;
    const auto all_cases = static_cast<double>(model.n_cases());
    double all_controls = 0.0;
    for (const auto& cell : model.controls) all_controls += static_cast<double>(cell.count);
    for (auto& set : facts) {
        auto& statistic = set.statistic;
        const auto own_cases = static_cast<double>(set.cases);
        switch (model.null) {
            case Null::poisson:
            case Null::permutation:
                statistic = {Form::poisson, all_cases, all_cases, 0.0};
                break;
            case Null::poisson_free:
                statistic = {Form::poisson_unconditional, all_cases, all_cases, 0.0};
                break;
            case Null::bernoulli:
                statistic = {Form::bernoulli, all_cases, all_cases + all_controls, 0.0};
                break;
            case Null::bernoulli_free:
                statistic = {Form::bernoulli_unconditional, all_cases, all_cases + all_controls,
                             model.probability};
                break;
            case Null::uniform:
                statistic = {Form::poisson, own_cases, own_cases, 0.0};
                break;
            case Null::bernoulli_time:
                statistic = {Form::bernoulli, own_cases, set.measure, 0.0};
                break;
        }
    }
}

/// Sets of the same units are looked at once, sets that can have no window never.
void TreePlan::prepare_simulation() {
    const auto units = units_of_sets(sets);
    std::map<std::vector<std::uint32_t>, std::uint32_t> seen;
    std::vector<std::uint32_t> position(facts.size(), std::numeric_limits<std::uint32_t>::max());
    day_offsets.assign(1, 0);
    for (std::uint32_t set = 0; set < facts.size(); ++set) {
        const auto members = units[set];
        const bool hopeless = is_temporal() && (facts[set].cases == 0 ||
                                                (rates == Rates::high && facts[set].cases < min_cases));
        if (members.empty() || hopeless) continue;
        if (!seen.emplace(std::vector(members.begin(), members.end()), set).second) continue;
        position[set] = static_cast<std::uint32_t>(simulated.size());
        simulated.push_back(set);
        const auto most_days = std::min<std::int64_t>(facts[set].cases, model.n_days);
        day_offsets.push_back(day_offsets.back() + static_cast<std::uint32_t>(most_days));
    }
    std::vector<std::uint32_t> found;
    for (std::size_t unit = 0; unit < sets.of_unit.size(); ++unit) {
        found.clear();
        for (const auto set : sets.of_unit[unit]) {
            if (position[set] < simulated.size()) found.push_back(position[set]);
        }
        simulated_of_unit.append(found);
    }
}

void TreePlan::prepare_limits() {
    std::map<std::pair<double, double>, std::size_t> of_totals;
    for (const auto set : simulated) {
        const auto& statistic = facts[set].statistic;
        const auto [found, is_new] = of_totals.try_emplace(
            std::pair{statistic.total_cases, statistic.total_measure}, limit_tables.size());
        if (is_new) limit_tables.push_back({statistic});
        auto& table = limit_tables[found->second];
        table.size = std::max(table.size, static_cast<std::size_t>(facts[set].cases) + 1);
        facts[set].limits = found->second;
    }
    std::size_t begin = 0;
    for (auto& table : limit_tables) {
        table.begin = begin;
        begin += table.size;
    }
    for (const auto set : simulated) facts[set].limits = limit_tables[facts[set].limits].begin;
}

}  // namespace enteroscan
