#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"
#include "windows/holds_centre.hpp"

namespace enteroscan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Random = std::mt19937_64;
using Members = std::vector<std::uint32_t>;

double chord(const Points& a, std::size_t i, const Points& b, std::size_t j) {
    double sum = 0.0;
    for (std::size_t d = 0; d < a.space_dimension(); ++d) {
        sum += (a.axis(d)[i] - b.axis(d)[j]) * (a.axis(d)[i] - b.axis(d)[j]);
    }
    return std::sqrt(sum);
}

/// All locations in the order of distance, then coordinates.
Members sorted_around(const Points& locations, const Points& centres, std::size_t centre) {
    std::vector<std::tuple<double, std::vector<double>, std::uint32_t>> rows;
    for (std::uint32_t i = 0; i < locations.size(); ++i) {
        std::vector<double> coordinates(locations.space_dimension());
        for (std::size_t d = 0; d < coordinates.size(); ++d) coordinates[d] = locations.axis(d)[i];
        rows.emplace_back(chord(centres, centre, locations, i), coordinates, i);
    }
    std::sort(rows.begin(), rows.end());
    Members result;
    for (const auto& row : rows) result.push_back(std::get<2>(row));
    return result;
}

/// Length of the longest prefix of `members` whose every part obeys every limit.
std::size_t allowed(const Members& members, const Points& locations, const Points& centres,
                    std::size_t centre, const ZoneLimits& limits) {
    std::size_t size = 0;
    for (; size < members.size(); ++size) {
        if (chord(centres, centre, locations, members[size]) > limits.max_radius) return size;
        for (const SizeLimit& limit : limits.sizes) {
            double sum = 0.0;
            for (std::size_t k = 0; k <= size; ++k) sum += limit.weights[members[k]];
            if (sum > limit.limit) return size;
        }
    }
    return size;
}

/// Compares `zones` with the obvious way to make them, for at most n_checked of the centres.
void expect_circles(const Points& locations, const Points& centres, const ZoneLimits& evaluated,
                    const ZoneLimits& reported, std::size_t n_checked = 1000) {
    const auto zones = circles(locations, centres, evaluated, reported);
    EXPECT_EQ(zones->n_locations(), locations.size());
    EXPECT_EQ(zones->n_centres(), centres.size());
    Neighbourhood found;
    const std::size_t step = std::max<std::size_t>(1, centres.size() / n_checked);
    for (std::size_t centre = 0; centre < centres.size(); centre += step) {
        Members expected = sorted_around(locations, centres, centre);
        expected.resize(allowed(expected, locations, centres, centre, evaluated));
        zones->neighbourhood(centre, found);
        ASSERT_EQ(found.members, expected) << "centre " << centre;
        ASSERT_EQ(found.reported, allowed(expected, locations, centres, centre, reported));
        ASSERT_EQ(found.first_zone, 1u);
    }
}

Points cartesian(const std::vector<double>& coordinates, std::size_t dimension) {
    return {coordinates, dimension, Metric::cartesian};
}

std::vector<double> uniform_numbers(std::size_t n, double low, double high, Random& random) {
    std::uniform_real_distribution<double> number(low, high);
    std::vector<double> numbers(n);
    for (double& x : numbers) x = number(random);
    return numbers;
}

/// The points of a grid with sides of `side` points in random order.
std::vector<double> grid(std::size_t side, std::size_t dimension, double step, Random& random) {
    std::vector<std::vector<double>> rows;
    const auto n = static_cast<std::size_t>(std::pow(side, dimension));
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<double> row;
        for (std::size_t d = 0, rest = i; d < dimension; ++d, rest /= side) {
            row.push_back(step * static_cast<double>(rest % side));
        }
        rows.push_back(row);
    }
    std::shuffle(rows.begin(), rows.end(), random);
    std::vector<double> coordinates;
    for (const auto& row : rows) coordinates.insert(coordinates.end(), row.begin(), row.end());
    return coordinates;
}

SizeLimit count_limit(std::size_t n, double limit) {
    return {.weights = std::vector<double>(n, 1.0), .limit = limit};
}

/// At most this share of n locations.
SizeLimit share_limit(std::size_t n, double share) { return count_limit(n, share * static_cast<double>(n)); }

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const InvalidInput& error) {
        return error.what();
    }
    return "no error";
}

TEST(CirclesTest, LocationsEnterByDistance) {
    const Points points = cartesian({0, 10, 1, 3}, 1);
    const auto zones = circles(points, points, {}, {});
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(0, 2, 3, 1));
    EXPECT_EQ(found.reported, 4u);
    zones->neighbourhood(1, found);
    EXPECT_THAT(found.members, ElementsAre(1, 3, 2, 0));
}

TEST(CirclesTest, EqualDistancesEnterByCoordinates) {
    const Points locations = cartesian({1, 0, 0, 1, 0, 0, -1, 0, 0, -1}, 2);
    const auto zones = circles(locations, cartesian({0, 0}, 2), {}, {});
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(2, 3, 4, 1, 0));
}

TEST(CirclesTest, SizeMayReachItsLimitButNotExceedIt) {
    const Points points = cartesian({0, 1, 2, 3, 4}, 1);
    const SizeLimit limit{.weights = {1, 2, 3, 4, 0}, .limit = 6};
    const auto zones =
        circles(points, points, {.sizes = {limit}}, {.sizes = {{.weights = limit.weights, .limit = 5}}});
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(0, 1, 2));
    EXPECT_EQ(found.reported, 2u);
    zones->neighbourhood(3, found);  // 4 and 3 exceed 6; what is farther is not looked at
    EXPECT_THAT(found.members, ElementsAre(3));
}

TEST(CirclesTest, ACentreThatExceedsTheLimitHasNoZone) {
    const Points points = cartesian({0, 1}, 1);
    const auto zones = circles(points, points, {.sizes = {{.weights = {3, 1}, .limit = 2}}}, {});
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, IsEmpty());
    EXPECT_EQ(found.reported, 0u);
    zones->neighbourhood(1, found);
    EXPECT_THAT(found.members, ElementsAre(1));
}

TEST(CirclesTest, RadiusMayReachItsLimitButNotExceedIt) {
    const Points points = cartesian({0, 1, 2, 3, 4}, 1);
    const auto zones = circles(points, points, {.max_radius = 2}, {.max_radius = 1});
    Neighbourhood found;
    zones->neighbourhood(1, found);
    EXPECT_THAT(found.members, ElementsAre(1, 0, 2, 3));
    EXPECT_EQ(found.reported, 3u);
}

TEST(CirclesTest, GreatCircleLimitsAreChordsAndRadiiArcs) {
    const Points points({std::vector<double>{0, 0, 0, 90}}, 2, Metric::great_circle);
    const double chord = std::numbers::sqrt2 * earth_radius_km;
    Neighbourhood found;
    circles(points, points, {.max_radius = chord * 1.0001}, {})->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(0, 1));
    const auto narrow = circles(points, points, {.max_radius = chord * 0.9999}, {});
    narrow->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(0));
    EXPECT_NEAR(narrow->radius(0, 1), std::numbers::pi / 2.0 * earth_radius_km, 1e-6);
}

TEST(CirclesTest, CartesianRadiusIsTheDistance) {
    const auto zones = circles(cartesian({0, 0, 3, 4}, 2), cartesian({0, 0, 3, 0}, 2), {}, {});
    EXPECT_EQ(zones->radius(0, 1), 5.0);
    EXPECT_EQ(zones->radius(1, 1), 4.0);
}

TEST(CirclesTest, HoldsCentresWithinTheRadius) {
    const Points locations = cartesian({0, 2, 5, -5}, 1);
    const auto zones = circles(locations, cartesian({0, 2, 2.5, -5, 5.5}, 1), {}, {});
    EXPECT_TRUE(holds_centre(*zones, 0, 1, 0));
    EXPECT_FALSE(holds_centre(*zones, 0, 1, 1));
    EXPECT_TRUE(holds_centre(*zones, 0, 2, 1));
    EXPECT_FALSE(holds_centre(*zones, 0, 2, 2));
    EXPECT_TRUE(holds_centre(*zones, 0, 3, 2));
    EXPECT_TRUE(holds_centre(*zones, 0, 3, 3));
    EXPECT_FALSE(holds_centre(*zones, 0, 3, 4));
}

TEST(CirclesTest, RandomPointsInAnyDimension) {
    Random random(1);
    for (const std::size_t dimension : {1u, 2u, 3u, 5u}) {
        for (const std::size_t n : {1u, 2u, 3u, 10u, 63u, 64u, 255u, 256u, 257u, 600u}) {
            const Points locations = cartesian(uniform_numbers(n * dimension, -1, 1, random), dimension);
            const Points centres = cartesian(uniform_numbers(20 * dimension, -2, 2, random), dimension);
            expect_circles(locations, locations, {}, {}, 30);
            expect_circles(locations, centres, {.sizes = {share_limit(n, 0.5)}},
                           {.sizes = {share_limit(n, 0.3)}});
        }
    }
}

TEST(CirclesTest, RandomPointsOnTheSphere) {
    Random random(2);
    std::vector<double> coordinates;
    for (int i = 0; i < 700; ++i) {
        coordinates.push_back(uniform_numbers(1, -90, 90, random)[0]);
        coordinates.push_back(uniform_numbers(1, -180, 360, random)[0]);
    }
    const Points points(coordinates, 2, Metric::great_circle);
    expect_circles(points, points, {}, {.max_radius = 4000}, 50);
    expect_circles(points, points, {.max_radius = 2500}, {.max_radius = 1000}, 50);
}

TEST(CirclesTest, ManyTiesOnGrids) {
    Random random(3);
    // Steps that binary numbers cannot hold make squares that differ, but have the same root.
    for (const double step : {1.0, 0.1, 1.0 / 3.0, 1e-7, 1e9}) {
        const Points plane = cartesian(grid(40, 2, step, random), 2);
        const Points line = cartesian(grid(300, 1, step, random), 1);
        const Points space = cartesian(grid(9, 3, step, random), 3);
        for (const Points& points : {plane, line, space}) {
            expect_circles(points, points, {}, {}, 20);
            expect_circles(points, points,
                           {.sizes = {count_limit(points.size(), 150)}, .max_radius = 12.0 * step},
                           {.max_radius = 5.0 * step}, 50);
        }
        expect_circles(plane, cartesian(grid(5, 2, 3.5 * step, random), 2), {}, {});
    }
}

TEST(CirclesTest, ManySquaresThatDifferButHaveTheSameRoot) {
    // In the ring around the origin, squares lie within a few units in the last place of each other.
    Random random(4);
    const std::vector<double> angles = uniform_numbers(3000, 0, 6.3, random);
    std::vector<double> coordinates;
    for (std::size_t i = 0; i < angles.size(); ++i) {
        const double radius = 1.0 + 0.001 * static_cast<double>(i % 3);
        coordinates.push_back(radius * std::cos(angles[i]));
        coordinates.push_back(radius * std::sin(angles[i]));
    }
    const Points centres = cartesian({0, 0, 1e-16, 0, 1e-9, 1e-9, 0.3, 0.3}, 2);
    expect_circles(cartesian(coordinates, 2), centres, {}, {});
    expect_circles(cartesian(coordinates, 2), centres, {.sizes = {count_limit(3000, 1100)}}, {});
}

TEST(CirclesTest, DataThatLieUnevenly) {
    Random random(5);
    std::vector<double> city = uniform_numbers(1600, 0, 1, random);
    const std::vector<double> country = uniform_numbers(400, -500, 500, random);
    city.insert(city.end(), country.begin(), country.end());
    const Points points = cartesian(city, 2);
    // Far from all, all distances are alike.
    expect_circles(points, points, {}, {}, 20);
    expect_circles(points, cartesian({1e9, 1e9, -1e150, 1e150, 500, 500}, 2), {}, {});
    expect_circles(points, points, {.sizes = {count_limit(1000, 300)}}, {}, 20);
}

TEST(CirclesTest, ScalesFromTheSmallestToTheLargestNumbers) {
    Random random(6);
    for (const double scale : {1e-320, 1e-200, 1e-160, 1e-155, 1e-100, 1e100, 1e149}) {
        std::vector<double> coordinates = uniform_numbers(400, -1, 1, random);
        for (double& x : coordinates) x *= scale;
        std::vector<std::pair<double, double>> rows;
        for (std::size_t i = 0; i < 400; i += 2) rows.emplace_back(coordinates[i], coordinates[i + 1]);
        std::sort(rows.begin(), rows.end());
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
        std::vector<double> distinct;
        for (const auto& [x, y] : rows) distinct.insert(distinct.end(), {x, y});
        const Points points = cartesian(distinct, 2);
        expect_circles(points, points, {}, {}, 20);
    }
}

TEST(CirclesTest, RandomLimitsOfEveryKind) {
    Random random(7);
    for (int repetition = 0; repetition < 200; ++repetition) {
        const std::size_t n = 1 + random() % 60;
        const Points points = repetition % 2 == 0 ? cartesian(uniform_numbers(2 * n, 0, 1, random), 2)
                                                  : cartesian(grid(1 + n % 8, 2, 0.1, random), 2);
        const auto limits = [&] {
            ZoneLimits result;
            if (random() % 2 == 0) result.max_radius = uniform_numbers(1, 0, 1, random)[0];
            for (std::size_t s = random() % 3; s > 0; --s) {
                std::vector<double> weights = uniform_numbers(points.size(), 0, 4, random);
                if (random() % 2 == 0) {
                    for (double& weight : weights) weight = std::floor(weight);
                }
                const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
                result.sizes.push_back({.weights = weights, .limit = std::floor(total / 2.0)});
            }
            return result;
        };
        const ZoneLimits evaluated = limits();
        expect_circles(points, points, evaluated, limits());
    }
}

TEST(CirclesTest, ScratchOfAnotherFamilyDoesNoHarm) {
    Random random(8);
    const Points many = cartesian(uniform_numbers(4000, 0, 1, random), 2);
    const Points few = cartesian(uniform_numbers(30, 0, 1, random), 3);
    const auto large = circles(many, many, {}, {});
    const auto small = circles(few, few, {.sizes = {count_limit(10, 4)}}, {});
    Neighbourhood used;
    large->neighbourhood(5, used);
    small->neighbourhood(5, used);
    Neighbourhood fresh;
    small->neighbourhood(5, fresh);
    EXPECT_EQ(used.members, fresh.members);
    EXPECT_EQ(used.reported, fresh.reported);
}

TEST(CirclesTest, ManyThreadsMayAskAtOnce) {
    Random random(9);
    const Points points = cartesian(uniform_numbers(2000, 0, 1, random), 2);
    const auto zones = circles(points, points, {.sizes = {count_limit(1000, 500)}}, {});
    std::vector<std::vector<Members>> found(4);
    std::vector<std::thread> threads;
    threads.reserve(found.size());
    for (auto& mine : found) {
        threads.emplace_back([&zones, &mine] {
            Neighbourhood zone;
            for (std::size_t centre = 0; centre < zones->n_centres(); ++centre) {
                zones->neighbourhood(centre, zone);
                mine.push_back(zone.members);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& other : found) EXPECT_EQ(other, found[0]);
}

TEST(CirclesTest, NamesRepeatedCoordinates) {
    std::vector<double> coordinates;
    for (int i = 0; i < 5000; ++i) coordinates.insert(coordinates.end(), {i % 4990 + 0.5, 7.0});
    const Points repeated = cartesian(coordinates, 2);
    EXPECT_THAT(message_of([&] { circles(repeated, repeated, {}, {}); }),
                AllOf(HasSubstr("10 of 5000"), HasSubstr("4990 (as 0), 4991 (as 1)"), HasSubstr("merge")));
    const Points zeros = cartesian({0.0, -0.0}, 1);
    EXPECT_THAT(message_of([&] { circles(zeros, zeros, {}, {}); }), HasSubstr("1 of 2"));
    const Points once = cartesian({1, 2}, 1);
    EXPECT_EQ(message_of([&] { circles(once, cartesian({1, 1}, 1), {}, {}); }), "no error");
}

TEST(CirclesTest, RejectsPointsThatDoNotBelongTogether) {
    const Points plane = cartesian({1, 2}, 2);
    const Points sphere({std::vector<double>{1, 2}}, 2, Metric::great_circle);
    const Points space = cartesian({1, 2, 3}, 3);
    const Points none = cartesian({}, 2);
    EXPECT_THAT(message_of([&] { circles(plane, sphere, {}, {}); }), HasSubstr("same metric"));
    EXPECT_THAT(message_of([&] { circles(space, sphere, {}, {}); }), HasSubstr("same metric"));
    EXPECT_THAT(message_of([&] { circles(plane, space, {}, {}); }), HasSubstr("dimension"));
    EXPECT_THAT(message_of([&] { circles(none, plane, {}, {}); }), HasSubstr("at least one location"));
    EXPECT_THAT(message_of([&] { circles(plane, none, {}, {}); }), HasSubstr("at least one centre"));
}

TEST(CirclesTest, RejectsBadLimits) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    const Points points = cartesian({1, 2}, 1);
    const auto evaluated = [&](const ZoneLimits& limits) {
        return message_of([&] { circles(points, points, limits, {}); });
    };
    EXPECT_THAT(evaluated({.max_radius = -1}), AllOf(HasSubstr("radius"), HasSubstr("evaluated")));
    EXPECT_THAT(evaluated({.max_radius = nan}), HasSubstr("got nan"));
    EXPECT_THAT(evaluated({.sizes = {{.weights = {1, 1}, .limit = nan}}}), HasSubstr("size"));
    EXPECT_THAT(evaluated({.sizes = {{.weights = {1}, .limit = 1}}}), HasSubstr("2 locations, got 1"));
    EXPECT_THAT(evaluated({.sizes = {{.weights = {1, -2}, .limit = 1}}}),
                AllOf(HasSubstr("1 is not"), HasSubstr("-2 of location 1")));
    EXPECT_THAT(evaluated({.sizes = {{.weights = {infinity, nan}, .limit = 1}}}), HasSubstr("2 are not"));
    EXPECT_THAT(message_of([&] { circles(points, points, {}, {.max_radius = -1}); }), HasSubstr("reported"));
    EXPECT_EQ(evaluated({.sizes = {{.weights = {1, 1}, .limit = 0}}, .max_radius = 0}), "no error");
}

}  // namespace
}  // namespace enteroscan
