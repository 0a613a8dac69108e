// Maxima of replicates. Batches of replicates are scanned for windows whose statistic reaches a `level` that
// nearly every replicate's maximum exceeds; the few that do not are scanned again with a lower one. The level
// decides how long it takes, never what comes out.

#include "scan/simulate.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "base/parallel.hpp"
#include "scan/batch.hpp"
#include "scan/bits.hpp"
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
          maxima_(static_cast<std::size_t>(options.end - options.begin), 0.0),
          centres_(plan.n_centres()) {
        std::iota(centres_.begin(), centres_.end(), std::size_t{0});
        workers_.resize(options.n_threads);
    }

    std::vector<double> run() {
        std::vector<std::size_t> all(maxima_.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        control_->expect(all.size() * centres_.size());
        if (all.empty() || centres_.empty()) return maxima_;
        double level = pilot(all);
        // Sequential stopping looks at the maxima in waves.
        const std::size_t wave =
            options_->stop_after > 0 ? scanner_->n_lanes() * options_->n_threads : all.size();
        auto tables = make_tables(level, centres_);
        for (std::size_t done = 0; done < all.size();) {
            const std::size_t end = std::min(all.size(), done + wave);
            finish({all.begin() + static_cast<std::ptrdiff_t>(done),
                    all.begin() + static_cast<std::ptrdiff_t>(end)},
                   level, *tables);
            done = end;
            if (options_->stop_after > 0 && stopped(done)) break;
        }
        return std::move(maxima_);
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

    enum class Progress { counted, uncounted };

    struct Worker {
        std::unique_ptr<Sampler> sampler;
        std::unique_ptr<BatchScanner::Counts> counts;
        std::unique_ptr<Batch> batch;
    };

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

    /// Draws a batch of replicates and lays out their counts, unless the worker has them already. What it has
    /// found in them stays.
    Worker& load(std::size_t number, std::span<const std::size_t> replicates) {
        Worker& worker = workers_[number];
        if (!worker.sampler) {
            worker.sampler = model_->sampler(options_->seed, options_->engine, plan_->first_interval());
            worker.counts = scanner_->make_counts();
            worker.batch = std::make_unique<Batch>(*plan_, model_->rates());
        }
        if (worker.batch->holds(replicates)) return worker;
        std::vector<std::vector<Cell>> cells(replicates.size());
        for (std::size_t i = 0; i < replicates.size(); ++i) {
            control_->check();
            worker.sampler->draw(static_cast<std::uint64_t>(options_->begin) + replicates[i], cells[i]);
        }
        worker.batch->reset(replicates, std::move(cells));
        scanner_->load(*worker.batch, *worker.counts, *control_);
        return worker;
    }

    /// Finds a level a little below what maxima usually are, from some of the centres in one batch.
    double pilot(const Numbers& all) {
        const Numbers replicates(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(
                                                                std::min(all.size(), scanner_->n_lanes())));
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
    double pilot_scan(const Numbers& replicates, double level, const Numbers& centres) {
        scan_batches(replicates, *make_tables(level, centres), centres.size());
        double least = maxima_[replicates.front()];
        for (const std::size_t i : replicates) least = std::min(least, maxima_[i]);
        return least;
    }

    /// Scans the replicates, and those that stay below the level again.
    void finish(Numbers replicates, double level, const BatchScanner::Tables& tables) {
        scan_batches(replicates, tables, centres_.size(), Progress::counted);
        for (int attempt = 0; attempt < 3; ++attempt) {
            std::erase_if(replicates, [&](std::size_t i) { return maxima_[i] >= level; });
            if (replicates.empty() || level <= least_level) break;
            level = std::max(least_level, 0.8 * level);
            scan_batches(replicates, *make_tables(level, centres_), centres_.size());
        }
        std::erase_if(replicates, [&](std::size_t i) { return maxima_[i] >= level; });
        walk(replicates);
    }

    /// Improves the maxima of the replicates. Few batches are shared out by centres.
    void scan_batches(const Numbers& replicates, const BatchScanner::Tables& tables, std::size_t n_centres,
                      Progress progress = Progress::uncounted) {
        const std::size_t lanes = scanner_->n_lanes();
        const std::size_t n_batches = (replicates.size() + lanes - 1) / lanes;
        const std::size_t n_threads = options_->n_threads;
        const std::size_t n_parts =
            n_threads == 1 ? 1 : std::min(n_centres, (n_threads + n_batches - 1) / n_batches);
        std::vector<std::vector<double>> found(n_batches * n_parts);
        parallel_for(n_batches * n_parts, n_threads, *control_, [&](std::size_t task, std::size_t number) {
            const std::size_t first = task / n_parts * lanes;
            const std::size_t part = task % n_parts;
            const auto some =
                std::span(replicates).subspan(first, std::min(lanes, replicates.size() - first));
            Worker& worker = load(number, some);
            const std::size_t begin = part * n_centres / n_parts;
            const std::size_t end = (part + 1) * n_centres / n_parts;
            scanner_->scan(tables, begin, end, *worker.counts, *worker.batch, *control_);
            for (std::size_t lane = 0; lane < some.size(); ++lane)
                found[task].push_back(worker.batch->best(lane));
            if (progress == Progress::counted) control_->advance(some.size() * (end - begin));
        });
        for (std::size_t task = 0; task < found.size(); ++task)
            for (std::size_t lane = 0; lane < found[task].size(); ++lane) {
                double& maximum = maxima_[replicates[task / n_parts * lanes + lane]];
                maximum = std::max(maximum, found[task][lane]);
            }
    }

    void walk(const Numbers& replicates) {
        parallel_for(replicates.size(), options_->n_threads, *control_, [&](std::size_t task, std::size_t) {
            const auto sampler = model_->sampler(options_->seed, options_->engine, plan_->first_interval());
            std::vector<std::vector<Cell>> cells(1);
            sampler->draw(static_cast<std::uint64_t>(options_->begin) + replicates[task], cells[0]);
            Batch batch(*plan_, model_->rates());
            batch.reset({&replicates[task], 1}, std::move(cells));
            batch.walk_all(0, *control_);
            maxima_[replicates[task]] = batch.best(0);
        });
    }

    /// Whether enough of the first `done` maxima exceed; then the rest is cut off.
    bool stopped(std::size_t done) {
        std::int64_t exceeding = 0;
        for (std::size_t i = 0; i < done; ++i) {
            if (maxima_[i] <= options_->stop_above || ++exceeding < options_->stop_after) continue;
            maxima_.resize(i + 1);
            return true;
        }
        return false;
    }

    const Plan* plan_;
    const Model* model_;
    const SimulationOptions* options_;
    RunControl* control_;
    std::unique_ptr<BatchScanner> scanner_;
    std::vector<double> maxima_;
    Numbers centres_;
    std::vector<Worker> workers_;
};

}  // namespace

std::vector<double> simulate_maxima(const Plan& plan, const Model& model, const SimulationOptions& options,
                                    RunControl& control, const detail::Kernels& kernels) {
    return Simulation(plan, model, options, control, kernels).run();
}

}  // namespace enteroscan
