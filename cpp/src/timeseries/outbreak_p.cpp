#include "enteroscan/timeseries/outbreak_p.hpp"

#include <cmath>
#include <vector>

#include "timeseries/distributions.hpp"
#include "timeseries/options.hpp"

namespace enteroscan {
namespace {

// TimePoints that share one value of the fit that never falls.
struct Block {
    double sum;
    double n;

    double mean() const noexcept { return sum / n; }
};

// Of the blocks against one mean for all.
double log_likelihood_ratio(const std::vector<Block>& blocks, double mean) noexcept {
    double sum = 0.0;
    for (const Block& block : blocks)
        if (block.sum > 0.0) sum += block.sum * std::log(block.mean() / mean);
    return sum;
}

class OutbreakP final : public Detector {
  public:
    explicit OutbreakP(const OutbreakPOptions& options) : log_threshold_(std::log(options.threshold)) {}

    void judge(const Series& series, TimePoints points, std::span<Judgement> judgements,
               const RunControl& control) const override {
        std::vector<Block> blocks;  // pool adjacent violators, one point at a time
        double sum = 0.0;
        double n = 0.0;
        for (std::size_t t = 0; t < points.end; ++t) {
            if ((t & 0xfff) == 0) control.check();
            const double count = series.counts[t];
            if (!std::isnan(count)) {
                sum += count;
                n += 1.0;
                add(blocks, count);
            }
            if (t < points.begin) continue;
            Judgement& result = judgements[t - points.begin];
            if (n == 0.0) {
                result.reason = Reason::too_little_history;
                continue;
            }
            result.expected = sum / n;
            result.score = log_likelihood_ratio(blocks, result.expected);
            result.dispersion = 1.0;
            if (std::isnan(count)) {
                result.reason = Reason::missing_count;
                continue;
            }
            result.p_value = CountDistribution::poisson(result.expected).upper_tail(count);
            result.alarm = result.score > log_threshold_;
        }
    }

  private:
    static void add(std::vector<Block>& blocks, double count) {
        Block last{count, 1.0};
        while (!blocks.empty() && blocks.back().mean() >= last.mean()) {
            last.sum += blocks.back().sum;
            last.n += blocks.back().n;
            blocks.pop_back();
        }
        blocks.push_back(last);
    }

    double log_threshold_;
};

}  // namespace

std::unique_ptr<const Detector> outbreak_p(const OutbreakPOptions& options) {
    check_option(options.threshold > 0.0, "the threshold must be positive");
    return std::make_unique<OutbreakP>(options);
}

}  // namespace enteroscan
