#include "enteroscan/linkage/reports.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {

namespace {

void require(bool holds, const std::string& message) {
    if (!holds) throw InvalidInput(message);
}

template <typename T>
void check_length(const std::vector<T>& numbers, std::size_t length, const char* name) {
    require(numbers.size() == length, std::string(name) + " has " + std::to_string(numbers.size()) +
                                          " entries; " + std::to_string(length) + " are needed");
}

bool all_finite(const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

bool all_positive(const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double x) { return x > 0.0 && std::isfinite(x); });
}

bool all_below(const std::vector<std::int32_t>& numbers, std::size_t end) {
    return std::all_of(numbers.begin(), numbers.end(),
                       [end](std::int32_t i) { return i >= 0 && std::cmp_less(i, end); });
}

template <typename T>
bool none_negative(const std::vector<T>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](T x) { return x >= 0; });
}

void check_cases(const CaseReports& reports) {
    const std::size_t n = reports.n_cases();
    check_length(reports.reported, n, "reported");
    check_length(reports.stratum, n, "stratum");
    check_length(reports.context, n, "context");
    check_length(reports.latitude, n, "latitude");
    check_length(reports.longitude, n, "longitude");
    check_length(reports.case_evidence, n * reports.n_agents(), "case_evidence");
    require(all_finite(reports.onset) && all_finite(reports.reported), "times must be finite");
    require(all_finite(reports.case_evidence), "case_evidence must be finite");
    require(none_negative(reports.stratum) && none_negative(reports.context),
            "strata and contexts must not be negative");
}

void check_exposures(const CaseReports& reports) {
    const std::size_t n = reports.n_exposures();
    check_length(reports.exposed_case, n, "exposed_case");
    check_length(reports.meal, n, "meal");
    check_length(reports.report_evidence, n, "report_evidence");
    check_length(reports.lag_evidence, reports.lag.size() * reports.n_agents(), "lag_evidence");
    require(
        all_finite(reports.lag) && all_finite(reports.lag_evidence) && all_finite(reports.report_evidence),
        "lags and what they and the reports say must be finite");
    require(all_below(reports.exposed_case, reports.n_cases()) &&
                all_below(reports.value, reports.n_values()) && all_below(reports.meal, reports.lag.size()),
            "exposures name cases, values or meals that do not exist");
    for (std::size_t i = 1; i < n; ++i) {
        const auto before = std::pair(reports.exposed_case[i - 1], reports.value[i - 1]);
        require(before < std::pair(reports.exposed_case[i], reports.value[i]),
                "exposures must be sorted by case and value, each once");
    }
}

}  // namespace

void check(const CaseReports& reports) {
    require(reports.n_agents() > 0, "there must be an agent");
    check_cases(reports);
    check_exposures(reports);
    const std::size_t n_kinds = reports.n_kinds();
    check_length(reports.pseudo_total, n_kinds, "pseudo_total");
    check_length(reports.concentration, n_kinds, "concentration");
    check_length(reports.agreement, n_kinds, "agreement");
    check_length(reports.longest, n_kinds, "longest");
    check_length(reports.fashion, n_kinds, "fashion");
    check_length(reports.contagion, n_kinds, "contagion");
    check_length(reports.infectious, reports.n_agents(), "infectious");
    require(all_below(reports.kind, n_kinds), "values are of kinds that do not exist");
    require(all_positive(reports.pseudo_count) && all_positive(reports.pseudo_total) &&
                all_positive(reports.concentration) && all_positive(reports.agreement),
            "pseudo_count, pseudo_total, concentration and agreement must be positive");
    require(none_negative(reports.longest) && none_negative(reports.fashion),
            "longest and fashion must not be negative");
    require(all_finite(reports.contagion) && none_negative(reports.contagion) &&
                all_finite(reports.infectious) && none_negative(reports.infectious),
            "contagion and infectious must be finite and not negative");
    check_length(reports.serial_interval, 2, "serial_interval");
    require(all_positive(reports.serial_interval), "serial_interval must be positive");
    require(all_finite(reports.log_prior), "log_prior must be finite");
}

}  // namespace enteroscan
