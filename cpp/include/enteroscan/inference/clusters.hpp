#pragma once

#include <cstddef>
#include <vector>

#include "enteroscan/scan/scan.hpp"

namespace enteroscan {

/// Which clusters are not reported beside more likely ones. Two clusters conflict only if they meet in time:
/// if they have an interval in common or one begins where the other ends. A cluster of all locations, a
/// purely temporal one, conflicts with its like under every rule but `any`, and never with others.
enum class Overlap {
    none,                       ///< no location in common
    no_centres_in_other,        ///< neither cluster holds the centre of the other
    no_centres_in_more_likely,  ///< its centre is not in a more likely cluster
    no_centres_in_less_likely,  ///< it does not hold the centre of a more likely cluster
    no_pairs_in_each_other,     ///< not both clusters hold the centre of the other
    any                         ///< no restriction: the best of every centre
};

/// The candidates that are reported, in the order of the report: by descending statistic; of equal ones
/// purely temporal ones first, then those of fewer locations, then in the order given. Each is reported
/// unless `overlap` forbids it beside those before it. Statistics are equal that differ by rank_tolerance at
/// most, or by that share of them: the same cases found around different centres differ by rounding errors.
std::vector<Window> select_clusters(const Zones& zones, std::vector<Window> candidates, Overlap overlap,
                                    std::size_t at_most);

}  // namespace enteroscan
