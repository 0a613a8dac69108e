// Maxima of replicates. Batches of replicates are scanned for windows whose statistic reaches a `level` that
// nearly every replicate's maximum exceeds; the few that do not are scanned again with a lower one. The level
// decides how long it takes, never what comes out.

#include "scan/simulate.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "scan/batch.hpp"
#include "scan/bits.hpp"
#include "scan/crew.hpp"
#include "scan/direct.hpp"
#include "scan/sweep.hpp"

namespace enteroscan {
namespace {

class Simulation {
  public:
    Simulation(const Plan& plan, const Model& model, const SimulationOptions& options, RunControl& control,
               const detail::Kernels& kernels)
        : plan_(&plan),
          model_(&model),
          options_(&options),
          control_(&control),
          scanner_(make_scanner(kernels)),
          crew_(plan, model, *scanner_, options, control),
          centres_(plan.n_centres()) {
        std::iota(centres_.begin(), centres_.end(), std::size_t{0});
    }

    std::vector<double> run() {
        Numbers all(static_cast<std::size_t>(options_->end - options_->begin));
        std::iota(all.begin(), all.end(), std::size_t{0});
        control_->expect(all.size() * scanner_->n_steps(centres_.size()));
        if (all.empty() || centres_.empty()) return crew_.take_maxima();
        crew_.draw_first(all);
        const double level = pilot(crew_.batch_of(all, 0));
        // Sequential stopping looks at the maxima in waves.
        const std::size_t wave =
            options_->stop_after > 0 ? scanner_->n_lanes() * options_->n_threads : all.size();
        auto tables = make_tables(level, centres_);
        std::size_t done = 0;
        while (done < all.size()) {
            const std::size_t end = std::min(all.size(), done + wave);
            finish({all.begin() + static_cast<std::ptrdiff_t>(done),
                    all.begin() + static_cast<std::ptrdiff_t>(end)},
                   level, *tables);
            done = end;
            if (const auto enough = decided_after(done)) {
                done = *enough;
                break;
            }
        }
        std::vector<double> maxima = crew_.take_maxima();
        maxima.resize(done);
        return maxima;
    }

  private:
    using Numbers = std::vector<std::size_t>;  // replicates, counted from the first that is wanted

    /// A statistic so small that what does not reach it is found by walking.
    static constexpr double least_level = 0.3;
    static constexpr double first_level = 4.0;
    /// Replicates of the pilot lie above the level by that much: few others lie below it.
    static constexpr double pilot_margin = 0.92;
    /// What is found below a level is less than what is there, but tells it well enough down to this share.
    static constexpr double far_below = 0.6;

    std::unique_ptr<BatchScanner> make_scanner(const detail::Kernels& kernels) const {
        if (common_end()) {
            auto bits = bit_scanner(*plan_, model_->rates(), kernels, model_->n_cases(), options_->n_threads,
                                    *control_);
            if (bits) return bits;
            return direct_scanner(*plan_, model_->rates(), kernels, model_->n_cases(),
                                  static_cast<std::size_t>(options_->end - options_->begin),
                                  options_->n_threads, *control_);
        }
        return sweep_scanner(*plan_, model_->rates(), kernels, model_->n_cases(), options_->n_threads,
                             *control_);
    }

    bool common_end() const {
        const auto last = static_cast<std::int32_t>(plan_->n_columns());
        return std::all_of(plan_->runs().begin(), plan_->runs().end(), [&](const IntervalRun& run) {
            return run.first_start == run.last_start && run.first_start + run.length == last;
        });
    }

    std::unique_ptr<BatchScanner::Tables> make_tables(double level,
                                                      std::span<const std::size_t> centres) const {
        return scanner_->make_tables(level, centres, options_->n_threads, *control_);
    }

    /// Finds a level a little below what maxima usually are, from some of the centres in one batch.
    double pilot(std::span<const std::size_t> replicates) {
        double level = first_level;
        for (const std::size_t share : {32u, 6u}) {
            const std::size_t step =
                std::max<std::size_t>(1, centres_.size() / std::max<std::size_t>(8, centres_.size() / share));
            Numbers some;
            for (std::size_t i = step / 2; i < centres_.size(); i += step) some.push_back(i);
            double least = pilot_scan(replicates, level, some);
            while (least < far_below * level && level > least_level) {
                level = std::max(least_level, far_below * level);
                least = pilot_scan(replicates, level, some);
            }
            level = std::max(least_level, pilot_margin * least);
        }
        return level;
    }

    /// The least of the maxima of the replicates, as far as is known after looking around some centres.
    double pilot_scan(std::span<const std::size_t> replicates, double level, const Numbers& centres) {
        crew_.scan(replicates, *make_tables(level, centres), centres.size());
        double least = crew_.maximum(replicates.front());
        for (const std::size_t i : replicates) least = std::min(least, crew_.maximum(i));
        return least;
    }

    /// Scans the replicates, and those that stay below the level again.
    void finish(Numbers replicates, double level, const BatchScanner::Tables& tables) {
        crew_.scan(replicates, tables, centres_.size(), Crew::Progress::counted);
        for (int attempt = 0; attempt < 3; ++attempt) {
            std::erase_if(replicates, [&](std::size_t i) { return crew_.maximum(i) >= level; });
            if (replicates.empty() || level <= least_level) break;
            level = std::max(least_level, 0.8 * level);
            crew_.scan(replicates, *make_tables(level, centres_), centres_.size());
        }
        std::erase_if(replicates, [&](std::size_t i) { return crew_.maximum(i) >= level; });
        crew_.walk(replicates);
    }

    /// Number of replicates after which enough of them exceed, if that is so within the first `done`.
    std::optional<std::size_t> decided_after(std::size_t done) const {
        if (options_->stop_after == 0) return std::nullopt;
        std::int64_t exceeding = 0;
        for (std::size_t i = 0; i < done; ++i)
            if (crew_.maximum(i) > options_->stop_above && ++exceeding >= options_->stop_after) return i + 1;
        return std::nullopt;
    }

    const Plan* plan_;
    const Model* model_;
    const SimulationOptions* options_;
    RunControl* control_;
    std::unique_ptr<BatchScanner> scanner_;
    Crew crew_;
    Numbers centres_;
};

}  // namespace

std::vector<double> simulate_maxima(const Plan& plan, const Model& model, const SimulationOptions& options,
                                    RunControl& control, const detail::Kernels& kernels) {
    return Simulation(plan, model, options, control, kernels).run();
}

}  // namespace enteroscan
