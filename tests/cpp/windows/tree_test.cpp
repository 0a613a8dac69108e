#include "enteroscan/windows/tree.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

using Numbers = std::vector<std::uint32_t>;

Numbers numbers(std::span<const std::uint32_t> list) { return {list.begin(), list.end()}; }

/// 0 above 1 and 2; both above 3; 2 above 4; 5 alone.
Tree diamond() {
    const Numbers children{1, 2, 3, 3, 4};
    const Numbers parents{0, 0, 1, 2, 2};
    return {6, children, parents};
}

TEST(Tree, GoesUpwardsThroughAllParentsOnce) {
    const auto tree = diamond();
    EXPECT_EQ(numbers(tree.upwards(3)), (Numbers{0, 1, 2, 3}));
    EXPECT_EQ(numbers(tree.upwards(4)), (Numbers{0, 2, 4}));
    EXPECT_EQ(numbers(tree.upwards(5)), (Numbers{5}));
    EXPECT_EQ(numbers(tree.children(2)), (Numbers{3, 4}));
}

TEST(Tree, LevelsAreThoseOfTheShortestWay) {
    const Numbers children{1, 2, 2, 3};
    const Numbers parents{0, 1, 0, 2};
    const Tree tree(4, children, parents);
    EXPECT_EQ(tree.level(0), 1u);
    EXPECT_EQ(tree.level(1), 2u);
    EXPECT_EQ(tree.level(2), 2u);
    EXPECT_EQ(tree.level(3), 3u);
}

TEST(Tree, RefusesCyclesAndUnknownNodes) {
    EXPECT_THROW(Tree(2, std::array{0u, 1u}, std::array{1u, 0u}), InvalidInput);
    EXPECT_THROW(Tree(1, std::array{0u}, std::array{0u}), InvalidInput);
    EXPECT_THROW(Tree(2, std::array{0u}, std::array{2u}), InvalidInput);
}

TEST(TreeSets, HoldAUnitOnceHoweverManyWaysLeadThere) {
    const auto tree = diamond();
    Lists units;
    units.append(Numbers{3});
    units.append(Numbers{3, 4});  // a case exposed to both
    const std::vector<Cut> cuts(6, Cut::simple);
    const auto sets = tree_sets(tree, units, cuts);
    EXPECT_EQ(numbers(sets.of_unit[0]), (Numbers{0, 1, 2, 3}));
    EXPECT_EQ(numbers(sets.of_unit[1]), (Numbers{0, 1, 2, 3, 4}));
}

TEST(TreeSets, CombineChildren) {
    const Numbers children{1, 2, 3};
    const Numbers parents{0, 0, 0};
    const Tree tree(4, children, parents);
    Lists units;
    for (std::uint32_t node = 1; node < 4; ++node) units.append(Numbers{node});
    const auto units_of_sets = [&](Cut cut) {
        std::vector<Cut> cuts(4, Cut::none);
        cuts[0] = cut;
        const auto sets = tree_sets(tree, units, cuts);
        std::vector<Numbers> units_of(sets.nodes.size());
        for (std::uint32_t unit = 0; unit < 3; ++unit) {
            for (const auto set : sets.of_unit[unit]) units_of[set].push_back(unit);
        }
        return units_of;
    };
    const Numbers all{0, 1, 2};
    EXPECT_EQ(units_of_sets(Cut::none), (std::vector<Numbers>{}));
    EXPECT_EQ(units_of_sets(Cut::simple), (std::vector<Numbers>{all}));
    EXPECT_EQ(units_of_sets(Cut::pairs), (std::vector<Numbers>{all, {0, 1}, {0, 2}, {1, 2}}));
    EXPECT_EQ(units_of_sets(Cut::triplets), (std::vector<Numbers>{all, {0, 1}, all, {0, 2}, {1, 2}}));
    EXPECT_EQ(units_of_sets(Cut::ordinal), (std::vector<Numbers>{all, {0, 1}, all, {1, 2}}));
}

}  // namespace
}  // namespace enteroscan
