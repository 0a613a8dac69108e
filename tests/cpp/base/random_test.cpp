// Tests of random numbers look for p-values below `significant`. Seeds are fixed, so they fail always or
// never; of generators that are right, one in 5000 would fail any of the nearly 200 comparisons.

#include "enteroscan/base/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/philox.hpp"
#include "enteroscan/base/error.hpp"

namespace enteroscan {
namespace {

constexpr double significant = 1e-6;

// p-value of the chi-square test. Cells are added to their neighbours until 10 are expected.
double chi_square_p(const std::vector<double>& probabilities, const std::vector<std::int64_t>& counts) {
    const auto n = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
    std::vector<double> expected{0.0};
    std::vector<double> observed{0.0};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (expected.back() >= 10.0) {
            expected.push_back(0.0);
            observed.push_back(0.0);
        }
        expected.back() += n * probabilities[i];
        observed.back() += static_cast<double>(counts[i]);
    }
    if (expected.size() > 1 && expected.back() < 10.0) {
        const double few = expected.back();
        const double seen = observed.back();
        expected.pop_back();
        observed.pop_back();
        expected.back() += few;
        observed.back() += seen;
    }
    if (expected.size() < 2) return 1.0;
    double statistic = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i)
        statistic += (observed[i] - expected[i]) * (observed[i] - expected[i]) / expected[i];
    const boost::math::chi_squared distribution(static_cast<double>(expected.size() - 1));
    return cdf(complement(distribution, statistic));
}

double chi_square_p(const std::vector<std::int64_t>& counts) {
    return chi_square_p(std::vector<double>(counts.size(), 1.0 / static_cast<double>(counts.size())), counts);
}

// p-value of the Kolmogorov-Smirnov test for the uniform distribution on (0, 1); an upper bound (Massart).
double uniformity_p(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    double distance = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto rank = static_cast<double>(i);
        distance = std::max({distance, values[i] - rank / n, (rank + 1.0) / n - values[i]});
    }
    return std::min(1.0, 2.0 * std::exp(-2.0 * n * distance * distance));
}

struct KnownAnswer {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> block;
};

// philox4x32 10 in kat_vectors of Random123 1.14 (D. E. Shaw Research)
constexpr KnownAnswer known_answers[] = {
    {{0x00000000, 0x00000000, 0x00000000, 0x00000000},
     {0x00000000, 0x00000000},
     {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

TEST(Philox, GivesThePublishedBlocksInEveryLane) {
    for (const KnownAnswer& known : known_answers) {
        for (std::uint32_t lane = 0; lane < philox_blocks; ++lane) {
            auto first = known.counter;
            first[0] -= lane;
            std::array<std::uint32_t, 4 * philox_blocks> numbers{};
            philox(first, known.key, numbers);
            for (std::size_t w = 0; w < 4; ++w) EXPECT_EQ(numbers[4 * lane + w], known.block[w]) << lane;
        }
    }
}

TEST(RandomStream, IsTheBlocksOfItsCounterOneAfterTheOther) {
    RandomStream random(0x0123456789abcdef, 0x12345678, 0xfedcba9876543210);
    for (std::uint32_t first = 0; first < 3 * philox_blocks; first += philox_blocks) {
        std::array<std::uint32_t, 4 * philox_blocks> numbers{};
        philox({first, 0x12345678, 0x76543210, 0xfedcba98}, {0x89abcdef, 0x01234567}, numbers);
        for (const std::uint32_t number : numbers) ASSERT_EQ(random.next(), number);
    }
    RandomStream zero(0, 0, 0);
    for (const std::uint32_t number : known_answers[0].block) EXPECT_EQ(zero.next(), number);
}

TEST(RandomStream, GoesOnTheSameInACopy) {
    RandomStream random(1, 2, 3);
    for (int i = 0; i < 100; ++i) random.next();
    RandomStream copy = random;
    for (int i = 0; i < 200; ++i) ASSERT_EQ(random.next(), copy.next());
}

TEST(RandomStream, IsUniformInEveryByteAndInPairs) {
    for (int shift = 0; shift < 32; shift += 8) {
        RandomStream random(17, 0, 0);
        std::vector<std::int64_t> bytes(256);
        std::vector<std::int64_t> pairs(std::size_t{256} * 256);
        std::uint32_t previous = 0;
        for (int i = 0; i < 2'000'000; ++i) {
            const std::uint32_t byte = (random.next() >> shift) & 255;
            ++bytes[byte];
            ++pairs[previous * 256 + byte];
            previous = byte;
        }
        EXPECT_GT(chi_square_p(bytes), significant) << shift;
        EXPECT_GT(chi_square_p(pairs), significant) << shift;
    }
}

TEST(RandomStream, UniformIsUniform) {
    RandomStream random(5, 1, 2);
    std::vector<double> values(1'000'000);
    for (double& value : values) {
        value = random.uniform();
        ASSERT_GT(value, 0.0);
        ASSERT_LT(value, 1.0);
    }
    EXPECT_GT(uniformity_p(values), significant);
    // and so are its last bits
    for (double& value : values) value = std::ldexp(value, 32) - std::floor(std::ldexp(value, 32));
    EXPECT_GT(uniformity_p(values), significant);
}

// The first numbers of replicates, streams and seeds in a row.
TEST(RandomStream, NeighboursAreIndependent) {
    constexpr std::size_t n = 999;
    for (std::size_t draw = 0; draw < 8; ++draw) {
        std::vector<double> replicates;
        std::vector<double> streams;
        std::vector<double> seeds;
        for (std::uint32_t i = 0; i < n; ++i) {
            for (auto [values, random] : {std::pair(&replicates, RandomStream(12345678, 0, i)),
                                          {&streams, RandomStream(12345678, i, 0)},
                                          {&seeds, RandomStream(i, 0, 0)}}) {
                for (std::size_t k = 0; k < draw; ++k) random.uniform();
                values->push_back(random.uniform());
            }
        }
        for (auto* values : {&replicates, &streams, &seeds}) {
            EXPECT_GT(uniformity_p(*values), significant) << draw;
            std::vector<double> steps;
            for (std::size_t i = 1; i < n; i += 2) {
                const double step = (*values)[i] - (*values)[i - 1];
                steps.push_back(step - std::floor(step));
            }
            EXPECT_GT(uniformity_p(steps), significant) << draw;
        }
    }
}

// What the test above guards against, and that it would notice: a multiplicative generator (48271 modulo
// 2^31 - 1) whose replicates are seeded one after the other.
TEST(RandomStream, ConsecutiveSeedsOfALinearGeneratorAreNotIndependent) {
    constexpr std::uint64_t modulus = 2147483647;
    constexpr std::uint64_t n = 999;
    std::vector<double> values;
    values.reserve(n);
    for (std::uint64_t i = 0; i < n; ++i)
        values.push_back(static_cast<double>((12345678 + i) * 48271 % modulus) /
                         static_cast<double>(modulus));
    EXPECT_LT(uniformity_p(values), 1e-100);
}

TEST(RandomStream, BelowHasNoBias) {
    // Multiplication alone would give every third number twice as often.
    constexpr std::uint32_t bound = 3u << 30;
    RandomStream random(3, 1, 4);
    std::vector<std::int64_t> remainders(3);
    std::vector<std::int64_t> parts(48);
    for (int i = 0; i < 1'000'000; ++i) {
        const std::uint32_t number = random.below(bound);
        ASSERT_LT(number, bound);
        ++remainders[number % 3];
        ++parts[number >> 26];
    }
    EXPECT_GT(chi_square_p(remainders), significant);
    EXPECT_GT(chi_square_p(parts), significant);
}

TEST(RandomStream, BelowIsUniformForSmallBounds) {
    RandomStream random(3, 1, 5);
    for (const std::uint32_t bound : {2u, 3u, 7u, 1000u}) {
        std::vector<std::int64_t> counts(bound);
        for (int i = 0; i < 200'000; ++i) ++counts.at(random.below(bound));
        EXPECT_GT(chi_square_p(counts), significant) << bound;
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

struct Trials {
    std::int64_t n;
    double p;
};

void expect_binomial(const Trials& trials, int n_draws) {
    const auto [n, p] = trials;
    // One cell per number of successes within 8 standard deviations, and one on either side.
    const boost::math::binomial distribution(static_cast<double>(n), p);
    const double sd = standard_deviation(distribution);
    const auto low = std::max<std::int64_t>(1, static_cast<std::int64_t>(mean(distribution) - 8.0 * sd));
    const auto high =
        std::min<std::int64_t>(n, static_cast<std::int64_t>(mean(distribution) + 8.0 * sd + 12.0));
    std::vector<double> probabilities{cdf(distribution, static_cast<double>(low - 1))};
    for (std::int64_t k = low; k < high; ++k)
        probabilities.push_back(pdf(distribution, static_cast<double>(k)));
    probabilities.push_back(cdf(complement(distribution, static_cast<double>(high - 1))));

    RandomStream random(2024, 7, static_cast<std::uint64_t>(n));
    std::vector<std::int64_t> counts(probabilities.size());
    std::int64_t impossible = 0;
    for (int i = 0; i < n_draws; ++i) {
        const std::int64_t draw = random.binomial(n, p);
        impossible += draw < 0 || draw > n;
        ++counts[static_cast<std::size_t>(std::clamp(draw, low - 1, high) - low + 1)];
    }
    EXPECT_EQ(impossible, 0);
    EXPECT_GT(chi_square_p(probabilities, counts), significant) << "n = " << n << ", p = " << p;
}

TEST(Binomial, HasTheExactDistribution) {
    for (const std::int64_t n : {1, 2, 9, 25, 100, 1000, 30'000, 1'000'000})
        for (const double p : {1e-5, 0.001, 0.02, 0.1, 0.3, 0.45, 0.5, 0.55, 0.8, 0.99, 0.9999})
            expect_binomial({n, p}, 100'000);
}

TEST(Binomial, IsExactOnEitherSideOfTheChangeOfMethods) {
    for (const Trials trials :
         {Trials{20, 0.49999}, {20, 0.5}, {1000, 0.009999}, {1000, 0.01}, {1000, 0.990001}})
        expect_binomial(trials, 1'000'000);
}

TEST(Binomial, IsExactForManyTrials) {
    for (const Trials trials :
         {Trials{1'000'000'000, 9.999e-9}, {1'000'000'000, 1.001e-8}, {1'000'000'000, 1e-6}})
        expect_binomial(trials, 1'000'000);
}

TEST(Binomial, KnowsWhatIsCertain) {
    RandomStream random(1, 1, 1);
    EXPECT_EQ(random.binomial(0, 0.3), 0);
    for (const std::int64_t n : {1, 10, 1'000'000}) {
        EXPECT_EQ(random.binomial(n, 0.0), 0);
        EXPECT_EQ(random.binomial(n, 1.0), n);
    }
}

void expect_proportional(const std::vector<double>& weights, std::uint64_t seed) {
    const AliasTable table(weights);
    RandomStream random(seed, 3, 0);
    std::vector<std::int64_t> counts(weights.size());
    for (int i = 0; i < 300'000; ++i) ++counts.at(table.draw(random));
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> probabilities = weights;
    for (double& probability : probabilities) probability /= total;
    EXPECT_GT(chi_square_p(probabilities, counts), significant);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0.0) {
            EXPECT_EQ(counts[i], 0) << i;
        }
    }
}

TEST(AliasTable, DrawsInProportionToTheWeights) {
    expect_proportional({5.0}, 1);
    expect_proportional({1.0, 1.0, 1.0}, 2);
    expect_proportional({0.1, 0.2, 0.3, 0.4}, 3);
    expect_proportional({0.0, 3.0, 0.0, 1.0, 0.0}, 4);
    expect_proportional({1000.0, 1.0, 10.0, 100.0, 0.0, 0.5}, 5);
    RandomStream random(6, 0, 0);
    std::vector<double> many(5000);
    for (double& weight : many) weight = std::max(0.0, random.uniform() - 0.2) / random.uniform();
    expect_proportional(many, 6);
}

TEST(AliasTable, NeverDrawsWhatHasNoWeight) {
    RandomStream random(8, 0, 0);
    for (int repeat = 0; repeat < 500; ++repeat) {
        std::vector<double> weights(1 + random.below(50));
        for (double& weight : weights) weight = random.below(3) == 0 ? random.uniform() : 0.0;
        weights[random.below(static_cast<std::uint32_t>(weights.size()))] = 0.1;
        const AliasTable table(weights);
        for (int i = 0; i < 1000; ++i) ASSERT_GT(weights[table.draw(random)], 0.0);
    }
}

TEST(AliasTable, TakesTheLargestAndSmallestWeights) {
    const double largest = std::numeric_limits<double>::max();
    const AliasTable large(std::vector<double>{largest, 0.0, largest, largest});
    const AliasTable small(std::vector<double>{0.0, std::numeric_limits<double>::denorm_min()});
    RandomStream random(9, 0, 0);
    std::vector<std::int64_t> counts(4);
    for (int i = 0; i < 90'000; ++i) {
        ++counts[large.draw(random)];
        ASSERT_EQ(small.draw(random), 1u);
    }
    EXPECT_EQ(counts[1], 0);
    EXPECT_GT(chi_square_p({counts[0], counts[2], counts[3]}), significant);
}

TEST(AliasTable, RefusesWhatAreNoWeights) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    for (const std::vector<double>& weights :
         {std::vector<double>{}, {0.0, 0.0}, {1.0, -1.0}, {1.0, nan}, {1.0, infinity}})
        EXPECT_THROW(AliasTable{weights}, InvalidInput);
}

}  // namespace
}  // namespace enteroscan
