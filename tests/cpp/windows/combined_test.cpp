#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/windows/zones.hpp"
#include "windows/holds_centre.hpp"

namespace enteroscan {
namespace {

using testing::ElementsAre;

std::shared_ptr<const Zones> three_circles() {
    const Points points(std::vector<double>{0, 1, 5}, 1, Metric::cartesian);
    return circles(points, points, {.sizes = {{.weights = {1, 1, 1}, .limit = 2}}}, {});
}

std::shared_ptr<const Zones> two_lists() { return neighbour_lists(3, {0, 2, 3}, {2, 0, 1}, {2, 1}, {}, {}); }

TEST(WholeAreaTest, IsOneZoneOfAllLocations) {
    const auto zones = whole_area(4);
    EXPECT_EQ(zones->n_locations(), 4u);
    EXPECT_EQ(zones->n_centres(), 1u);
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(found.first_zone, 4u);
    EXPECT_EQ(found.reported, 4u);
    EXPECT_TRUE(std::isnan(zones->radius(0, 2)));
    EXPECT_TRUE(holds_centre(*zones, 0, 4, 0));
    EXPECT_THROW(whole_area(0), InvalidInput);
}

TEST(CombinedTest, CentresFollowOneAnother) {
    const auto zones = combined({three_circles(), whole_area(3), two_lists()});
    EXPECT_EQ(zones->n_locations(), 3u);
    ASSERT_EQ(zones->n_centres(), 6u);
    std::vector<std::vector<std::uint32_t>> members;
    std::vector<std::size_t> first_zones;
    Neighbourhood found;  // the same for all: what one family left behind must not show in the next
    for (std::size_t centre = 0; centre < 6; ++centre) {
        zones->neighbourhood(centre, found);
        members.push_back(found.members);
        first_zones.push_back(found.first_zone);
        EXPECT_EQ(found.reported, found.members.size());
    }
    EXPECT_THAT(members, ElementsAre(ElementsAre(0, 1), ElementsAre(1, 0), ElementsAre(2, 1),
                                     ElementsAre(0, 1, 2), ElementsAre(2, 0), ElementsAre(1)));
    EXPECT_THAT(first_zones, ElementsAre(1, 1, 1, 3, 1, 1));
    EXPECT_EQ(zones->radius(2, 1), 4.0);
    EXPECT_TRUE(std::isnan(zones->radius(3, 1)));
}

TEST(CombinedTest, FamiliesDecideWhichOfTheirCentresTheyHold) {
    const auto zones = combined({two_lists(), three_circles()});
    EXPECT_TRUE(holds_centre(*zones, 0, 1, 0));
    EXPECT_FALSE(holds_centre(*zones, 0, 1, 1));
    EXPECT_TRUE(holds_centre(*zones, 2, 2, 3));
    EXPECT_FALSE(holds_centre(*zones, 2, 2, 4));
}

TEST(CombinedTest, OnlyAZoneOfAllLocationsHoldsCentresOfOtherFamilies) {
    const auto zones = combined({three_circles(), whole_area(3)});
    EXPECT_TRUE(holds_centre(*zones, 3, 3, 1));
    EXPECT_FALSE(holds_centre(*zones, 1, 2, 3));
}

TEST(CombinedTest, FamiliesMustHaveTheSameLocations) {
    EXPECT_THROW(combined({}), InvalidInput);
    try {
        combined({whole_area(3), whole_area(4)});
        FAIL() << "no error";
    } catch (const InvalidInput& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("one has 3, another 4"));
    }
}

}  // namespace
}  // namespace enteroscan
