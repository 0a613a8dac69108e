#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
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

struct Lists {
    std::vector<std::int64_t> offsets{0, 3, 3, 5};
    std::vector<std::uint32_t> members{2, 0, 3, 1, 3};
    std::vector<std::uint32_t> centres{2, 0, 3};
    ZoneLimits evaluated = {};
    ZoneLimits reported = {};

    std::shared_ptr<const Zones> zones() const {
        return neighbour_lists(4, offsets, members, centres, evaluated, reported);
    }

    std::string message() const {
        try {
            zones();
        } catch (const InvalidInput& error) {
            return error.what();
        }
        return "no error";
    }
};

TEST(NeighbourListsTest, KeepTheirOrder) {
    const auto zones = Lists{}.zones();
    EXPECT_EQ(zones->n_locations(), 4u);
    EXPECT_EQ(zones->n_centres(), 3u);
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(2, 0, 3));
    EXPECT_EQ(found.reported, 3u);
    EXPECT_EQ(found.first_zone, 1u);
    zones->neighbourhood(1, found);
    EXPECT_THAT(found.members, IsEmpty());
    EXPECT_EQ(found.reported, 0u);
    zones->neighbourhood(2, found);
    EXPECT_THAT(found.members, ElementsAre(1, 3));
    EXPECT_TRUE(std::isnan(zones->radius(0, 3)));
}

TEST(NeighbourListsTest, ObeyLimitsOfSize) {
    const std::vector<double> weights{1, 1, 2, 4};
    const auto zones =
        Lists{.evaluated = {.sizes = {{.weights = weights, .limit = 5}, {.weights = weights, .limit = 3}}},
              .reported = {.sizes = {{.weights = weights, .limit = 2}}}}
            .zones();
    Neighbourhood found;
    zones->neighbourhood(0, found);
    EXPECT_THAT(found.members, ElementsAre(2, 0));
    EXPECT_EQ(found.reported, 1u);
}

TEST(NeighbourListsTest, HoldCentresThatAreMembers) {
    const auto zones = Lists{}.zones();
    EXPECT_TRUE(holds_centre(*zones, 0, 1, 0));
    EXPECT_FALSE(holds_centre(*zones, 0, 1, 1));
    EXPECT_TRUE(holds_centre(*zones, 0, 2, 1));
    EXPECT_FALSE(holds_centre(*zones, 0, 2, 2));
    EXPECT_TRUE(holds_centre(*zones, 0, 3, 2));
    EXPECT_FALSE(holds_centre(*zones, 2, 1, 2));  // a list may lack its own centre
}

TEST(NeighbourListsTest, RejectListsThatDoNotFit) {
    EXPECT_EQ(Lists{}.message(), "no error");
    EXPECT_THAT((Lists{.offsets = {0, 3, 5}}).message(), AllOf(HasSubstr("offsets"), HasSubstr("got 3")));
    EXPECT_THAT((Lists{.offsets = {1, 3, 3, 5}}).message(), HasSubstr("offsets"));
    EXPECT_THAT((Lists{.offsets = {0, 4, 3, 5}}).message(), HasSubstr("offsets"));
    EXPECT_THAT((Lists{.offsets = {0, 3, 3, 4}}).message(), HasSubstr("members (5)"));
    EXPECT_THAT((Lists{.offsets = {0, 3, 3, 6}}).message(), HasSubstr("members (5)"));
    EXPECT_THAT((Lists{.offsets = {0}, .members = {}, .centres = {}}).message(), HasSubstr("at least one"));
    EXPECT_THAT((Lists{.offsets = {}, .members = {}, .centres = {}}).message(), HasSubstr("offsets"));
    EXPECT_THAT((Lists{.members = {2, 0, 4, 5, 3}}).message(),
                AllOf(HasSubstr("2 members"), HasSubstr("4 at position 2")));
    EXPECT_THAT((Lists{.centres = {2, 0, 4}}).message(), HasSubstr("1 centres"));
    EXPECT_THAT((Lists{.members = {2, 0, 2, 1, 3}}).message(),
                AllOf(HasSubstr("list 0"), HasSubstr("location 2")));
    EXPECT_THAT((Lists{.evaluated = {.max_radius = 3}}).message(), HasSubstr("no radius"));
    EXPECT_THAT((Lists{.reported = {.max_radius = 3}}).message(), HasSubstr("no radius"));
    EXPECT_THAT((Lists{.evaluated = {.sizes = {{.weights = {1}, .limit = 1}}}}).message(),
                HasSubstr("4 locations, got 1"));
}

}  // namespace
}  // namespace enteroscan
