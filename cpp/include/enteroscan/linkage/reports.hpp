#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace enteroscan {

/// Case reports as linkage sees them. An *exposure* is a value (this venue, that brand) that a case reports;
/// values belong to *kinds* (venue, brand). What a case does not report is not there: missing never matches.
///
/// Evidence is a log likelihood ratio, "ill from a common source that spread this agent" against "ill like
/// everybody else here", one number for each agent that a source could have spread.
///
/// Times are hours since any fixed moment. Tables are stored row by row.
struct CaseReports {
    // One entry a case.
    std::vector<double> onset;
    std::vector<double> reported;
    /// Cases whose exposures may stand in for each other when there is no outbreak: same area, age, season.
    std::vector<std::int32_t> stratum;
    /// Cases that share habits: same area and age. What they report is expected of each other.
    std::vector<std::int32_t> context;
    std::vector<double> latitude;       ///< of the home, in degrees; NaN: unknown
    std::vector<double> longitude;      ///< ... likewise
    std::vector<double> case_evidence;  ///< [case, agent]: symptoms and laboratory

    // One entry a meal.
    std::vector<double> lag;           ///< hours from the meal to the onset
    std::vector<double> lag_evidence;  ///< [meal, agent]: incubation

    // One entry an exposure, sorted by case; a case has a value at most once.
    std::vector<std::int32_t> exposed_case;
    std::vector<std::int32_t> value;
    std::vector<std::int32_t> meal;       ///< at which the case met the value
    std::vector<double> report_evidence;  ///< what the report says of it beside: others ill

    std::vector<std::int32_t> kind;  ///< one entry a value

    // One entry a kind.
    std::vector<double> pseudo_count;   ///< added to the number of reports of every value
    std::vector<double> pseudo_total;   ///< ... and their sum over all values, unseen ones included
    std::vector<double> concentration;  ///< reports after which a context's own habits count half
    std::vector<double> agreement;      ///< chance that a case of the source reports the shared value
    std::vector<double> longest;        ///< hours from the first to the last exposure to one source
    /// Values that come into fashion (foods at a festival) are expected as often as in so many hours before
    /// and after, if that is more than usual. 0: fashions are not looked at.
    std::vector<double> fashion;
    /// Later cases that one case makes by infecting others who share the value (people of its home). 0: none.
    std::vector<double> contagion;

    // One entry an agent.
    std::vector<double> log_prior;   ///< log of its share among outbreaks
    std::vector<double> infectious;  ///< its share among cases that infect others; 0: it infects nobody

    /// From the onset of a case to that of those it infects: median in hours and sigma of a log-normal.
    std::vector<double> serial_interval;

    /// When a case met the value of an exposure, if the exposure is its own.
    double time(std::size_t exposed, std::size_t exposure) const noexcept {
        return onset[exposed] - lag[static_cast<std::size_t>(meal[exposure])];
    }

    std::size_t n_cases() const noexcept { return onset.size(); }
    std::size_t n_exposures() const noexcept { return value.size(); }
    std::size_t n_values() const noexcept { return kind.size(); }
    std::size_t n_kinds() const noexcept { return pseudo_count.size(); }
    std::size_t n_agents() const noexcept { return log_prior.size(); }
};

/// @throws InvalidInput where lengths do not fit, numbers are out of range, or exposures are not sorted
void check(const CaseReports& reports);

}  // namespace enteroscan
