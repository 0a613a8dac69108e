#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace enteroscan {

/// Number of cases (or controls) at one place in one interval, in one stratum.
struct CaseRow {
    std::int32_t location;
    std::int32_t interval;
    std::int64_t count;
    std::int32_t stratum = 0;

    friend bool operator==(const CaseRow&, const CaseRow&) = default;
};

/// Rows sorted by location, interval and stratum, with repeated ones added up and empty ones left out.
/// @throws InvalidInput for locations or intervals outside [0, n), negative strata or counts, and totals
///         of 2^31 or more
std::vector<CaseRow> aggregate(std::vector<CaseRow> rows, std::size_t n_locations, std::int32_t n_intervals);

/// The same without strata: rows that differ in nothing else are added up.
std::vector<CaseRow> without_strata(std::vector<CaseRow> rows);

/// Sum of the counts.
std::int64_t total_count(const std::vector<CaseRow>& rows) noexcept;

}  // namespace enteroscan
