#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "enteroscan/linkage/groups.hpp"
#include "habits.hpp"

namespace enteroscan {

/// Case reports made ready for the search: immutable, shared by all threads.
class ExposureIndex {
  public:
    /// @throws InvalidInput
    ExposureIndex(CaseReports given, GroupOptions chosen);

    CaseReports reports;
    GroupOptions options;
    ByValue by_value;
    std::vector<double> case_ratio;    // exp(case_evidence)
    std::vector<double> meal_ratio;    // exp(lag_evidence)
    std::vector<double> report_ratio;  // exp(report_evidence)
    std::vector<double> prior;
    std::vector<std::int32_t> by_stratum;  // cases
    std::vector<std::size_t> stratum_first;

    /// Assigns the exposures of case source[c] to case c, at random within the strata. Cases set
    /// aside keep theirs.
    void shuffle(std::uint64_t seed, std::int64_t replicate, std::span<const std::uint8_t> aside,
                 std::vector<std::int32_t>& source) const;
};

}  // namespace enteroscan
