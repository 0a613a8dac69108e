#include "enteroscan/inference/clusters.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "enteroscan/inference/significance.hpp"

namespace enteroscan {
namespace {

bool purely_temporal(const Zones& zones, const Window& window) { return window.size == zones.n_locations(); }

bool meet_in_time(const Window& a, const Window& b) { return a.start <= b.end && b.start <= a.end; }

// The candidates' numbers in the order of the report. Statistics that are equal up to rounding form a group
// that begins with the greatest of those not yet in a group; so the order is a total one, whatever the
// numbers.
std::vector<std::size_t> report_order(const Zones& zones, std::span<const Window> candidates) {
    std::vector<std::size_t> order(candidates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return candidates[a].statistic > candidates[b].statistic;
    });
    const auto key = [&](std::size_t i) {
        return std::tuple(!purely_temporal(zones, candidates[i]), candidates[i].size, i);
    };
    for (auto group = order.begin(); group != order.end();) {
        const double greatest = candidates[*group].statistic;
        const double least = greatest - rank_tolerance * std::max(1.0, greatest);
        const auto end =
            std::find_if(group, order.end(), [&](std::size_t i) { return candidates[i].statistic < least; });
        std::sort(group, end, [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
        group = end;
    }
    return order;
}

// Clusters that have been reported, and what they forbid.
class Report {
  public:
    Report(const Zones& zones, Overlap overlap)
        : zones_(zones), overlap_(overlap), holders_(overlap == Overlap::none ? zones.n_locations() : 0) {}

    bool admits(const Window& candidate) {
        if (overlap_ == Overlap::any) return true;
        if (purely_temporal(zones_, candidate)) return !meets_any(temporal_, candidate);
        if (overlap_ == Overlap::none) return !shares_location(candidate);
        return std::none_of(spatial_.begin(), spatial_.end(), [&](const Cluster& reported) {
            return meet_in_time(reported.window, candidate) && centres_conflict(reported, candidate);
        });
    }

    void add(const Window& cluster) {
        if (overlap_ == Overlap::any) return;
        if (purely_temporal(zones_, cluster)) {
            temporal_.push_back(cluster);
            return;
        }
        const auto zone = members(cluster);
        if (overlap_ == Overlap::none) {
            for (const std::uint32_t member : zone) holders_[member].push_back(cluster);
        } else {
            spatial_.push_back({cluster, {zone.begin(), zone.end()}});
        }
    }

  private:
    struct Cluster {
        Window window;
        std::vector<std::uint32_t> zone;
    };

    static bool meets_any(const std::vector<Window>& reported, const Window& candidate) {
        return std::any_of(reported.begin(), reported.end(),
                           [&](const Window& cluster) { return meet_in_time(cluster, candidate); });
    }

    std::span<const std::uint32_t> members(const Window& window) {
        if (centre_ != window.centre) zones_.neighbourhood(window.centre, around_);
        centre_ = window.centre;
        return std::span(around_.members).first(window.size);
    }

    bool is_taken(std::uint32_t location, const Window& candidate) const {
        return meets_any(holders_[location], candidate);
    }

    bool shares_location(const Window& candidate) {
        // Most candidates lie around a location that is taken. That is seen without listing their members,
        // which takes long: where centre i is the place of location i, every zone around it holds that.
        const std::uint32_t location = candidate.centre;
        if (location < zones_.n_locations() && zones_.radius(candidate.centre, location) == 0.0 &&
            is_taken(location, candidate))
            return true;
        const auto zone = members(candidate);
        return std::any_of(zone.begin(), zone.end(),
                           [&](std::uint32_t member) { return is_taken(member, candidate); });
    }

    bool centres_conflict(const Cluster& reported, const Window& candidate) {
        const auto is_held = [&] {
            return zones_.holds_centre(reported.window.centre, reported.zone, candidate.centre);
        };
        const auto holds = [&] {
            return zones_.holds_centre(candidate.centre, members(candidate), reported.window.centre);
        };
        switch (overlap_) {
            case Overlap::no_centres_in_other:
                return is_held() || holds();
            case Overlap::no_centres_in_more_likely:
                return is_held();
            case Overlap::no_centres_in_less_likely:
                return holds();
            case Overlap::no_pairs_in_each_other:
                return is_held() && holds();
            case Overlap::none:
            case Overlap::any:
                break;
        }
        return false;
    }

    const Zones& zones_;
    Overlap overlap_;
    std::vector<Window> temporal_;
    std::vector<Cluster> spatial_;              // where centres count
    std::vector<std::vector<Window>> holders_;  // of each location, where locations count
    std::optional<std::uint32_t> centre_;
    Neighbourhood around_;  // of centre_
};

}  // namespace

std::vector<Window> select_clusters(const Zones& zones, std::vector<Window> candidates, Overlap overlap,
                                    std::size_t at_most) {
    Report report(zones, overlap);
    std::vector<Window> clusters;
    for (const std::size_t i : report_order(zones, candidates)) {
        if (clusters.size() >= at_most) break;
        if (!report.admits(candidates[i])) continue;
        report.add(candidates[i]);
        clusters.push_back(candidates[i]);
    }
    return clusters;
}

}  // namespace enteroscan
