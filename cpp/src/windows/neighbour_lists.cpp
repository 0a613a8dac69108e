#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"
#include "windows/prefix_limit.hpp"

namespace enteroscan {
namespace {

void check_offsets(std::span<const std::int64_t> offsets, std::size_t n_members, std::size_t n_centres) {
    const bool valid = offsets.size() == n_centres + 1 && offsets.front() == 0 &&
                       std::is_sorted(offsets.begin(), offsets.end()) &&
                       std::cmp_equal(offsets.back(), n_members);
    if (valid && n_centres > 0) return;
    std::ostringstream text;
    text << "the offsets of neighbour lists must ascend from 0 to the number of members (" << n_members
         << "), one more than there are centres (" << n_centres << ", at least one); got " << offsets.size()
         << " offsets";
    throw InvalidInput(text.str());
}

void check_range(std::span<const std::uint32_t> locations, std::size_t n_locations, const char* what) {
    const auto is_bad = [&](std::uint32_t location) { return location >= n_locations; };
    const auto n_bad = std::count_if(locations.begin(), locations.end(), is_bad);
    if (n_bad == 0) return;
    const auto first = std::find_if(locations.begin(), locations.end(), is_bad);
    std::ostringstream text;
    text << n_bad << " " << what << " of neighbour lists are not below the number of locations ("
         << n_locations << "), the first is " << *first << " at position " << first - locations.begin();
    throw InvalidInput(text.str());
}

class NeighbourLists final : public Zones {
  public:
    NeighbourLists(std::size_t n_locations, std::vector<std::int64_t> offsets,
                   std::vector<std::uint32_t> members, std::vector<std::uint32_t> centres,
                   ZoneLimits evaluated, ZoneLimits reported)
        : n_locations_(n_locations),
          offsets_(std::move(offsets)),
          members_(std::move(members)),
          centres_(std::move(centres)),
          evaluated_(std::move(evaluated), n_locations, "evaluated"),
          reported_(std::move(reported), n_locations, "reported") {
        check_offsets(offsets_, members_.size(), centres_.size());
        check_range(members_, n_locations, "members");
        check_range(centres_, n_locations, "centres");
        check_distinct();
        if (std::isfinite(evaluated_.max_radius()) || std::isfinite(reported_.max_radius())) {
            throw InvalidInput(
                "neighbour lists have no radius that could be limited; limit the size of zones, or "
                "shorten the lists");
        }
    }

    std::size_t n_locations() const noexcept override { return n_locations_; }
    std::size_t n_centres() const noexcept override { return centres_.size(); }

    void neighbourhood(std::size_t centre, Neighbourhood& out) const override {
        const std::span<const std::uint32_t> all = list(centre);
        std::vector<double>& sums = out.scratch.sums;
        evaluated_.start(sums);
        const std::size_t size = evaluated_.extend(all, sums);
        out.members.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
        out.first_zone = 1;
        reported_.start(sums);
        out.reported = reported_.extend(out.members, sums);
    }

    double radius(std::size_t, std::uint32_t) const override {
        return std::numeric_limits<double>::quiet_NaN();
    }

    bool holds_centre(std::size_t, std::span<const std::uint32_t> zone, std::size_t other) const override {
        return std::find(zone.begin(), zone.end(), centres_[other]) != zone.end();
    }

  private:
    std::span<const std::uint32_t> list(std::size_t centre) const {
        return std::span(members_).subspan(static_cast<std::size_t>(offsets_[centre]),
                                           static_cast<std::size_t>(offsets_[centre + 1] - offsets_[centre]));
    }

    void check_distinct() const {
        std::vector<std::size_t> last_list(n_locations_, centres_.size());
        for (std::size_t c = 0; c < centres_.size(); ++c) {
            for (const std::uint32_t member : list(c)) {
                if (last_list[member] == c) {
                    std::ostringstream text;
                    text << "neighbour list " << c << " holds location " << member
                         << " more than once; leave out the repetitions";
                    throw InvalidInput(text.str());
                }
                last_list[member] = c;
            }
        }
    }

    std::size_t n_locations_;
    std::vector<std::int64_t> offsets_;
    std::vector<std::uint32_t> members_;
    std::vector<std::uint32_t> centres_;
    PrefixLimit evaluated_;
    PrefixLimit reported_;
};

}  // namespace

std::shared_ptr<const Zones> neighbour_lists(std::size_t n_locations, std::vector<std::int64_t> offsets,
                                             std::vector<std::uint32_t> members,
                                             std::vector<std::uint32_t> centres, ZoneLimits evaluated,
                                             ZoneLimits reported) {
    return std::make_shared<const NeighbourLists>(n_locations, std::move(offsets), std::move(members),
                                                  std::move(centres), std::move(evaluated),
                                                  std::move(reported));
}

}  // namespace enteroscan
