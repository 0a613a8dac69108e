#include "enteroscan/data/cases.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

auto key(const CaseRow& row) { return std::tuple(row.location, row.interval, row.stratum); }

void check(const CaseRow& row, std::size_t n_locations, std::int32_t n_intervals) {
    if (row.location < 0 || std::cmp_greater_equal(row.location, n_locations))
        throw InvalidInput("location " + std::to_string(row.location) + " is outside [0, " +
                           std::to_string(n_locations) + ")");
    if (row.interval < 0 || row.interval >= n_intervals)
        throw InvalidInput("interval " + std::to_string(row.interval) + " is outside [0, " +
                           std::to_string(n_intervals) + ")");
    if (row.count < 0) throw InvalidInput("a count is negative: " + std::to_string(row.count));
    if (row.stratum < 0) throw InvalidInput("a stratum is negative: " + std::to_string(row.stratum));
}

/// Adds up neighbours with the same key.
void merge_sorted(std::vector<CaseRow>& rows) {
    std::size_t n = 0;
    for (const CaseRow& row : rows) {
        if (row.count == 0) continue;
        if (n > 0 && key(rows[n - 1]) == key(row)) {
            rows[n - 1].count += row.count;
        } else {
            rows[n++] = row;
        }
    }
    rows.resize(n);
}

}  // namespace

std::vector<CaseRow> aggregate(std::vector<CaseRow> rows, std::size_t n_locations, std::int32_t n_intervals) {
    std::int64_t total = 0;
    for (const CaseRow& row : rows) {
        check(row, n_locations, n_intervals);
        if (row.count > std::numeric_limits<std::int32_t>::max() - total)
            throw InvalidInput("there are 2^31 or more cases; the scan counts up to 2^31 - 1");
        total += row.count;
    }
    const auto less = [](const CaseRow& a, const CaseRow& b) { return key(a) < key(b); };
    if (!std::is_sorted(rows.begin(), rows.end(), less)) std::sort(rows.begin(), rows.end(), less);
    merge_sorted(rows);
    return rows;
}

std::vector<CaseRow> without_strata(std::vector<CaseRow> rows) {
    for (CaseRow& row : rows) row.stratum = 0;
    merge_sorted(rows);
    return rows;
}

std::int64_t total_count(const std::vector<CaseRow>& rows) noexcept {
    std::int64_t total = 0;
    for (const CaseRow& row : rows) total += row.count;
    return total;
}

}  // namespace enteroscan
