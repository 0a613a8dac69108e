#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"
#include "windows/prefix_limit.hpp"
#include "windows/radial_sort.hpp"

namespace enteroscan {
namespace {

/// The order in which locations of equal distance enter: the one place that says so. Total, and equal
/// only for locations at the same place.
std::strong_ordering order_of_ties(const Points& points, std::uint32_t a, std::uint32_t b) {
    for (std::size_t d = 0; d < points.space_dimension(); ++d) {
        const double x = points.axis(d)[a];
        const double y = points.axis(d)[b];
        if (x != y) return x < y ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    return std::strong_ordering::equal;
}

std::vector<std::uint32_t> in_order_of_ties(const Points& points) {
    std::vector<std::uint32_t> order(points.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const auto tie = order_of_ties(points, a, b);
        return tie < 0 || (tie == 0 && a < b);
    });
    return order;
}

void check_metrics(const Points& locations, const Points& centres) {
    if (locations.metric() == centres.metric() && locations.space_dimension() == centres.space_dimension()) {
        return;
    }
    throw InvalidInput(
        "locations and centres must have the same metric and dimension; give both as latitude and "
        "longitude or both as coordinates of one plane");
}

void check_not_empty(const Points& points, const char* what) {
    if (points.size() != 0) return;
    throw InvalidInput(std::string("circles need at least one ") + what + ", got none");
}

void check_distinct(const Points& locations, std::span<const std::uint32_t> sorted) {
    std::size_t n_repeats = 0;
    std::ostringstream first;
    for (std::size_t k = 1; k < sorted.size(); ++k) {
        if (order_of_ties(locations, sorted[k - 1], sorted[k]) != 0) continue;
        if (n_repeats < 5) {
            first << (n_repeats == 0 ? "" : ", ") << sorted[k] << " (as " << sorted[k - 1] << ")";
        }
        ++n_repeats;
    }
    if (n_repeats == 0) return;
    std::ostringstream text;
    text << n_repeats << " of " << sorted.size() << " locations repeat the coordinates of another; merge "
         << "them beforehand. First location numbers: " << first.str();
    throw InvalidInput(text.str());
}

/// The first of the nearest locations begin to end whose distance exceeds max_radius.
std::size_t first_beyond(double max_radius, const RadialSort& sort, std::size_t begin, std::size_t end) {
    if (std::isinf(max_radius)) return end;
    while (begin < end) {
        const std::size_t middle = begin + (end - begin) / 2;
        if (sort.distance_of(middle) <= max_radius) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return end;
}

class Circles final : public Zones {
  public:
    Circles(Points locations, Points centres, ZoneLimits evaluated, ZoneLimits reported)
        : locations_(std::move(locations)),
          centres_(std::move(centres)),
          evaluated_(std::move(evaluated), locations_.size(), "evaluated"),
          reported_(std::move(reported), locations_.size(), "reported"),
          by_ties_(in_order_of_ties(locations_)) {
        check_metrics(locations_, centres_);
        check_not_empty(locations_, "location");
        check_not_empty(centres_, "centre");
        check_distinct(locations_, by_ties_);
        const std::size_t dimension = locations_.space_dimension();
        for (std::size_t d = 0; d < dimension; ++d) {
            for (const std::uint32_t i : by_ties_) axes_.push_back(locations_.axis(d)[i]);
        }
        for (std::size_t i = 0; i < centres_.size(); ++i) {
            for (std::size_t d = 0; d < dimension; ++d) centre_rows_.push_back(centres_.axis(d)[i]);
        }
    }

    std::size_t n_locations() const noexcept override { return locations_.size(); }
    std::size_t n_centres() const noexcept override { return centres_.size(); }

    void neighbourhood(std::size_t centre, Neighbourhood& out) const override {
        const std::size_t dimension = locations_.space_dimension();
        RadialSort sort(axes_, locations_.size(),
                        std::span(centre_rows_).subspan(centre * dimension, dimension), out.scratch);
        out.first_zone = 1;
        out.members.resize(locations_.size());
        std::vector<double>& sums = out.scratch.sums;
        evaluated_.start(sums);
        std::size_t size = 0;
        for (std::size_t sorted = 0; size == sorted && sorted < locations_.size();) {
            sorted = sort.advance();
            const std::size_t end = first_beyond(evaluated_.max_radius(), sort, size, sorted);
            for (std::size_t k = size; k < end; ++k) out.members[k] = by_ties_[sort[k]];
            size += evaluated_.extend(std::span(out.members).subspan(size, end - size), sums);
        }
        out.members.resize(size);
        reported_.start(sums);
        const std::size_t near_enough = first_beyond(reported_.max_radius(), sort, 0, size);
        out.reported = reported_.extend(std::span(out.members).first(near_enough), sums);
    }

    double radius(std::size_t centre, std::uint32_t member) const override {
        const double length = distance(centres_, centre, locations_, member);
        return locations_.metric() == Metric::great_circle ? arc_from_chord(length) : length;
    }

    bool holds_centre(std::size_t centre, std::span<const std::uint32_t> zone,
                      std::size_t other) const override {
        return distance(centres_, centre, centres_, other) <=
               distance(centres_, centre, locations_, zone.back());
    }

  private:
    Points locations_;
    Points centres_;
    PrefixLimit evaluated_;
    PrefixLimit reported_;
    std::vector<std::uint32_t> by_ties_;  // locations in the order of ties
    std::vector<double> axes_;            // their coordinates in that order, one array per axis
    std::vector<double> centre_rows_;     // coordinates of the centres, row after row
};

}  // namespace

std::shared_ptr<const Zones> circles(Points locations, Points centres, ZoneLimits evaluated,
                                     ZoneLimits reported) {
    return std::make_shared<const Circles>(std::move(locations), std::move(centres), std::move(evaluated),
                                           std::move(reported));
}

}  // namespace enteroscan
