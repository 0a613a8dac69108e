#include "enteroscan/geo/points.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// Arc by the haversine formula, which knows nothing of chords.
double haversine_km(double latitude_1, double longitude_1, double latitude_2, double longitude_2) {
    constexpr double radians = std::numbers::pi / 180.0;
    const double north = std::sin((latitude_2 - latitude_1) * radians / 2.0);
    const double east = std::sin((longitude_2 - longitude_1) * radians / 2.0);
    const double h =
        north * north + std::cos(latitude_1 * radians) * std::cos(latitude_2 * radians) * east * east;
    return 2.0 * earth_radius_km * std::asin(std::sqrt(h));
}

std::string message_of(const std::vector<double>& coordinates, std::size_t dimension, Metric metric) {
    try {
        const Points points(coordinates, dimension, metric);
    } catch (const InvalidInput& error) {
        return error.what();
    }
    return "no error";
}

TEST(PointsTest, KeepsCartesianCoordinatesAsTheyAre) {
    const Points points(std::vector<double>{1, 2, 3, 4, 5, 6}, 3, Metric::cartesian);
    EXPECT_EQ(points.size(), 2u);
    EXPECT_EQ(points.space_dimension(), 3u);
    EXPECT_EQ(points.metric(), Metric::cartesian);
    EXPECT_THAT(points.original(1), ElementsAre(4, 5, 6));
    EXPECT_THAT(points.axis(0), ElementsAre(1, 4));
    EXPECT_THAT(points.axis(2), ElementsAre(3, 6));
}

TEST(PointsTest, ProjectsLatitudeAndLongitudeOntoTheSphere) {
    const Points points(std::vector<double>{0, 0, 0, 90, 90, 0, -90, 17, 0, 180, 0, 270}, 2,
                        Metric::great_circle);
    const double r = earth_radius_km;
    const std::vector<std::vector<double>> expected{{r, 0, 0},  {0, r, 0},  {0, 0, r},
                                                    {0, 0, -r}, {-r, 0, 0}, {0, -r, 0}};
    ASSERT_EQ(points.size(), expected.size());
    ASSERT_EQ(points.space_dimension(), 3u);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) EXPECT_NEAR(points.axis(d)[i], expected[i][d], 1e-9) << i;
    }
    EXPECT_THAT(points.original(3), ElementsAre(-90, 17));
}

TEST(PointsTest, MayBeEmpty) { EXPECT_EQ(Points({}, 2, Metric::cartesian).size(), 0u); }

TEST(PointsTest, MeasuresCartesianDistances) {
    const Points a(std::vector<double>{0, 0, 0, 1, 2, 2}, 3, Metric::cartesian);
    const Points b(std::vector<double>{3, 6, 6}, 3, Metric::cartesian);
    EXPECT_EQ(distance(a, 0, a, 1), 3.0);
    EXPECT_EQ(distance(a, 0, b, 0), 9.0);
    EXPECT_EQ(distance(a, 1, b, 0), 6.0);
}

TEST(PointsTest, ArcsAgreeWithTheHaversineFormula) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> latitude(-90, 90);
    std::uniform_real_distribution<double> longitude(-180, 180);
    for (int i = 0; i < 1000; ++i) {
        const std::vector<double> pair{latitude(random), longitude(random), latitude(random),
                                       longitude(random)};
        const Points points(pair, 2, Metric::great_circle);
        const double arc = haversine_km(pair[0], pair[1], pair[2], pair[3]);
        EXPECT_NEAR(arc_from_chord(distance(points, 0, points, 1)), arc, 1e-5 + 1e-9 * arc);
    }
}

TEST(PointsTest, BerlinToMunichIsFiveHundredKilometres) {
    const Points points(std::vector<double>{52.5200, 13.4050, 48.1374, 11.5755}, 2, Metric::great_circle);
    EXPECT_NEAR(arc_from_chord(distance(points, 0, points, 1)), 504.0, 1.0);
}

TEST(PointsTest, ChordAndArcAreInverse) {
    for (const double arc : {0.0, 1e-6, 3.0, 500.0, 10000.0, 19000.0}) {
        EXPECT_NEAR(arc_from_chord(chord_from_arc(arc)), arc, 1e-9 * (1 + arc));
    }
    EXPECT_NEAR(chord_from_arc(2000.0), 1991.8, 0.1);
}

TEST(PointsTest, NoChordIsLongerThanTheDiameter) {
    const double half = std::numbers::pi * earth_radius_km;
    EXPECT_DOUBLE_EQ(chord_from_arc(half), 2.0 * earth_radius_km);
    EXPECT_DOUBLE_EQ(chord_from_arc(2.0 * half), 2.0 * earth_radius_km);
    EXPECT_DOUBLE_EQ(arc_from_chord(2.0 * earth_radius_km * (1.0 + 1e-12)), half);
}

TEST(PointsTest, RejectsWrongShapes) {
    EXPECT_THAT(message_of({1, 2}, 0, Metric::cartesian), HasSubstr("dimension 0"));
    EXPECT_THAT(message_of({1, 2, 3}, 2, Metric::cartesian), HasSubstr("3 coordinates"));
    EXPECT_THAT(message_of({1, 2, 3}, 3, Metric::great_circle), HasSubstr("got 3"));
}

TEST(PointsTest, NamesRowsWithBadCoordinates) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_THAT(message_of({0, 1, 0, nan, 0, 2, 0, -infinity}, 2, Metric::cartesian),
                AllOf(HasSubstr("coordinate 2"), HasSubstr("2 rows do not"), HasSubstr("1 (nan), 3 (-inf)")));
    EXPECT_THAT(message_of({1e151}, 1, Metric::cartesian), HasSubstr("1 row does not"));
    EXPECT_THAT(message_of({90.5, 0, 0, 0, nan, 0}, 2, Metric::great_circle),
                AllOf(HasSubstr("latitude"), HasSubstr("2 rows"), HasSubstr("0 (90.5), 2 (nan)")));
    EXPECT_THAT(message_of({0, -180.5, 0, 360.5, 0, 180}, 2, Metric::great_circle),
                AllOf(HasSubstr("longitude"), HasSubstr("0 (-180.5), 1 (360.5)")));
    EXPECT_EQ(message_of({90, 360, -90, -180}, 2, Metric::great_circle), "no error");
}

TEST(PointsTest, ListsTheFirstBadRowsOnly) {
    const std::string message = message_of(std::vector<double>(2000, 1000.0), 2, Metric::great_circle);
    EXPECT_THAT(message, AllOf(HasSubstr("1000 rows"), HasSubstr("4 (1000)")));
    EXPECT_THAT(message, testing::Not(HasSubstr("5 (1000)")));
}

}  // namespace
}  // namespace enteroscan
