#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/scan/scan.hpp"

namespace enteroscan {

/// Which secondary clusters are reported beside more likely ones. Two clusters that have no time in
/// common never overlap (SaTScan since 10.2).
enum class Overlap {
    none,                     ///< no location in common
    no_centres_in_other,      ///< neither cluster holds the centre of the other
    no_centres_in_more_likely,///< its centre is not in a more likely cluster
    no_centres_in_less_likely,///< it does not hold the centre of a more likely cluster
    no_pairs_in_each_other,   ///< not both clusters hold the centre of the other
    any                       ///< no restriction: the best of every centre
};

/// Candidates in the order in which they are reported, without those that `overlap` forbids: by
/// descending statistic; of equal ones purely temporal ones first, then those of fewer locations, then in
/// the order given.
std::vector<Window> select_clusters(const Zones& zones, std::vector<Window> candidates, Overlap overlap,
                                    std::size_t at_most);

}  // namespace enteroscan
