#include "enteroscan/base/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/philox.hpp"
#include "enteroscan/base/error.hpp"

namespace enteroscan {

void philox(const std::array<std::uint32_t, 4>& counter, const std::array<std::uint32_t, 2>& key,
            std::span<std::uint32_t, 4 * philox_blocks> out) noexcept {
    // One array per word, so that the compiler computes several blocks per instruction. It does not see how
    // to if it unrolls the loops beforehand, which GCC does up to 16 steps.
    std::uint32_t word0[philox_blocks];
    std::uint32_t word1[philox_blocks];
    std::uint32_t word2[philox_blocks];
    std::uint32_t word3[philox_blocks];
    for (std::uint32_t i = 0; i < philox_blocks; ++i) {
        word0[i] = counter[0] + i;
        word1[i] = counter[1];
        word2[i] = counter[2];
        word3[i] = counter[3];
    }
    std::uint32_t key0 = key[0];
    std::uint32_t key1 = key[1];
    for (int round = 0; round < 10; ++round) {
        for (std::size_t i = 0; i < philox_blocks; ++i) {
            const std::uint64_t product0 = std::uint64_t{0xD2511F53} * word0[i];
            const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * word2[i];
            word0[i] = static_cast<std::uint32_t>(product1 >> 32) ^ word1[i] ^ key0;
            word1[i] = static_cast<std::uint32_t>(product1);
            word2[i] = static_cast<std::uint32_t>(product0 >> 32) ^ word3[i] ^ key1;
            word3[i] = static_cast<std::uint32_t>(product0);
        }
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
    for (std::size_t i = 0; i < philox_blocks; ++i) {
        out[4 * i] = word0[i];
        out[4 * i + 1] = word1[i];
        out[4 * i + 2] = word2[i];
        out[4 * i + 3] = word3[i];
    }
}

RandomStream::RandomStream(std::uint64_t seed, std::uint32_t stream, std::uint64_t replicate) noexcept
    : key_(seed), replicate_(replicate), stream_(stream) {}

void RandomStream::refill() noexcept {
    philox({block_, stream_, static_cast<std::uint32_t>(replicate_),
            static_cast<std::uint32_t>(replicate_ >> 32)},
           {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)}, buffer_);
    block_ += philox_blocks;
    position_ = 0;
}

namespace {

// Adds up probabilities from 0 successes on until they exceed a uniform number. For n p < 10, 0 <= p <= 1/2.
std::int64_t binomial_by_inversion(RandomStream& random, std::int64_t n, double p) noexcept {
    // More successes than this have a probability below 1e-70; they are only reached by rounding errors.
    const std::int64_t limit = std::min<std::int64_t>(n, 110);
    const double odds = p / (1.0 - p);
    const double none = std::exp(static_cast<double>(n) * std::log1p(-p));
    for (;;) {
        double remaining = random.uniform();
        double probability = none;
        std::int64_t successes = 0;
        while (remaining > probability && successes < limit) {
            remaining -= probability;
            ++successes;
            probability *= odds * static_cast<double>(n - successes + 1) / static_cast<double>(successes);
        }
        if (remaining <= probability) return successes;
    }
}

// log k! - [(k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2]
double stirling_remainder(double k) noexcept {
    static constexpr std::array<double, 10> small = {
        0.0810614667953273, 0.0413406959554093, 0.0276779256849983, 0.02079067210376509, 0.0166446911898212,
        0.0138761288230707, 0.0118967099458918, 0.0104112652619721, 0.00925546218271273, 0.00833056343336287};
    if (k < 10.0) return small[static_cast<std::size_t>(k)];
    const double x = 1.0 / ((k + 1.0) * (k + 1.0));
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - x / 1680.0) * x) * x) / (k + 1.0);
}

// Transformed rejection with squeeze, algorithm BTRS of Hormann, The generation of binomial random variates
// (J Stat Comput Simul 46, 1993). For n p >= 10, p <= 1/2.
std::int64_t binomial_by_rejection(RandomStream& random, std::int64_t n, double p) noexcept {
    const auto trials = static_cast<double>(n);
    const double odds = p / (1.0 - p);
    const double sd = std::sqrt(trials * p * (1.0 - p));
    const double b = 1.15 + 2.53 * sd;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double alpha = (2.83 + 5.1 / b) * sd;
    const double squeeze = 0.92 - 4.2 / b;
    const double mode = std::floor((trials + 1.0) * p);
    for (;;) {
        const double u = random.uniform() - 0.5;
        const double v = random.uniform();
        const double us = 0.5 - std::abs(u);
        const double k = std::floor((2.0 * a / us + b) * u + trials * p + 0.5);
        if (us >= 0.07 && v <= squeeze) return static_cast<std::int64_t>(k);
        if (k < 0.0 || k > trials) continue;
        // log of P(k) / P(mode)
        const double log_ratio = (mode + 0.5) * std::log((mode + 1.0) / (odds * (trials - mode + 1.0))) +
                                 (trials + 1.0) * std::log1p((k - mode) / (trials - k + 1.0)) +
                                 (k + 0.5) * std::log(odds * (trials - k + 1.0) / (k + 1.0)) +
                                 stirling_remainder(mode) + stirling_remainder(trials - mode) -
                                 stirling_remainder(k) - stirling_remainder(trials - k);
        if (std::log(v * alpha / (a / (us * us) + b)) <= log_ratio) return static_cast<std::int64_t>(k);
    }
}

}  // namespace

std::int64_t RandomStream::binomial(std::int64_t n, double p) noexcept {
    if (p > 0.5) return n - binomial(n, 1.0 - p);
    if (static_cast<double>(n) * p < 10.0) return binomial_by_inversion(*this, n, p);
    return binomial_by_rejection(*this, n, p);
}

AliasTable::AliasTable(std::span<const double> weights) {
    if (weights.empty() || weights.size() > 0xFFFFFFFFu)
        throw InvalidInput("an alias table needs 1 to 2^32 - 1 weights, not " +
                           std::to_string(weights.size()));
    if (!std::all_of(weights.begin(), weights.end(), [](double w) { return std::isfinite(w) && w >= 0.0; }))
        throw InvalidInput("the weights of an alias table must be finite and at least 0");
    const auto heaviest = std::max_element(weights.begin(), weights.end());
    if (*heaviest == 0.0) throw InvalidInput("an alias table needs at least one weight above 0");

    // Every index has room for a share of 1. The shares that do not fill their room ("lacking") get the
    // rest from one that has more than 1 ("rich").
    const double unit = *heaviest;  // so that no sum overflows
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0,
                                         [unit](double sum, double w) { return sum + w / unit; });
    const auto n = static_cast<std::uint32_t>(weights.size());
    std::vector<double> shares(n);
    std::vector<std::uint32_t> lacking;
    std::vector<std::uint32_t> rich;
    entries_.resize(n);
    for (std::uint32_t i = 0; i < n; ++i) {
        shares[i] = weights[i] / unit * (n / total);
        (shares[i] < 1.0 ? lacking : rich).push_back(i);
        // What rounding errors leave unpaired keeps itself, unless it must never be drawn.
        entries_[i] = {0, weights[i] > 0.0 ? i : static_cast<std::uint32_t>(heaviest - weights.begin())};
    }
    while (!lacking.empty() && !rich.empty()) {
        const std::uint32_t poor = lacking.back();
        const std::uint32_t donor = rich.back();
        lacking.pop_back();
        entries_[poor] = {static_cast<std::uint32_t>(shares[poor] * 0x1p32), donor};
        shares[donor] -= 1.0 - shares[poor];
        if (shares[donor] < 1.0) {
            rich.pop_back();
            lacking.push_back(donor);
        }
    }
}

}  // namespace enteroscan
