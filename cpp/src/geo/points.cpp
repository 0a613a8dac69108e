#include "enteroscan/geo/points.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <sstream>
#include <string_view>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

constexpr double radians_per_degree = std::numbers::pi / 180.0;

std::size_t checked_rows(std::span<const double> coordinates, std::size_t dimension, Metric metric) {
    std::ostringstream text;
    if (dimension == 0) {
        text << "points need at least one coordinate each, got dimension 0";
    } else if (metric == Metric::great_circle && dimension != 2) {
        text << "great-circle points have two coordinates, latitude and longitude, got " << dimension;
    } else if (coordinates.size() % dimension != 0) {
        text << coordinates.size() << " coordinates do not make rows of " << dimension;
    } else {
        return coordinates.size() / dimension;
    }
    throw InvalidInput(text.str());
}

/// Throws if numbers of a column lie outside [low, high]. What is not finite lies outside.
void check_column(std::span<const double> coordinates, std::size_t dimension, std::size_t column,
                  std::string_view name, double low, double high) {
    constexpr std::size_t n_shown = 5;
    std::ostringstream rows;
    std::size_t n_bad = 0;
    for (std::size_t k = column; k < coordinates.size(); k += dimension) {
        const double x = coordinates[k];
        if (x >= low && x <= high) continue;
        if (n_bad < n_shown) rows << (n_bad == 0 ? "" : ", ") << k / dimension << " (" << x << ")";
        ++n_bad;
    }
    if (n_bad == 0) return;
    std::ostringstream text;
    text << name << " must lie in [" << low << ", " << high << "]: " << n_bad
         << (n_bad == 1 ? " row does" : " rows do") << " not, first rows " << rows.str()
         << "; correct or leave out these rows";
    throw InvalidInput(text.str());
}

void check_values(std::span<const double> coordinates, std::size_t dimension, Metric metric) {
    if (metric == Metric::great_circle) {
        check_column(coordinates, 2, 0, "latitude", -90.0, 90.0);
        check_column(coordinates, 2, 1, "longitude", -180.0, 360.0);
        return;
    }
    for (std::size_t d = 0; d < dimension; ++d) {
        check_column(coordinates, dimension, d, "coordinate " + std::to_string(d + 1), -largest_coordinate,
                     largest_coordinate);
    }
}

std::array<double, 3> point_on_sphere(double latitude, double longitude) {
    const double phi = latitude * radians_per_degree;
    const double lambda = longitude * radians_per_degree;
    return {earth_radius_km * std::cos(phi) * std::cos(lambda),
            earth_radius_km * std::cos(phi) * std::sin(lambda), earth_radius_km * std::sin(phi)};
}

}  // namespace

Points::Points(std::span<const double> coordinates, std::size_t dimension, Metric metric)
    : n_(checked_rows(coordinates, dimension, metric)),
      original_dimension_(dimension),
      space_dimension_(metric == Metric::great_circle ? 3 : dimension),
      metric_(metric),
      original_(coordinates.begin(), coordinates.end()),
      space_(n_ * space_dimension_) {
    check_values(coordinates, dimension, metric);
    for (std::size_t i = 0; i < n_; ++i) {
        const std::span<const double> row = original(i);
        const auto sphere =
            metric == Metric::great_circle ? point_on_sphere(row[0], row[1]) : std::array<double, 3>{};
        const std::span<const double> point = metric == Metric::great_circle ? sphere : row;
        for (std::size_t d = 0; d < space_dimension_; ++d) space_[d * n_ + i] = point[d];
    }
}

double distance(const Points& a, std::size_t i, const Points& b, std::size_t j) noexcept {
    double square = 0.0;
    for (std::size_t d = 0; d < a.space_dimension(); ++d) {
        const double difference = a.axis(d)[i] - b.axis(d)[j];
        square += difference * difference;
    }
    return std::sqrt(square);
}

double arc_from_chord(double chord_km) noexcept {
    return 2.0 * earth_radius_km * std::asin(std::min(1.0, chord_km / (2.0 * earth_radius_km)));
}

double chord_from_arc(double arc_km) noexcept {
    const double half_angle = std::min(arc_km / (2.0 * earth_radius_km), std::numbers::pi / 2.0);
    return 2.0 * earth_radius_km * std::sin(half_angle);
}

}  // namespace enteroscan
