#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "enteroscan/geo/points.hpp"

namespace enteroscan {

/// The zones that grow around one centre: the first k members form a zone, for every k from first_zone
/// to members.size().
struct Neighbourhood {
    std::vector<std::uint32_t> members;  ///< location numbers in the order in which they enter
    std::size_t first_zone = 1;          ///< size of the smallest zone
    std::size_t reported = 0;            ///< size of the largest zone that may be reported

    /// Work space of the families of zones, kept for the next centre. Means nothing to callers.
    struct Scratch {
        std::vector<std::uint64_t> unsorted;
        std::vector<std::uint64_t> sorted;
        std::vector<std::uint16_t> rings;
        std::vector<std::uint32_t> ring_ends;
        std::vector<std::uint32_t> places;
        std::vector<std::uint32_t> bucket_ends;
        std::vector<double> sums;
    } scratch = {};
};

/// Where we look: a family of zones, each a set of locations. A new shape (ellipse, network, tree) is a
/// new class of this kind. Immutable; all members may be called from several threads.
class Zones {
  public:
    virtual ~Zones() = default;
    Zones() = default;
    Zones(const Zones&) = delete;
    Zones& operator=(const Zones&) = delete;

    virtual std::size_t n_locations() const noexcept = 0;
    virtual std::size_t n_centres() const noexcept = 0;

    /// Fills `out` with the zones around one centre; reusing `out` saves allocations.
    virtual void neighbourhood(std::size_t centre, Neighbourhood& out) const = 0;

    /// Distance from the centre to one of its members: the radius of the zone of which it is the last.
    /// In km (along the arc) for great-circle points. NaN where zones have no radius.
    virtual double radius(std::size_t centre, std::uint32_t member) const = 0;

    /// Whether the centre `other` lies in a zone around `centre`, which is given by its members: the first
    /// ones of the neighbourhood, in their order. For circles whether it is no farther than the radius, for
    /// neighbour lists whether it is a member. The whole area holds every centre.
    virtual bool holds_centre(std::size_t centre, std::span<const std::uint32_t> zone,
                              std::size_t other) const = 0;
};

/// Largest size of a zone: members are added while the sum of their weights stays at or below `limit`;
/// the first that would exceed it ends the list. SaTScan's "percent of the population at risk".
struct SizeLimit {
    std::vector<double> weights;  ///< one number >= 0 per location
    double limit = std::numeric_limits<double>::infinity();
};

/// All limits of one kind of zone; the smallest binds.
struct ZoneLimits {
    std::vector<SizeLimit> sizes = {};
    /// Largest distance from the centre; compared as a chord for great-circle points, as SaTScan does.
    double max_radius = std::numeric_limits<double>::infinity();
};

/// Circles (spheres in more dimensions) around centres. Locations enter in the order of their distance
/// from the centre, one at a time; equal distances are ordered by the lexicographically lesser
/// coordinates. Locations must have distinct coordinates: merge those that share them beforehand.
/// @param evaluated  limits of the zones that are looked at, in the data and in the replicates
/// @param reported   limits of the zones that may be reported; those of `evaluated` bind as well
/// @throws InvalidInput for metrics or dimensions that differ, wrong numbers of weights, bad limits,
///         coordinates that occur twice
std::shared_ptr<const Zones> circles(Points locations, Points centres, ZoneLimits evaluated,
                                     ZoneLimits reported);

/// Explicit lists: list i holds the locations offsets[i] .. offsets[i+1] of `members`, in the order in
/// which they enter. SaTScan's non-Euclidean neighbours file. `centres[i]` is the location that list i
/// belongs to (it may lack from the list, as in SaTScan it may not; it is used by holds_centre).
std::shared_ptr<const Zones> neighbour_lists(std::size_t n_locations, std::vector<std::int64_t> offsets,
                                             std::vector<std::uint32_t> members,
                                             std::vector<std::uint32_t> centres, ZoneLimits evaluated,
                                             ZoneLimits reported);

/// One zone with all locations: a purely temporal scan.
std::shared_ptr<const Zones> whole_area(std::size_t n_locations);

/// Several families as one, with their centres one after the other. All must have the same locations.
/// Zones hold no centre of another family, unless they have all locations.
std::shared_ptr<const Zones> combined(std::vector<std::shared_ptr<const Zones>> families);

}  // namespace enteroscan
