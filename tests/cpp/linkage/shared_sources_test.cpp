#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/linkage/groups.hpp"
#include "enteroscan/linkage/links.hpp"
#include "linkage/habits.hpp"

namespace enteroscan {
namespace {

constexpr double nowhere = std::numeric_limits<double>::quiet_NaN();

/// Six cases, two kinds, three values, two agents; case 4 reports nothing.
CaseReports six_cases() {
    CaseReports reports;
    reports.onset = {10.0, 11.0, 12.0, 50.0, 60.0, 70.0};
    reports.reported = {20.0, 21.0, 22.0, 60.0, 70.0, 80.0};
    reports.stratum = {0, 0, 0, 1, 1, 1};
    reports.context = {0, 0, 1, 1, 0, 1};
    reports.latitude.assign(6, nowhere);
    reports.longitude.assign(6, nowhere);
    reports.case_evidence.assign(12, 0.0);
    reports.lag = {4.0, 5.0, 6.0, 7.0};
    reports.lag_evidence.assign(8, 0.0);
    reports.exposed_case = {0, 0, 1, 2, 3, 5};
    reports.value = {0, 2, 0, 0, 1, 0};
    reports.meal = {0, 1, 1, 2, 0, 3};
    reports.report_evidence.assign(6, 0.0);
    reports.kind = {0, 0, 1};
    reports.pseudo_count = {0.5, 0.5};
    reports.pseudo_total = {20.0, 20.0};
    reports.concentration = {10.0, 10.0};
    reports.agreement = {0.8, 0.8};
    reports.longest = {1000.0, 1000.0};
    reports.fashion = {0.0, 0.0};
    reports.contagion = {0.0, 0.0};
    reports.infectious = {0.5, 0.5};
    reports.serial_interval = {72.0, 0.6};
    reports.log_prior = {std::log(0.5), std::log(0.5)};
    return reports;
}

GroupOptions all_times() {
    GroupOptions options;
    options.from = 0.0;
    options.until = 100.0;
    options.durations = {2.0, 24.0};
    return options;
}

LinkOptions all_pairs() {
    LinkOptions options;
    options.until = 100.0;
    options.max_gap = 50.0;
    return options;
}

struct Mistake {
    std::string says;
    std::function<void(CaseReports&)> make;
};

TEST(CheckReports, AcceptsWhatFits) {
    EXPECT_NO_THROW(check(six_cases()));
    CaseReports nobody;
    nobody.log_prior = {0.0};
    nobody.infectious = {1.0};
    nobody.serial_interval = {72.0, 0.6};
    EXPECT_NO_THROW(check(nobody));
}

TEST(CheckReports, RefusesWhatDoesNotFit) {
    const double infinite = std::numeric_limits<double>::infinity();
    const std::vector<Mistake> mistakes = {
        {"an agent", [](CaseReports& r) { r.log_prior.clear(); }},
        {"reported has 5 entries; 6", [](CaseReports& r) { r.reported.pop_back(); }},
        {"stratum has 5", [](CaseReports& r) { r.stratum.pop_back(); }},
        {"context has 7", [](CaseReports& r) { r.context.push_back(0); }},
        {"latitude has 5", [](CaseReports& r) { r.latitude.pop_back(); }},
        {"longitude has 5", [](CaseReports& r) { r.longitude.pop_back(); }},
        {"case_evidence has 11 entries; 12", [](CaseReports& r) { r.case_evidence.pop_back(); }},
        {"times must be finite", [](CaseReports& r) { r.onset[2] = nowhere; }},
        {"times must be finite", [=](CaseReports& r) { r.reported[2] = infinite; }},
        {"case_evidence must be finite", [=](CaseReports& r) { r.case_evidence[0] = -infinite; }},
        {"must not be negative", [](CaseReports& r) { r.stratum[0] = -1; }},
        {"must not be negative", [](CaseReports& r) { r.context[0] = -1; }},
        {"exposed_case has 5", [](CaseReports& r) { r.exposed_case.pop_back(); }},
        {"meal has 5", [](CaseReports& r) { r.meal.pop_back(); }},
        {"report_evidence has 5", [](CaseReports& r) { r.report_evidence.pop_back(); }},
        {"lag_evidence has 7 entries; 8", [](CaseReports& r) { r.lag_evidence.pop_back(); }},
        {"lags", [](CaseReports& r) { r.lag[0] = nowhere; }},
        {"lags", [](CaseReports& r) { r.lag_evidence[0] = nowhere; }},
        {"lags", [](CaseReports& r) { r.report_evidence[0] = nowhere; }},
        {"do not exist", [](CaseReports& r) { r.exposed_case.back() = 6; }},
        {"do not exist", [](CaseReports& r) { r.value.back() = 3; }},
        {"do not exist", [](CaseReports& r) { r.meal.back() = 4; }},
        {"do not exist", [](CaseReports& r) { r.meal.back() = -1; }},
        {"sorted by case", [](CaseReports& r) { std::swap(r.value[0], r.value[1]); }},
        {"each once", [](CaseReports& r) { r.value[1] = 0; }},
        {"of kinds that do not exist", [](CaseReports& r) { r.kind[2] = 2; }},
        {"pseudo_total has 1", [](CaseReports& r) { r.pseudo_total.pop_back(); }},
        {"concentration has 1", [](CaseReports& r) { r.concentration.pop_back(); }},
        {"agreement has 1", [](CaseReports& r) { r.agreement.pop_back(); }},
        {"longest has 1", [](CaseReports& r) { r.longest.pop_back(); }},
        {"fashion has 1", [](CaseReports& r) { r.fashion.pop_back(); }},
        {"contagion has 1", [](CaseReports& r) { r.contagion.pop_back(); }},
        {"infectious has 1", [](CaseReports& r) { r.infectious.pop_back(); }},
        {"contagion and infectious", [](CaseReports& r) { r.contagion[0] = -1.0; }},
        {"contagion and infectious", [](CaseReports& r) { r.infectious[0] = nowhere; }},
        {"serial_interval has 1", [](CaseReports& r) { r.serial_interval.pop_back(); }},
        {"serial_interval must", [](CaseReports& r) { r.serial_interval[1] = 0.0; }},
        {"must be positive", [](CaseReports& r) { r.pseudo_count[0] = 0.0; }},
        {"must be positive", [=](CaseReports& r) { r.pseudo_total[0] = infinite; }},
        {"must be positive", [](CaseReports& r) { r.concentration[0] = nowhere; }},
        {"must be positive", [](CaseReports& r) { r.agreement[0] = -0.5; }},
        {"longest and fashion", [](CaseReports& r) { r.longest[0] = nowhere; }},
        {"longest and fashion", [](CaseReports& r) { r.fashion[0] = -1.0; }},
        {"log_prior must be finite", [=](CaseReports& r) { r.log_prior[0] = -infinite; }},
    };
    for (std::size_t i = 0; i < mistakes.size(); ++i) {
        CaseReports reports = six_cases();
        mistakes[i].make(reports);
        try {
            check(reports);
            ADD_FAILURE() << "mistake " << i << " passed: " << mistakes[i].says;
        } catch (const InvalidInput& error) {
            EXPECT_NE(std::string(error.what()).find(mistakes[i].says), std::string::npos)
                << "mistake " << i << ": " << error.what();
        }
    }
}

TEST(SharedSources, RefusesOptionsThatContradictThemselves) {
    GroupOptions options = all_times();
    options.durations = {};
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options.durations = {5.0, 2.0};
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options.durations = {-1.0, 2.0};
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options.durations = {nowhere};
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options = all_times();
    options.until = -1.0;
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options = all_times();
    options.fresh_since = nowhere;
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
    options = all_times();
    options.min_cases = 0;
    EXPECT_THROW(SharedSources(six_cases(), options), InvalidInput);
}

TEST(SharedSources, RefusesCasesThatDoNotExist) {
    const SharedSources sources(six_cases(), all_times());
    RunControl control;
    const std::vector<std::int32_t> strange = {6};
    EXPECT_THROW(sources.groups(0.0, 5, strange, 2, control), InvalidInput);
    EXPECT_THROW(sources.simulate(0, 1, 1, strange, 1, control), InvalidInput);
    EXPECT_THROW(sources.permutation(1, 0, std::vector<std::int32_t>{-1}), InvalidInput);
    EXPECT_THROW(sources.simulate(2, 1, 1, {}, 1, control), InvalidInput);
}

TEST(SharedSources, StopsWhenItIsTold) {
    const SharedSources sources(six_cases(), all_times());
    RunControl control;
    control.cancel();
    EXPECT_THROW(sources.groups(0.0, 5, {}, 2, control), Cancelled);
    EXPECT_THROW(sources.simulate(0, 10, 1, {}, 1, control), Cancelled);
    EXPECT_THROW(links(six_cases(), all_pairs(), 1, control), Cancelled);
}

TEST(SharedSources, FindsThoseWhoWereThereTogether) {
    const SharedSources sources(six_cases(), all_times());
    RunControl control;
    const auto groups = sources.groups(0.0, 5, {}, 2, control);
    ASSERT_FALSE(groups.empty());
    EXPECT_EQ(groups[0].value, 0);
    auto cases = groups[0].cases;
    std::sort(cases.begin(), cases.end());
    EXPECT_EQ(cases, (std::vector<std::int32_t>{0, 1, 2}));
    EXPECT_EQ(groups[0].first, 6.0);
    EXPECT_EQ(groups[0].last, 6.0);
    EXPECT_NEAR(groups[0].agents[0] + groups[0].agents[1], 1.0, 1e-12);
    EXPECT_NEAR(groups[0].statistic,
                groups[0].sharing + groups[0].incubation + groups[0].symptoms + groups[0].report +
                    groups[0].contagion,
                1e-12);
}

TEST(SharedSources, CasesAsideAreNotThere) {
    RunControl control;
    const SharedSources sources(six_cases(), all_times());
    const auto groups = sources.groups(0.0, 5, std::vector<std::int32_t>{0, 2}, 2, control);
    for (const Group& group : groups) {
        EXPECT_EQ(std::count(group.cases.begin(), group.cases.end(), 0), 0);
        EXPECT_EQ(std::count(group.cases.begin(), group.cases.end(), 2), 0);
    }
    const std::vector<std::int32_t> everybody = {0, 1, 2, 3, 4, 5};
    EXPECT_TRUE(sources.groups(0.0, 5, everybody, 2, control).empty());
    const auto maxima = sources.simulate(0, 3, 1, everybody, 1, control);
    EXPECT_EQ(maxima, std::vector<double>(6, 0.0));
}

TEST(SharedSources, WithoutCasesThereIsNothing) {
    CaseReports nobody;
    nobody.log_prior = {0.0};
    nobody.pseudo_count = nobody.pseudo_total = nobody.concentration = nobody.agreement = {1.0};
    nobody.longest = nobody.fashion = nobody.contagion = {1.0};
    nobody.infectious = {1.0};
    nobody.serial_interval = {72.0, 0.6};
    const SharedSources sources(nobody, all_times());
    RunControl control;
    EXPECT_TRUE(sources.groups(0.0, 5, {}, 2, control).empty());
    EXPECT_EQ(sources.simulate(0, 2, 1, {}, 2, control), std::vector<double>(2, 0.0));
    EXPECT_TRUE(sources.permutation(1, 0, {}).empty());
    EXPECT_TRUE(links(nobody, all_pairs(), 1, control).empty());
}

TEST(Links, RefuseOptionsThatContradictThemselves) {
    RunControl control;
    const std::vector<std::function<void(LinkOptions&)>> mistakes = {
        [](LinkOptions& o) { o.until = -1.0; },
        [](LinkOptions& o) { o.max_gap = 0.0; },
        [](LinkOptions& o) { o.same_meal_hours = 0.0; },
        [](LinkOptions& o) { o.sale_hours = nowhere; },
        [](LinkOptions& o) { o.same_meal_share = 1.0; },
        [](LinkOptions& o) { o.distance_km = {1.0}; },
        [](LinkOptions& o) {
            o.distance_km = {2.0, 1.0};
            o.distance_evidence = {0.0, 0.0};
        },
    };
    EXPECT_NO_THROW(links(six_cases(), all_pairs(), 1, control));
    for (const auto& make : mistakes) {
        LinkOptions options = all_pairs();
        make(options);
        EXPECT_THROW(links(six_cases(), options, 1, control), InvalidInput);
    }
}

TEST(Links, HomesOfUnknownPlaceSayNothing) {
    RunControl control;
    LinkOptions options = all_pairs();
    options.at_least = -100.0;
    options.distance_km = {1.0, 10.0};
    options.distance_evidence = {2.0, -1.0};
    CaseReports reports = six_cases();
    reports.latitude = {30.0, 30.0, nowhere, 30.0, 30.0, 40.0};
    reports.longitude = {120.0, 120.0, nowhere, 120.0, 120.0, 120.0};
    const auto found = links(reports, options, 1, control);
    ASSERT_EQ(found.size(), 3U);  // case 5 was there too late
    EXPECT_EQ(found[0].space, 2.0);
    EXPECT_EQ(found[1].space, 0.0);
    EXPECT_EQ(found[2].space, 0.0);
}

TEST(Habits, ExpectedIsTheShareOfOthersOfTheContextShrunk) {
    const CaseReports reports = six_cases();
    Habits habits(reports);
    std::vector<std::int32_t> owner(6);
    std::iota(owner.begin(), owner.end(), 0);
    habits.fill(owner, std::vector<std::uint8_t>(6, 0), 0.0, 100.0);
    EXPECT_EQ(habits.total(0), 5.0);
    EXPECT_EQ(habits.total(0, 1), 3.0);
    EXPECT_EQ(habits.total(1), 1.0);
    EXPECT_EQ(habits.reports_between(0, 6.0, 46.0), 4.0);
    // Value 0 at hour 6: three reports, two in context 0 (all of its own), one in context 1 (one other).
    const ValueHabits value{4.0, {{0, 2.0}, {1, 2.0}}};
    const std::vector<double> by_context = {2.0, 1.0};
    const double anywhere = (4.0 - 3.0 + 0.5) / (5.0 - 3.0 + 20.0);
    const double in_context_0 = (0.0 + 10.0 * anywhere) / (2.0 + 10.0);
    const double in_context_1 = (1.0 + 10.0 * anywhere) / (3.0 + 10.0);
    EXPECT_NEAR(habits.expected(0, value, {3.0, by_context}, 6.0, 6.0), 2.0 * in_context_0 + in_context_1,
                1e-15);
}

TEST(Habits, FollowTheExposuresToTheirNewCases) {
    const CaseReports reports = six_cases();
    Habits habits(reports);
    const std::vector<std::int32_t> owner = {2, 1, 0, 3, 4, 5};  // 0 and 2 have changed
    habits.fill(owner, std::vector<std::uint8_t>(6, 0), 0.0, 100.0);
    EXPECT_EQ(habits.total(0, 0), 2.0);
    EXPECT_EQ(habits.total(1, 0), 0.0);
    EXPECT_EQ(habits.total(1, 1), 1.0);
    EXPECT_EQ(habits.reports_between(0, 8.0, 8.0), 1.0);  // 12 - 4: the meal of case 0, the onset of 2
    EXPECT_EQ(habits.reports_between(1, 7.0, 7.0), 1.0);
}

}  // namespace
}  // namespace enteroscan
