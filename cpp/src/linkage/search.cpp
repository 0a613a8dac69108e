#include "search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "contagion.hpp"
#include "mixture.hpp"

namespace enteroscan {

namespace {

constexpr double rounding = 1e-9;          // of bounds that come from differences of sums
constexpr double fashion_doubt = 20.0;     // reports near the time after which they count half
constexpr std::size_t few_exposures = 32;  // of a value, up to which bounds cost more than they save

}  // namespace

void Search::gather(std::size_t value) {
    const CaseReports& reports = data_.reports;
    const GroupOptions& options = data_.options;
    exposed_.clear();
    moments_.clear();
    for (const std::int32_t exposure : data_.by_value.exposures(value)) {
        const auto i = static_cast<std::size_t>(exposure);
        const std::int32_t person = owner_[static_cast<std::size_t>(reports.exposed_case[i])];
        const auto p = static_cast<std::size_t>(person);
        const double time = reports.time(p, i);
        if (time < options.from || time > options.until || aside_[p] != 0) continue;
        moments_.push_back(time);
        if (taken_[p] != 0) continue;
        exposed_.push_back({time, person, exposure, reports.reported[p] >= options.fresh_since});
    }
}

void Search::count(std::size_t value) {
    const CaseReports& reports = data_.reports;
    habits_of_value_.contexts.clear();
    habits_of_value_.n = 0.0;
    for (const std::int32_t exposure : data_.by_value.exposures(value)) {
        const auto i = static_cast<std::size_t>(exposure);
        const auto owner =
            static_cast<std::size_t>(owner_[static_cast<std::size_t>(reports.exposed_case[i])]);
        if (aside_[owner] != 0) continue;
        const std::int32_t context = reports.context[owner];
        double& n = count_in_context_[static_cast<std::size_t>(context)];
        if (n == 0.0) habits_of_value_.contexts.push_back({context, 0.0});
        n += 1.0;
        habits_of_value_.n += 1.0;
    }
    for (auto& [context, n] : habits_of_value_.contexts) {
        n = std::exchange(count_in_context_[static_cast<std::size_t>(context)], 0.0);
    }
}

void Search::mark() {
    const std::size_t n_agents = data_.reports.n_agents();
    std::sort(exposed_.begin(), exposed_.end(), [](const Exposed& a, const Exposed& b) {
        return std::tie(a.time, a.person) < std::tie(b.time, b.person);
    });
    std::sort(moments_.begin(), moments_.end());
    const std::size_t n = exposed_.size();
    n_fresh_.assign(n + 1, 0);
    marks_.resize(n * n_agents);
    evidence_.assign((n + 1) * n_agents, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
        n_fresh_[i + 1] = n_fresh_[i] + (exposed_[i].fresh ? 1 : 0);
        const double* of_case = &data_.case_ratio[static_cast<std::size_t>(exposed_[i].person) * n_agents];
        const auto exposure = static_cast<std::size_t>(exposed_[i].exposure);
        const auto meal = static_cast<std::size_t>(data_.reports.meal[exposure]);
        const double* of_meal = &data_.meal_ratio[meal * n_agents];
        const double of_report = data_.report_ratio[exposure];
        for (std::size_t a = 0; a < n_agents; ++a) {
            const double mark = of_case[a] * of_meal[a] * of_report;
            marks_[i * n_agents + a] = mark;
            evidence_[(i + 1) * n_agents + a] = evidence_[i * n_agents + a] + mark;
        }
    }
}

/// How many the cases before each of the exposed infect in an hour.
void Search::infect(std::size_t kind) {
    const CaseReports& reports = data_.reports;
    infected_.assign(exposed_.size(), 0.0);
    if (reports.contagion[kind] == 0.0) return;
    const std::size_t n_agents = reports.n_agents();
    for (std::size_t i = 0; i < exposed_.size(); ++i) {
        const double* own = &data_.case_ratio[static_cast<std::size_t>(exposed_[i].person) * n_agents];
        for (std::size_t j = 0; j < i; ++j) {
            const double density = serial_density(reports, exposed_[i].time - exposed_[j].time);
            if (density == 0.0) continue;
            const double* before = &data_.case_ratio[static_cast<std::size_t>(exposed_[j].person) * n_agents];
            double alike = 0.0;
            for (std::size_t a = 0; a < n_agents; ++a) alike += reports.infectious[a] * own[a] * before[a];
            infected_[i] += reports.contagion[kind] * density * alike;
        }
    }
}

/// No value can have more than this share of its reports left out, times what they are expected to bring.
double Search::busiest(std::size_t kind) const {
    const double longest = data_.options.durations.back();
    const auto times = habits_.times(kind);
    const auto contexts = habits_.contexts(kind);
    std::vector<double> inside(habits_.n_contexts(), 0.0);
    double greatest = 0.0;
    std::size_t begin = 0;
    for (std::size_t end = 0; end < times.size(); ++end) {
        while (times[end] - times[begin] > longest)
            inside[static_cast<std::size_t>(contexts[begin++])] -= 1.0;
        const auto context = static_cast<std::size_t>(contexts[end]);
        inside[context] += 1.0;
        greatest = std::max(greatest, inside[context] * habits_.weight(kind, context));
    }
    return greatest;
}

/// What would be expected before each time of the kind if none of the reports were left out.
void Search::sum_expected(std::size_t kind) {
    const auto contexts = habits_.contexts(kind);
    for (const auto& [context, n] : habits_of_value_.contexts) {
        const auto c = static_cast<std::size_t>(context);
        left_in_context_[c] = n * habits_.weight(kind, c);
    }
    expected_before_.resize(contexts.size() + 1);
    double sum = 0.0;
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        expected_before_[i] = sum;
        sum += left_in_context_[static_cast<std::size_t>(contexts[i])];
    }
    expected_before_[contexts.size()] = sum;
    for (const auto& [context, n] : habits_of_value_.contexts) {
        left_in_context_[static_cast<std::size_t>(context)] = 0.0;
    }
}

double Search::most_evidence(std::size_t begin, std::size_t end) const {
    const std::size_t n_agents = data_.reports.n_agents();
    const double* before = &evidence_[begin * n_agents];
    const double* after = &evidence_[end * n_agents];
    double most = 0.0;
    for (std::size_t a = 0; a < n_agents; ++a) {
        most = std::max(most, after[a] - before[a] + rounding * after[a]);
    }
    return most;
}

/// No statistic is greater: the mean over the agents' prior of the best that each sum of evidence allows.
double Search::best_possible_mean(std::size_t begin, std::size_t end, double expected) {
    const std::size_t n_agents = data_.prior.size();
    const auto n = static_cast<double>(end - begin);
    fits_.resize(n_agents);
    for (std::size_t a = 0; a < n_agents; ++a) {
        const double after = evidence_[end * n_agents + a];
        const double sum = after - evidence_[begin * n_agents + a] + rounding * after;
        fits_[a] = best_possible(n, sum / expected);
    }
    return log_mean() + rounding;
}

double Search::expected(std::size_t kind, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
        const auto person = static_cast<std::size_t>(exposed_[i].person);
        left_in_context_[static_cast<std::size_t>(data_.reports.context[person])] += 1.0;
    }
    const double result =
        habits_.expected(kind, habits_of_value_, {static_cast<double>(end - begin), left_in_context_},
                         exposed_[begin].time, exposed_[end - 1].time);
    for (std::size_t i = begin; i < end; ++i) {
        const auto person = static_cast<std::size_t>(exposed_[i].person);
        left_in_context_[static_cast<std::size_t>(data_.reports.context[person])] = 0.0;
    }
    return std::max(result, expected_by_fashion(kind, begin, end));
}

/// Reports of the value near the time, but not in it, make as many expected in it.
double Search::expected_by_fashion(std::size_t kind, std::size_t begin, std::size_t end) const {
    const double near = data_.reports.fashion[kind];
    if (near == 0.0) return 0.0;
    const double first = exposed_[begin].time;
    const double last = exposed_[end - 1].time;
    const auto inside = static_cast<double>(end - begin);
    const double n = static_cast<double>(count_between(moments_, first - near, last + near)) - inside;
    const double all_inside = habits_.reports_between(kind, first, last);
    const double all = habits_.reports_between(kind, first - near, last + near) - all_inside;
    const double usual = (habits_of_value_.n - inside + data_.reports.pseudo_count[kind]) /
                         (habits_.total(kind) - all_inside + data_.reports.pseudo_total[kind]);
    return (n + fashion_doubt * usual) / (all + fashion_doubt) * all_inside;
}

/// The statistic, or something that is not above `above` as soon as it cannot exceed that. Most windows
/// fail on the one agent that a single strange case speaks for; so the agents that promise most come first.
double Search::statistic(std::size_t begin, std::size_t end, double expected, double above) {
    double possible = best_possible_mean(begin, end, expected);
    order_.resize(fits_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [this](std::size_t a, std::size_t b) {
        return std::pair(-fits_[a], a) < std::pair(-fits_[b], b);
    });
    for (const std::size_t a : order_) {
        if (possible <= above) return possible;
        fits_[a] = fit_source(ratios(begin, end, a, expected)).log_likelihood_ratio;
        possible = log_mean() + rounding;
    }
    return log_mean();
}

double Search::statistic(std::size_t begin, std::size_t end, double expected, Evidence evidence) {
    const std::size_t n_agents = data_.prior.size();
    fits_.resize(n_agents);
    ratios_.resize(end - begin);
    const double hours = evidence.contagion ? exposed_[end - 1].time - exposed_[begin].time : 0.0;
    for (std::size_t a = 0; a < n_agents; ++a) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto person = static_cast<std::size_t>(exposed_[i].person);
            const auto exposure = static_cast<std::size_t>(exposed_[i].exposure);
            const auto meal = static_cast<std::size_t>(data_.reports.meal[exposure]);
            double ratio = 1.0 / (expected + hours * infected_[i]);
            if (evidence.incubation) ratio *= data_.meal_ratio[meal * n_agents + a];
            if (evidence.symptoms) ratio *= data_.case_ratio[person * n_agents + a];
            if (evidence.report) ratio *= data_.report_ratio[exposure];
            ratios_[i - begin] = ratio;
        }
        fits_[a] = fit_source(ratios_).log_likelihood_ratio;
    }
    return log_mean();
}

/// Mean over the agents' prior of the likelihood ratios, on the log scale.
double Search::log_mean() const {
    const double greatest = *std::max_element(fits_.begin(), fits_.end());
    double sum = 0.0;
    for (std::size_t a = 0; a < fits_.size(); ++a) sum += data_.prior[a] * std::exp(fits_[a] - greatest);
    return greatest + std::log(sum);
}

/// What is expected at least, from sums over all reports of the kind: much cheaper than `expected`.
double Search::least_expected(std::size_t kind, std::size_t begin, std::size_t end, bool sharp) {
    const auto n = static_cast<double>(end - begin);
    const auto times = habits_.times(kind);
    const auto from = std::lower_bound(times.begin(), times.end(), exposed_[begin].time);
    const auto to = std::upper_bound(from, times.end(), exposed_[end - 1].time);
    const auto i = static_cast<std::size_t>(from - times.begin());
    const auto j = static_cast<std::size_t>(to - times.begin());
    const double all = habits_.expected_anywhere(kind, habits_of_value_.n, n, i, j) + expected_before_[j] -
                       expected_before_[i] - rounding * expected_before_[j];
    if (!sharp) return all - n * busiest_[kind];
    double left = 0.0;
    for (std::size_t k = begin; k < end; ++k) {
        const auto person = static_cast<std::size_t>(exposed_[k].person);
        const auto context = static_cast<std::size_t>(data_.reports.context[person]);
        left += habits_.weight(kind, context) *
                habits_.reports_between(kind, context, exposed_[begin].time, exposed_[end - 1].time);
    }
    return all - left;
}

void Search::try_source(std::size_t kind, std::size_t begin, std::size_t end, Source& found) {
    if (n_fresh_[end] == n_fresh_[begin]) return;
    const auto n = static_cast<double>(end - begin);
    const double evidence = most_evidence(begin, end);
    const auto hopeless = [&](double expected) {
        return expected > 0.0 && (best_possible(n, evidence / expected) <= found.statistic ||
                                  best_possible_mean(begin, end, expected) <= found.statistic);
    };
    if (!expected_before_.empty()) {
        if (hopeless(expected_by_fashion(kind, begin, end))) return;
        if (hopeless(least_expected(kind, begin, end, false))) return;
        const double least = least_expected(kind, begin, end, true);
        if (hopeless(least)) return;
        if (least > 0.0 && statistic(begin, end, least, found.statistic) <= found.statistic) return;
    }
    const double chance = expected(kind, begin, end);
    if (hopeless(chance)) return;
    const double reached = statistic(begin, end, chance, found.statistic);
    if (reached > found.statistic) found = {reached, begin, end, chance};
}

std::optional<Source> Search::best(std::size_t value, double above) {
    const auto least = static_cast<std::size_t>(data_.options.min_cases);
    const auto kind = static_cast<std::size_t>(data_.reports.kind[value]);
    const auto limit = static_cast<std::size_t>(data_.options.max_reports);
    if (limit > 0 && data_.by_value.exposures(value).size() > limit) return std::nullopt;
    gather(value);
    if (exposed_.size() < least) return std::nullopt;
    count(value);
    mark();
    infect(kind);
    expected_before_.clear();
    if (exposed_.size() > few_exposures) sum_expected(kind);
    Source found;
    found.statistic = above;
    for (std::size_t begin = 0; begin + least <= exposed_.size(); ++begin) {
        std::size_t end = begin;
        for (const double duration : data_.options.durations) {
            if (duration > data_.reports.longest[kind]) break;
            const std::size_t before = end;
            while (end < exposed_.size() && exposed_[end].time - exposed_[begin].time <= duration) ++end;
            if (end != before && end - begin >= least) try_source(kind, begin, end, found);
        }
    }
    return found.end > found.begin ? std::optional(found) : std::nullopt;
}

}  // namespace enteroscan
