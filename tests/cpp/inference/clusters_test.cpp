#include "enteroscan/inference/clusters.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "enteroscan/base/random.hpp"
#include "windows/holds_centre.hpp"

namespace enteroscan {
namespace {

constexpr Overlap every_overlap[] = {Overlap::none,
                                     Overlap::no_centres_in_other,
                                     Overlap::no_centres_in_more_likely,
                                     Overlap::no_centres_in_less_likely,
                                     Overlap::no_pairs_in_each_other,
                                     Overlap::any};

// Places on a line. Around each centre grow zones of the nearest locations; the last centre is that of the
// zone of all locations.
class Line : public Zones {
  public:
    Line(std::vector<double> locations, std::vector<double> centres)
        : locations_(std::move(locations)), centres_(std::move(centres)) {}

    std::size_t n_locations() const noexcept override { return locations_.size(); }
    std::size_t n_centres() const noexcept override { return centres_.size() + 1; }
    std::uint32_t whole() const { return static_cast<std::uint32_t>(centres_.size()); }

    void neighbourhood(std::size_t centre, Neighbourhood& out) const override {
        ++n_calls;
        out.members.resize(locations_.size());
        std::iota(out.members.begin(), out.members.end(), 0u);
        out.first_zone = out.reported = locations_.size();
        if (centre == centres_.size()) return;
        out.first_zone = 1;
        std::stable_sort(out.members.begin(), out.members.end(),
                         [&](auto a, auto b) { return radius(centre, a) < radius(centre, b); });
    }

    double radius(std::size_t centre, std::uint32_t member) const override {
        if (centre == centres_.size()) return std::numeric_limits<double>::quiet_NaN();
        return std::abs(centres_[centre] - locations_[member]);
    }

    bool holds_centre(std::size_t centre, std::span<const std::uint32_t> zone,
                      std::size_t other) const override {
        return std::abs(centres_[centre] - centres_[other]) <= radius(centre, zone.back());
    }

    mutable std::size_t n_calls = 0;

  private:
    std::vector<double> locations_;
    std::vector<double> centres_;
};

Line places_at(const std::vector<double>& locations) { return {locations, locations}; }

Window window(std::uint32_t centre, std::uint32_t size, double statistic, std::int32_t start = 0,
              std::int32_t end = 1) {
    return {.centre = centre, .size = size, .start = start, .end = end, .statistic = statistic};
}

std::vector<std::uint32_t> centres_of(const std::vector<Window>& windows) {
    std::vector<std::uint32_t> centres;
    centres.reserve(windows.size());
    for (const Window& w : windows) centres.push_back(w.centre);
    return centres;
}

using Centres = std::vector<std::uint32_t>;

TEST(SelectClusters, ReportsInOrderOfTheStatistic) {
    const Line zones = places_at({0, 10, 20});
    const auto clusters =
        select_clusters(zones, {window(0, 1, 3.0), window(1, 1, 9.0), window(2, 1, 5.0)}, Overlap::none, 10);
    EXPECT_EQ(centres_of(clusters), (Centres{1, 2, 0}));
}

TEST(SelectClusters, BreaksTiesByTimeOnlyThenSizeThenOrder) {
    const Line zones = places_at({0, 1, 2, 3});
    const double a = 5.0;
    const double b = 5.0 + 3e-10;  // equal but for rounding
    const auto clusters = select_clusters(
        zones, {window(0, 3, b), window(1, 2, b), window(3, 2, a), window(zones.whole(), 4, a)}, Overlap::any,
        10);
    EXPECT_EQ(centres_of(clusters), (Centres{zones.whole(), 1, 3, 0}));
}

TEST(SelectClusters, TellsStatisticsApartThatDifferByMore) {
    const Line zones = places_at({0, 1, 2, 3});
    const auto clusters =
        select_clusters(zones, {window(0, 1, 1.0), window(1, 3, 1.0 + 1e-6)}, Overlap::any, 10);
    EXPECT_EQ(centres_of(clusters), (Centres{1, 0}));
}

TEST(SelectClusters, DoesNotLinkStatisticsInAChain) {
    // The first and the last differ, though neighbours are equal.
    const Line zones = places_at({0, 1, 2, 3});
    const auto clusters = select_clusters(
        zones, {window(0, 1, 1.0), window(1, 2, 1.0 + 8e-10), window(2, 3, 1.0 + 16e-10)}, Overlap::any, 10);
    EXPECT_EQ(centres_of(clusters), (Centres{1, 2, 0}));
}

TEST(SelectClusters, ReportsAtMostSoMany) {
    const Line zones = places_at({0, 10, 20});
    const std::vector<Window> candidates{window(0, 1, 3.0), window(1, 1, 9.0), window(2, 1, 5.0)};
    EXPECT_EQ(centres_of(select_clusters(zones, candidates, Overlap::none, 2)), (Centres{1, 2}));
    EXPECT_TRUE(select_clusters(zones, candidates, Overlap::none, 0).empty());
    EXPECT_TRUE(select_clusters(zones, {}, Overlap::none, 5).empty());
}

TEST(SelectClusters, ReportsTheWindowAsItIs) {
    const Line zones = places_at({0, 10});
    Window cluster = window(1, 1, 4.5, 3, 7);
    cluster.observed = 12;
    cluster.measure = 2.5;
    cluster.high = false;
    const auto clusters = select_clusters(zones, {cluster}, Overlap::none, 5);
    ASSERT_EQ(clusters.size(), 1u);
    EXPECT_EQ(clusters[0].size, 1u);
    EXPECT_EQ(clusters[0].start, 3);
    EXPECT_EQ(clusters[0].end, 7);
    EXPECT_EQ(clusters[0].observed, 12);
    EXPECT_EQ(clusters[0].measure, 2.5);
    EXPECT_EQ(clusters[0].statistic, 4.5);
    EXPECT_FALSE(clusters[0].high);
}

// One pair of clusters for each way in which two can overlap, the more likely one first.
struct Pair {
    const char* description;
    Window more_likely;
    Window less_likely;
    std::set<Overlap> forbidden_by;
};

TEST(SelectClusters, ForbidsWhatEachRuleNames) {
    // Around location 1 grow {1}, {1, 2}, {1, 2, 0}; around 4 {4}, {4, 5}, {4, 5, 3}, {4, 5, 3, 2}.
    const Line zones = places_at({0, 10, 19, 27, 34, 40, 100});
    const Pair pairs[] = {
        {"apart", window(0, 2, 9), window(6, 1, 5), {}},
        {"side by side", window(1, 3, 9), window(4, 3, 5), {}},
        {"a common location", window(1, 3, 9), window(4, 4, 5), {Overlap::none}},
        {"centre of the lesser in the greater",
         window(2, 4, 9),  // {2, 3, 1, 4}
         window(4, 2, 5),  // {4, 5}
         {Overlap::none, Overlap::no_centres_in_other, Overlap::no_centres_in_more_likely}},
        {"centre of the greater in the lesser",
         window(4, 2, 9),
         window(2, 4, 5),
         {Overlap::none, Overlap::no_centres_in_other, Overlap::no_centres_in_less_likely}},
        {"centres of both in both",
         window(2, 4, 9),
         window(3, 3, 5),
         {Overlap::none, Overlap::no_centres_in_other, Overlap::no_centres_in_more_likely,
          Overlap::no_centres_in_less_likely, Overlap::no_pairs_in_each_other}},
    };
    for (const Pair& pair : pairs)
        for (const Overlap overlap : every_overlap)
            EXPECT_EQ(select_clusters(zones, {pair.less_likely, pair.more_likely}, overlap, 9).size(),
                      pair.forbidden_by.contains(overlap) ? 1u : 2u)
                << pair.description << " " << static_cast<int>(overlap);
}

TEST(SelectClusters, LetsClustersOverlapThatDoNotMeetInTime) {
    const Line zones = places_at({0, 1, 2, 3});
    for (const Overlap overlap : every_overlap) {
        const std::size_t if_they_meet = overlap == Overlap::any ? 2 : 1;
        const auto n_beside = [&](std::int32_t start, std::int32_t end) {
            return select_clusters(zones, {window(1, 3, 9.0, 10, 20), window(1, 3, 5.0, start, end)}, overlap,
                                   9)
                .size();
        };
        EXPECT_EQ(n_beside(0, 9), 2u);
        EXPECT_EQ(n_beside(21, 30), 2u);
        EXPECT_EQ(n_beside(0, 11), if_they_meet);
        EXPECT_EQ(n_beside(12, 13), if_they_meet);
        EXPECT_EQ(n_beside(0, 10), if_they_meet) << "touching before";
        EXPECT_EQ(n_beside(20, 30), if_they_meet) << "touching after";
    }
}

TEST(SelectClusters, KeepsPurelyTemporalOnesApartFromOthersOnly) {
    const Line zones = places_at({0, 1, 2, 3});
    const std::uint32_t whole = zones.whole();
    for (const Overlap overlap : every_overlap) {
        EXPECT_EQ(select_clusters(zones, {window(whole, 4, 9.0), window(1, 2, 5.0)}, overlap, 9).size(), 2u);
        EXPECT_EQ(select_clusters(zones, {window(whole, 4, 5.0), window(1, 2, 9.0)}, overlap, 9).size(), 2u);
        EXPECT_EQ(
            select_clusters(zones, {window(whole, 4, 9.0, 0, 5), window(whole, 4, 5.0, 3, 8)}, overlap, 9)
                .size(),
            overlap == Overlap::any ? 2u : 1u);
        EXPECT_EQ(
            select_clusters(zones, {window(whole, 4, 9.0, 0, 5), window(whole, 4, 5.0, 6, 8)}, overlap, 9)
                .size(),
            2u);
    }
}

// Centres on a grid are not locations: a zone may hold a centre without a location near it.
TEST(SelectClusters, KnowsCentresFromLocations) {
    const Line zones({0, 10, 20}, {9, 6});  // {1, 0} and {1, 0} around 9 and 6
    const std::vector<Window> candidates{window(0, 1, 9.0), window(1, 1, 5.0)};
    EXPECT_EQ(select_clusters(zones, candidates, Overlap::none, 9).size(), 1u);
    EXPECT_EQ(select_clusters(zones, candidates, Overlap::no_centres_in_more_likely, 9).size(), 2u);
    EXPECT_EQ(select_clusters(zones, candidates, Overlap::no_centres_in_less_likely, 9).size(), 1u);
}

// The definition, word by word.
std::vector<Window> select_slowly(const Line& zones, std::vector<Window> candidates, Overlap overlap,
                                  std::size_t at_most) {
    const auto n = zones.n_locations();
    // Statistics are whole numbers but for rounding errors.
    std::stable_sort(candidates.begin(), candidates.end(), [&](const Window& a, const Window& b) {
        return std::tuple(-std::round(a.statistic), a.size != n, a.size) <
               std::tuple(-std::round(b.statistic), b.size != n, b.size);
    });
    const auto locations = [&](const Window& w) {
        Neighbourhood around;
        zones.neighbourhood(w.centre, around);
        return std::set<std::uint32_t>(around.members.begin(), around.members.begin() + w.size);
    };
    const auto intervals = [](const Window& w) {  // with the one after, so that touching ones meet
        std::set<std::int32_t> set;
        for (std::int32_t t = w.start; t <= w.end; ++t) set.insert(t);
        return set;
    };
    const auto intersect = [](const auto& a, const auto& b) {
        return std::any_of(a.begin(), a.end(), [&](auto x) { return b.contains(x); });
    };
    std::vector<Window> reported;
    for (const Window& c : candidates) {
        bool forbidden = false;
        for (const Window& r : reported) {
            if (!intersect(intervals(c), intervals(r)) || (c.size == n) != (r.size == n)) continue;
            const bool temporal = c.size == n;
            const bool centre_in_reported = temporal || holds_centre(zones, r.centre, r.size, c.centre);
            const bool holds_reported = temporal || holds_centre(zones, c.centre, c.size, r.centre);
            forbidden = forbidden || (overlap == Overlap::none && intersect(locations(c), locations(r))) ||
                        (overlap == Overlap::no_centres_in_other && (centre_in_reported || holds_reported)) ||
                        (overlap == Overlap::no_centres_in_more_likely && centre_in_reported) ||
                        (overlap == Overlap::no_centres_in_less_likely && holds_reported) ||
                        (overlap == Overlap::no_pairs_in_each_other && centre_in_reported && holds_reported);
        }
        if (!forbidden && reported.size() < at_most) reported.push_back(c);
    }
    return reported;
}

TEST(SelectClusters, AgreesWithTheDefinition) {
    RandomStream random(20, 0, 0);
    std::size_t n_forbidden = 0;
    std::size_t n_secondary = 0;
    for (int repeat = 0; repeat < 2000; ++repeat) {
        std::vector<double> locations(2 + random.below(20));
        std::iota(locations.begin(), locations.end(), 0.0);
        for (double& location : locations) location = 2.0 * location + random.below(2);
        std::vector<double> centres = locations;
        if (repeat % 2 == 1) {
            centres.resize(1 + random.below(10));
            for (double& centre : centres) centre = random.below(40);
        }
        const Line zones(locations, centres);
        const auto n = static_cast<std::uint32_t>(locations.size());
        std::vector<Window> candidates(random.below(30));
        for (Window& w : candidates) {
            w.centre = random.below(zones.whole() + 1);
            w.size = w.centre == zones.whole() ? n : 1 + random.below((n + 1) / 2);
            w.start = static_cast<std::int32_t>(random.below(8));
            w.end = w.start + 1 + static_cast<std::int32_t>(random.below(4));
            w.statistic = 1.0 + random.below(6) + 1e-13 * random.below(100);
        }
        for (const Overlap overlap : every_overlap) {
            const std::size_t at_most = repeat % 5 == 0 ? 3 : 100;
            const auto expected = select_slowly(zones, candidates, overlap, at_most);
            const auto clusters = select_clusters(zones, candidates, overlap, at_most);
            ASSERT_EQ(clusters.size(), expected.size());
            for (std::size_t i = 0; i < clusters.size(); ++i) {
                ASSERT_EQ(clusters[i].centre, expected[i].centre);
                ASSERT_EQ(clusters[i].size, expected[i].size);
                ASSERT_EQ(clusters[i].start, expected[i].start);
                ASSERT_EQ(clusters[i].end, expected[i].end);
                ASSERT_EQ(clusters[i].statistic, expected[i].statistic);
            }
            n_forbidden += std::min(at_most, candidates.size()) - clusters.size();
            n_secondary += clusters.empty() ? 0 : clusters.size() - 1;
        }
    }
    EXPECT_GT(n_forbidden, 10'000u);
    EXPECT_GT(n_secondary, 10'000u);
}

TEST(SelectClusters, ListsTheMembersOfFewCandidates) {
    constexpr std::uint32_t n = 1000;
    std::vector<double> locations(n);
    std::iota(locations.begin(), locations.end(), 0.0);
    const Line zones = places_at(locations);
    std::vector<Window> candidates;
    candidates.reserve(n);
    for (std::uint32_t i = 0; i < n; ++i) candidates.push_back(window(i, 101, 1000.0 - i));
    const auto clusters = select_clusters(zones, candidates, Overlap::none, 500);
    EXPECT_LE(zones.n_calls, n / 2 + clusters.size());
}

}  // namespace
}  // namespace enteroscan
