#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan {
namespace {

class Combined final : public Zones {
  public:
    explicit Combined(std::vector<std::shared_ptr<const Zones>> families) : families_(std::move(families)) {
        if (families_.empty()) throw InvalidInput("there must be at least one family of zones, got none");
        for (const auto& family : families_) {
            check(*family);
            ends_.push_back((ends_.empty() ? 0 : ends_.back()) + family->n_centres());
        }
    }

    std::size_t n_locations() const noexcept override { return families_.front()->n_locations(); }
    std::size_t n_centres() const noexcept override { return ends_.back(); }

    void neighbourhood(std::size_t centre, Neighbourhood& out) const override {
        const Place place = find(centre);
        families_[place.family]->neighbourhood(place.centre, out);
    }

    double radius(std::size_t centre, std::uint32_t member) const override {
        const Place place = find(centre);
        return families_[place.family]->radius(place.centre, member);
    }

    bool holds_centre(std::size_t centre, std::span<const std::uint32_t> zone,
                      std::size_t other) const override {
        const Place place = find(centre);
        const Place other_place = find(other);
        if (place.family != other_place.family) return zone.size() == n_locations();
        return families_[place.family]->holds_centre(place.centre, zone, other_place.centre);
    }

  private:
    struct Place {
        std::size_t family;
        std::size_t centre;  // number within the family
    };

    Place find(std::size_t centre) const {
        const auto end = std::upper_bound(ends_.begin(), ends_.end(), centre);
        const auto family = static_cast<std::size_t>(end - ends_.begin());
        return {.family = family, .centre = family == 0 ? centre : centre - ends_[family - 1]};
    }

    void check(const Zones& family) const {
        if (family.n_locations() == n_locations()) return;
        std::ostringstream text;
        text << "families of zones must have the same locations; one has " << n_locations() << ", another "
             << family.n_locations();
        throw InvalidInput(text.str());
    }

    std::vector<std::shared_ptr<const Zones>> families_;
    std::vector<std::size_t> ends_;  // number of centres up to and including each family
};

}  // namespace

std::shared_ptr<const Zones> combined(std::vector<std::shared_ptr<const Zones>> families) {
    return std::make_shared<const Combined>(std::move(families));
}

}  // namespace enteroscan
