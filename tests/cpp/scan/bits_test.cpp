#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "scan/kernels/kernels.hpp"

namespace enteroscan::detail {
namespace baseline {
Kernels make_kernels();
}
namespace {

/// Random rows of bits, blocks and thresholds.
struct Rows {
    Rows(std::uint32_t seed, std::size_t vector_bytes) : n_bytes(vector_bytes) {
        std::mt19937 random(seed);
        const auto below = [&](std::uint32_t n) {
            return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random);
        };
        n_rows = 1 + below(400);
        const double density = std::uniform_real_distribution<>()(random);
        bits.resize(n_rows * n_bytes);
        for (unsigned char& byte : bits)
            for (unsigned int i = 0; i < 8; ++i)
                if (std::bernoulli_distribution(density)(random))
                    byte = static_cast<unsigned char>(byte | 1u << i);
        for (std::uint32_t row = 0; row < n_rows; ++row) members.push_back(row);
        std::shuffle(members.begin(), members.end(), random);
        for (std::uint32_t entered = 0; entered < n_rows;) {
            const std::uint32_t length =
                std::min(1 + below(70), static_cast<std::uint32_t>(n_rows) - entered);
            lengths.push_back(length);
            first_lengths.push_back(1 + below(length));
            entered += length;
            const double expected = density * entered;
            thresholds.push_back(static_cast<std::uint32_t>(std::max(0.0, expected - 8.0 + below(20))));
            classes.push_back(static_cast<std::uint8_t>(below(3)));
        }
        offsets.resize(3 * offset_digits * n_bytes);
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t lane = 0; lane < 8 * n_bytes; ++lane) {
                offset_of.push_back(below(4) == 0 ? below(256) : 0u);
                for (std::size_t i = 0; i < offset_digits; ++i)
                    if ((offset_of.back() >> i & 1) != 0) {
                        unsigned char& byte = offsets[(c * offset_digits + i) * n_bytes + lane / 8];
                        byte = static_cast<unsigned char>(byte | 1u << lane % 8);
                    }
            }
    }

    bool bit(std::uint32_t row, std::size_t lane) const {
        return (bits[row * n_bytes + lane / 8] >> lane % 8 & 1) != 0;
    }

    std::size_t n_bytes;
    std::size_t n_rows;
    std::vector<unsigned char> bits;
    std::vector<std::uint32_t> members;
    std::vector<std::uint32_t> lengths;
    std::vector<std::uint32_t> first_lengths;
    std::vector<std::uint32_t> thresholds;
    std::vector<std::uint8_t> classes;
    std::vector<unsigned char> offsets;
    std::vector<std::uint32_t> offset_of;  ///< of each class and lane
};

struct Report {
    std::size_t block;
    std::size_t lane;
    std::uint32_t count;
    friend bool operator==(const Report&, const Report&) = default;
};

std::vector<Report> reports(const Rows& rows, const Kernels& kernels, bool high) {
    struct Listener {
        const Rows* rows;
        std::size_t n_digits;
        std::vector<Report> heard{};
        static void hear(void* self, std::size_t block, const void* lanes, const void* digits) {
            auto& own = *static_cast<Listener*>(self);
            for (std::size_t lane = 0; lane < 8 * own.rows->n_bytes; ++lane) {
                const auto bit = [&](const void* vectors, std::size_t i) {
                    const std::uint32_t byte =
                        static_cast<const unsigned char*>(vectors)[i * own.rows->n_bytes + lane / 8];
                    return byte >> lane % 8 & 1u;
                };
                if (bit(lanes, 0) == 0) continue;
                std::uint32_t count = 0;
                for (std::size_t i = 0; i < own.n_digits; ++i) count |= bit(digits, i) << i;
                own.heard.push_back({block, lane, count});
            }
        }
    };
    Listener listener{&rows, 9 + rows.n_rows % 4};
    kernels.bits[high ? 0 : 1]({rows.bits.data(), rows.members.data(), rows.lengths.data(),
                                rows.first_lengths.data(), rows.lengths.size(), rows.thresholds.data(),
                                listener.n_digits, rows.offsets.data(), rows.classes.data(), &Listener::hear,
                                &listener});
    return listener.heard;
}

std::vector<Report> obvious_reports(const Rows& rows, bool high) {
    std::vector<Report> result;
    std::size_t entered = 0;
    for (std::size_t block = 0; block < rows.lengths.size(); ++block) {
        const std::size_t end = entered + (high ? rows.lengths[block] : rows.first_lengths[block]);
        for (std::size_t lane = 0; lane < 8 * rows.n_bytes; ++lane) {
            std::uint32_t count = 0;
            for (std::size_t k = 0; k < end; ++k) count += rows.bit(rows.members[k], lane) ? 1u : 0u;
            const std::uint32_t offset = rows.offset_of[rows.classes[block] * 8 * rows.n_bytes + lane];
            if (high ? count >= rows.thresholds[block] + offset : count < rows.thresholds[block])
                result.push_back({block, lane, count});
        }
        entered += rows.lengths[block];
    }
    return result;
}

TEST(Bits, reports_are_those_of_counting_one_by_one) {
    std::size_t n_reports = 0;
    for (const Kernels& kernels : {detail::kernels(), baseline::make_kernels()})
        for (std::uint32_t seed = 0; seed < 100; ++seed) {
            const Rows rows(seed, kernels.vector_bytes);
            for (const bool high : {true, false}) {
                const std::vector<Report> expected = obvious_reports(rows, high);
                ASSERT_EQ(reports(rows, kernels, high), expected) << seed << (high ? " high" : " low");
                n_reports += expected.size();
            }
        }
    EXPECT_GT(n_reports, 10'000u);
}

}  // namespace
}  // namespace enteroscan::detail
