#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace enteroscan {

/// How distances are measured.
enum class Metric {
    cartesian,    ///< Euclidean distance of the coordinates as they are, in any dimension
    great_circle  ///< coordinates are latitude and longitude in degrees; distances in km on a sphere
};

/// Radius in km of the sphere for great-circle distances (SaTScan's value).
inline constexpr double earth_radius_km = 6367.0;

/// Cartesian coordinates are at most this far from 0, so that no square of a distance overflows.
inline constexpr double largest_coordinate = 1e150;

/// An immutable set of points that distances can be asked of. Great-circle points are kept as points in
/// space, and `distance` is then the length of the chord, which orders like the arc and is cheaper.
class Points {
  public:
    /// @param coordinates  row after row, `dimension` numbers each; latitude before longitude
    /// @param dimension    at least 1; 2 (latitude, longitude) for great_circle
    /// @throws InvalidInput for a size that is no multiple of dimension, cartesian coordinates outside
    ///         [-largest_coordinate, largest_coordinate], latitudes outside [-90, 90], longitudes outside
    ///         [-180, 360] (180 and more is what others write as negative), and all that is not finite
    Points(std::span<const double> coordinates, std::size_t dimension, Metric metric);

    std::size_t size() const noexcept { return n_; }
    Metric metric() const noexcept { return metric_; }

    /// Coordinates as they were given.
    std::span<const double> original(std::size_t i) const noexcept {
        return {original_.data() + i * original_dimension_, original_dimension_};
    }

    /// Coordinates in which distances are Euclidean; one array per axis.
    std::span<const double> axis(std::size_t d) const noexcept { return {space_.data() + d * n_, n_}; }
    std::size_t space_dimension() const noexcept { return space_dimension_; }

  private:
    std::size_t n_;
    std::size_t original_dimension_;
    std::size_t space_dimension_;
    Metric metric_;
    std::vector<double> original_;
    std::vector<double> space_;
};

/// Euclidean distance in the points' space: the chord for great-circle points. Both sets must have the
/// same metric and dimension.
double distance(const Points& a, std::size_t i, const Points& b, std::size_t j) noexcept;

/// Converts between the length of a chord through the sphere and the arc along it, both in km.
double arc_from_chord(double chord_km) noexcept;
double chord_from_arc(double arc_km) noexcept;

}  // namespace enteroscan
