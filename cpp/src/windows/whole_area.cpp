#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"

namespace enteroscan {
namespace {

class WholeArea final : public Zones {
  public:
    explicit WholeArea(std::size_t n_locations) : n_locations_(n_locations) {
        if (n_locations == 0) throw InvalidInput("the area must have at least one location, got none");
    }

    std::size_t n_locations() const noexcept override { return n_locations_; }
    std::size_t n_centres() const noexcept override { return 1; }

    void neighbourhood(std::size_t, Neighbourhood& out) const override {
        out.members.resize(n_locations_);
        std::iota(out.members.begin(), out.members.end(), 0u);
        out.first_zone = n_locations_;
        out.reported = n_locations_;
    }

    double radius(std::size_t, std::uint32_t) const override {
        return std::numeric_limits<double>::quiet_NaN();
    }

    bool holds_centre(std::size_t, std::span<const std::uint32_t>, std::size_t) const override {
        return true;
    }

  private:
    std::size_t n_locations_;
};

}  // namespace

std::shared_ptr<const Zones> whole_area(std::size_t n_locations) {
    return std::make_shared<const WholeArea>(n_locations);
}

}  // namespace enteroscan
