#include "enteroscan/scan/tree_scan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "enteroscan/base/error.hpp"
#include "enteroscan/base/random.hpp"

namespace enteroscan {
namespace {

using Null = TreeModel::Null;

/// A small random problem, and the obvious way to scan it.
struct Problem {
    TreeModel model;
    std::size_t n_nodes = 0;
    std::vector<std::uint32_t> children;
    std::vector<std::uint32_t> parents;
    Lists units;
    std::vector<IntervalRun> runs;
    Rates rates = Rates::high;
    std::int64_t min_cases = 2;

    TreeScan scan() const {
        const Tree tree(n_nodes, children, parents);
        const std::vector<Cut> cuts(n_nodes, Cut::simple);
        return {model, tree_sets(tree, units, cuts), Intervals(static_cast<std::int32_t>(model.n_days), runs),
                rates, min_cases};
    }

    bool is_below(std::uint32_t node, std::uint32_t top) const {
        if (node == top) return true;
        for (std::size_t edge = 0; edge < children.size(); ++edge) {
            if (children[edge] == node && is_below(parents[edge], top)) return true;
        }
        return false;
    }

    bool holds(std::uint32_t top, std::uint32_t unit) const {
        const auto nodes = units[unit];
        return std::any_of(nodes.begin(), nodes.end(), [&](auto node) { return is_below(node, top); });
    }
};

double count(const Problem& problem, const std::vector<TreeCell>& cells, std::uint32_t node, int start,
             int end, int kind = -1) {
    double sum = 0.0;
    for (const auto& cell : cells) {
        const auto day = static_cast<int>(cell.day);
        const bool is_kind = kind < 0 || problem.model.kinds_of_day[cell.day] == static_cast<unsigned>(kind);
        if (day >= start && day < end && is_kind && problem.holds(node, cell.unit)) {
            sum += static_cast<double>(cell.count);
        }
    }
    return sum;
}

double all(const std::vector<TreeCell>& cells, int start, int end, const Problem& problem, int kind = -1) {
    double sum = 0.0;
    for (const auto& cell : cells) {
        const auto day = static_cast<int>(cell.day);
        const bool is_kind = kind < 0 || problem.model.kinds_of_day[cell.day] == static_cast<unsigned>(kind);
        if (day >= start && day < end && is_kind) sum += static_cast<double>(cell.count);
    }
    return sum;
}

double xlogy(double x, double y) { return x > 0.0 ? x * std::log(y) : 0.0; }

/// Expected cases under the null hypothesis, straight from its definition.
double expected(const Problem& problem, std::uint32_t node, int start, int end) {
    const auto& model = problem.model;
    const int days = static_cast<int>(model.n_days);
    const double node_cases = count(problem, model.cases, node, 0, days);
    const double total = all(model.cases, 0, days, problem);
    double sum = 0.0;
    switch (model.null) {
        case Null::poisson:
        case Null::poisson_free: {
            double means = 0.0;
            for (std::uint32_t unit = 0; unit < model.n_units; ++unit) {
                means += model.expected[unit];
                if (problem.holds(node, unit)) sum += model.expected[unit];
            }
            return model.null == Null::poisson ? sum * total / means : sum;
        }
        case Null::bernoulli:
            return (count(problem, model.cases, node, 0, days) +
                    count(problem, model.controls, node, 0, days)) *
                   total / (total + all(model.controls, 0, days, problem));
        case Null::bernoulli_free:
            return (count(problem, model.cases, node, 0, days) +
                    count(problem, model.controls, node, 0, days)) *
                   model.probability;
        case Null::bernoulli_time:
            return (count(problem, model.cases, node, start, end) +
                    count(problem, model.controls, node, start, end)) *
                   node_cases / (node_cases + count(problem, model.controls, node, 0, days));
        case Null::uniform:
        case Null::permutation: {
            const int n_kinds = model.kinds_of_day.empty() ? 1 : 3;
            for (int kind = 0; kind < n_kinds; ++kind) {
                const int k = model.kinds_of_day.empty() ? -1 : kind;
                double inside = all(model.cases, start, end, problem, k);
                double whole = all(model.cases, 0, days, problem, k);
                if (model.null == Null::uniform) {
                    inside = whole = 0.0;
                    for (int day = 0; day < days; ++day) {
                        if (k >= 0 &&
                            model.kinds_of_day[static_cast<std::size_t>(day)] != static_cast<unsigned>(k)) {
                            continue;
                        }
                        whole += 1.0;
                        if (day >= start && day < end) inside += 1.0;
                    }
                }
                if (whole > 0.0) sum += count(problem, model.cases, node, 0, days, k) * inside / whole;
            }
            return sum;
        }
    }
    return 0.0;
}

double likelihood_ratio(const Problem& problem, std::uint32_t node, int start, int end, double mean) {
    const auto& model = problem.model;
    const int days = static_cast<int>(model.n_days);
    const double c = count(problem, model.cases, node, start, end);
    const double node_cases = count(problem, model.cases, node, 0, days);
    const double total = all(model.cases, 0, days, problem);
    const double n = c + count(problem, model.controls, node, start, end);
    const auto two_samples = [](double a, double of, double all_a, double all_of) {
        const auto binomial = [](double x, double size) {
            return size > 0.0 ? xlogy(x, x / size) + xlogy(size - x, (size - x) / size) : 0.0;
        };
        return binomial(a, of) + binomial(all_a - a, all_of - of) - binomial(all_a, all_of);
    };
    const auto poisson = [&](double whole) {
        return xlogy(c, c / mean) + xlogy(whole - c, (whole - c) / (whole - mean));
    };
    switch (model.null) {
        case Null::poisson_free:
            return mean - c + xlogy(c, c / mean);
        case Null::bernoulli:
            return two_samples(c, n, total, total + all(model.controls, 0, days, problem));
        case Null::bernoulli_time:
            return two_samples(c, n, node_cases, node_cases + count(problem, model.controls, node, 0, days));
        case Null::bernoulli_free:
            return xlogy(c, c / n) + xlogy(n - c, (n - c) / n) - xlogy(c, model.probability) -
                   xlogy(n - c, 1.0 - model.probability);
        case Null::uniform:
            return poisson(node_cases);
        default:
            return poisson(total);
    }
}

/// The greatest statistic over all nodes and windows.
double obvious_maximum(const Problem& problem) {
    double best = 0.0;
    for (std::uint32_t node = 0; node < problem.n_nodes; ++node) {
        for (const auto& run : problem.runs) {
            for (int start = run.first_start; start <= run.last_start; ++start) {
                const int end = start + run.length;
                const double c = count(problem, problem.model.cases, node, start, end);
                const double mean = expected(problem, node, start, end);
                const double margin = problem.model.null == Null::poisson_free ? 1e-4 : 1e-9;
                const bool high = problem.rates != Rates::low &&
                                  c >= static_cast<double>(problem.min_cases) && c - mean >= margin;
                const bool low = problem.rates != Rates::high && mean - c >= margin;
                if (high || low) best = std::max(best, likelihood_ratio(problem, node, start, end, mean));
            }
        }
    }
    return best;
}

constexpr Null nulls[] = {Null::poisson, Null::poisson_free, Null::bernoulli,     Null::bernoulli_free,
                          Null::uniform, Null::permutation,  Null::bernoulli_time};

Problem random_problem(std::uint64_t number) {
    RandomStream random(77, 0, number);
    Problem problem;
    auto& model = problem.model;
    model.null = nulls[number % 7];
    const bool temporal = number % 7 >= 4;
    model.n_days = temporal ? 2 + random.below(12) : 1;
    problem.n_nodes = 2 + random.below(8);
    for (std::uint32_t node = 1; node < problem.n_nodes; ++node) {
        std::set<std::uint32_t> above;
        const auto n_parents = random.below(3);
        for (std::uint32_t i = 0; i < n_parents; ++i) above.insert(random.below(node));
        for (const auto parent : above) {
            problem.children.push_back(node);
            problem.parents.push_back(parent);
        }
    }
    model.n_units = 1 + random.below(8);
    for (std::size_t unit = 0; unit < model.n_units; ++unit) {
        std::vector<std::uint32_t> nodes(1 + random.below(2));
        for (auto& node : nodes) node = random.below(static_cast<std::uint32_t>(problem.n_nodes));
        problem.units.append(nodes);
    }
    const auto n_units = static_cast<std::uint32_t>(model.n_units);
    const auto cells = [&](std::uint32_t n) {
        std::vector<TreeCell> rows;
        for (std::uint32_t i = 0; i < n; ++i) {
            rows.push_back({random.below(n_units), random.below(model.n_days), 1 + random.below(3)});
        }
        return rows;
    };
    model.cases = cells(1 + random.below(12));
    if (number % 7 == 2 || number % 7 == 3 || number % 7 == 6) model.controls = cells(1 + random.below(15));
    if (number % 7 < 2) {
        for (std::uint32_t i = 0; i < n_units; ++i) model.expected.push_back(0.2 + 3.0 * random.uniform());
    }
    model.probability = 0.2 + 0.6 * random.uniform();
    if ((number % 7 == 4 || number % 7 == 5) && random.below(2) == 0) {
        for (std::uint32_t day = 0; day < model.n_days; ++day) model.kinds_of_day.push_back(day % 3);
    }
    const auto n_days = static_cast<std::int32_t>(model.n_days);
    const auto shape = random.below(4);
    const auto shortest = temporal ? 1 + static_cast<std::int32_t>(random.below(3)) : 1;
    for (std::int32_t length = std::min(shortest, n_days); length <= n_days; ++length) {
        if (shape == 0) problem.runs.push_back({length, n_days - length, n_days - length});
        if (shape == 1) problem.runs.push_back({length, 0, n_days - length});
        if (shape == 2) problem.runs.push_back({length, 0, std::min(n_days - length, length * 2)});
        if (shape == 3) {  // any mixture, with holes
            const auto first =
                static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(n_days - length) + 1));
            problem.runs.push_back({length, first, first});
        }
    }
    problem.rates = std::array{Rates::high, Rates::high, Rates::low, Rates::both}[random.below(4)];
    problem.min_cases = 1 + random.below(3);
    return problem;
}

TEST(TreeScan, FindsTheMaximumOfTheObviousLoops) {
    RunControl control;
    for (std::uint64_t number = 0; number < 2100; ++number) {
        const auto problem = random_problem(number);
        double best = 0.0;
        for (const auto& window : problem.scan().best_of_nodes(control)) {
            best = std::max(best, window.statistic);
        }
        ASSERT_NEAR(best, obvious_maximum(problem), 1e-9) << "problem " << number;
    }
}

/// A replicate as the data of a problem of its own.
Problem replicated(const Problem& problem, std::uint64_t seed, std::uint64_t replicate) {
    Problem other = problem;
    problem.scan();  // checks it
    auto model = problem.model;
    model.normalise();
    model.sampler(seed)->draw(replicate, other.model.cases);
    if (!model.controls.empty()) {
        std::vector<std::vector<std::int64_t>> left(model.n_units, std::vector<std::int64_t>(model.n_days));
        for (const auto* cells : {&model.cases, &model.controls}) {
            for (const auto& cell : *cells) left[cell.unit][cell.day] += cell.count;
        }
        for (const auto& cell : other.model.cases) left[cell.unit][cell.day] -= cell.count;
        other.model.controls.clear();
        for (std::uint32_t unit = 0; unit < model.n_units; ++unit) {
            for (std::uint32_t day = 0; day < model.n_days; ++day) {
                EXPECT_GE(left[unit][day], 0);
                if (left[unit][day] > 0) other.model.controls.push_back({unit, day, left[unit][day]});
            }
        }
    }
    if (problem.model.null == Null::poisson_free) other.model.expected = problem.model.expected;
    return other;
}

TEST(TreeScan, MaximaOfReplicatesAreThoseOfTheObviousLoops) {
    RunControl control;
    constexpr std::uint64_t seed = 5;
    for (std::uint64_t number = 0; number < 350; ++number) {
        const auto problem = random_problem(number);
        const auto maxima = problem.scan().simulate(0, 40, seed, 1, control);
        for (const std::uint64_t replicate : {0u, 7u, 19u, 33u}) {
            const auto other = replicated(problem, seed, replicate);
            if (other.model.cases.empty()) continue;
            ASSERT_NEAR(maxima[replicate], obvious_maximum(other), 1e-9)
                << "problem " << number << ", replicate " << replicate;
        }
    }
}

TEST(TreeScan, ReplicatesDoNotDependOnThreadsOrRanges) {
    RunControl control;
    for (std::uint64_t number = 0; number < 70; ++number) {
        const auto scan = random_problem(number).scan();
        const auto whole = scan.simulate(0, 60, 3, 1, control);
        EXPECT_EQ(whole, scan.simulate(0, 60, 3, 2, control));
        const auto part = scan.simulate(37, 60, 3, 2, control);
        EXPECT_EQ(std::vector(whole.begin() + 37, whole.end()), part);
    }
}

TEST(TreeScan, PermutationKeepsCasesOfUnitsAndDays) {
    auto problem = random_problem(5);
    problem.model.normalise();
    std::vector<TreeCell> cells;
    problem.model.sampler(1)->draw(3, cells);
    std::vector<std::int64_t> units(problem.model.n_units);
    std::vector<std::int64_t> days(problem.model.n_days);
    for (const auto& cell : problem.model.cases) {
        units[cell.unit] += cell.count;
        days[cell.day] += cell.count;
    }
    for (const auto& cell : cells) {
        units[cell.unit] -= cell.count;
        days[cell.day] -= cell.count;
    }
    EXPECT_EQ(std::count(units.begin(), units.end(), 0), static_cast<std::ptrdiff_t>(units.size()));
    EXPECT_EQ(std::count(days.begin(), days.end(), 0), static_cast<std::ptrdiff_t>(days.size()));
}

TEST(TreeScan, StopsWhenCancelled) {
    RunControl control;
    control.cancel();
    EXPECT_THROW(random_problem(5).scan().simulate(0, 100, 1, 1, control), Cancelled);
}

TEST(TreeScan, RefusesWhatDoesNotFit) {
    auto problem = random_problem(5);
    problem.model.cases.clear();
    EXPECT_THROW(problem.scan(), InvalidInput);
    problem = random_problem(5);
    problem.model.cases.push_back({99, 0, 1});
    EXPECT_THROW(problem.scan(), InvalidInput);
    problem = random_problem(5);
    problem.model.n_units += 1;
    EXPECT_THROW(problem.scan(), InvalidInput);
}

}  // namespace
}  // namespace enteroscan
