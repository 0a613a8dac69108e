// Maxima of replicates. Batches of replicates are scanned for windows whose statistic reaches a `level` that
// nearly every replicate's maximum exceeds; the few that do not are scanned again with a lower one. The level
// decides how long it takes, never what comes out.

#include "scan/simulate.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/parallel.hpp"
#include "scan/batch.hpp"
#include "scan/bits.hpp"
#include "scan/direct.hpp"
#include "scan/sweep.hpp"

namespace enteroscan {
namespace {

/// A batch and its counts. While one thread scans it, others that have nothing else to do help.
struct Station {
    Batch batch;
    std::unique_ptr<BatchScanner::Counts> counts;
    std::span<const std::size_t> replicates;  ///< that it is to hold
    std::atomic<std::size_t> next_step{closed};

    Station(const Plan& plan, Rates rates, const BatchScanner& scanner)
        : batch(plan, rates), counts(scanner.make_counts()) {}

    /// Far beyond the last step.
    static constexpr std::size_t closed = ~std::size_t{0} / 2;
};

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
          centres_(plan.n_centres()),
          workers_(options.n_threads) {
        std::iota(centres_.begin(), centres_.end(), std::size_t{0});
    }

    std::vector<double> run() {
        Numbers all(maxima_.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        control_->expect(all.size() * scanner_->n_steps(centres_.size()));
        if (all.empty() || centres_.empty()) return maxima_;
        fill_stations(all);
        double level = pilot(batch_of(all, 0));
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
    /// Into so many parts for each thread are the steps of a batch divided, if there are several threads.
    static constexpr std::size_t parts_per_thread = 16;

    enum class Progress { counted, uncounted };

    struct Worker {
        std::unique_ptr<Sampler> sampler;
        std::unique_ptr<BatchScanner::Scratch> scratch;
    };

    /// One passage of all threads through the batches of some replicates.
    struct Round {
        std::span<const std::size_t> replicates;
        std::size_t n_batches;
        const BatchScanner::Tables& tables;
        std::size_t n_steps;  ///< of a batch
        Progress progress;
        std::size_t n_taken = 0;             ///< batches that have a station
        std::atomic<std::size_t> n_open{0};  ///< batches whose counts are laid out

        void open(std::size_t n) {
            n_open += n;
            n_open.notify_all();
        }
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

    std::size_t n_batches(std::span<const std::size_t> replicates) const {
        return (replicates.size() + scanner_->n_lanes() - 1) / scanner_->n_lanes();
    }

    std::span<const std::size_t> batch_of(std::span<const std::size_t> replicates, std::size_t number) const {
        const std::size_t first = number * scanner_->n_lanes();
        return replicates.subspan(first, std::min(scanner_->n_lanes(), replicates.size() - first));
    }

    std::unique_ptr<Sampler> make_sampler() const {
        return model_->sampler(options_->seed, options_->engine, plan_->first_interval());
    }

    void draw(Sampler& sampler, std::size_t replicate, std::vector<Cell>& cells) const {
        control_->check();
        sampler.draw(static_cast<std::uint64_t>(options_->begin) + replicate, cells);
    }

    Worker& worker(std::size_t number) {
        Worker& worker = workers_[number];
        if (!worker.sampler) {
            worker.sampler = make_sampler();
            worker.scratch = scanner_->make_scratch();
        }
        return worker;
    }

    /// Draws a batch of replicates and lays out their counts, unless the station has them already. What has
    /// been found in them stays.
    void load(Station& station, Worker& worker, std::span<const std::size_t> replicates) {
        if (station.batch.holds(replicates)) return;
        station.batch.reset(replicates, [&](std::size_t replicate, std::vector<Cell>& cells) {
            draw(*worker.sampler, replicate, cells);
        });
        scanner_->load(station.batch, *station.counts, *control_);
    }

    /// As many stations as there are threads that will find a batch; each gets its first one.
    void fill_stations(const Numbers& all) {
        stations_.resize(std::min(options_->n_threads, n_batches(all)));
        parallel_for(stations_.size(), options_->n_threads, *control_,
                     [&](std::size_t i, std::size_t number) {
                         stations_[i] = std::make_unique<Station>(*plan_, model_->rates(), *scanner_);
                         load(*stations_[i], worker(number), batch_of(all, i));
                     });
        for (const auto& station : stations_) free_.push_back(station.get());
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

    /// Improves the maxima of the replicates. Every thread scans one batch after the other; when none is
    /// left, it helps those that are not through with theirs.
    void scan_batches(std::span<const std::size_t> replicates, const BatchScanner::Tables& tables,
                      std::size_t n_centres, Progress progress = Progress::uncounted) {
        Round round{replicates, n_batches(replicates), tables, scanner_->n_steps(n_centres), progress};
        parallel_for(options_->n_threads, options_->n_threads, *control_,
                     [&](std::size_t, std::size_t number) {
                         try {
                             take_part(round, worker(number));
                         } catch (...) {
                             round.open(round.n_batches);  // nobody waits for what will not come
                             throw;
                         }
                     });
        for (const auto& station : stations_) {
            collect(station->batch);
            station->next_step = Station::closed;
        }
    }

    void take_part(Round& round, Worker& worker) {
        while (Station* station = take_station(round)) {
            load(*station, worker, station->replicates);
            station->next_step = 0;
            round.open(1);
            scan_steps(round, *station, worker);
            give_back(*station);
        }
        for (std::size_t n_open = round.n_open;; n_open = round.n_open) {
            for (const auto& station : stations_) scan_steps(round, *station, worker);
            if (n_open >= round.n_batches) return;
            round.n_open.wait(n_open);
        }
    }

    void scan_steps(const Round& round, Station& station, Worker& worker) {
        const std::size_t n_threads = options_->n_threads;
        const std::size_t part =
            n_threads == 1 ? round.n_steps
                           : std::max<std::size_t>(1, round.n_steps / (n_threads * parts_per_thread));
        std::size_t first = station.next_step.fetch_add(part);
        if (first < round.n_steps) scanner_->begin(*worker.scratch);
        for (; first < round.n_steps; first = station.next_step.fetch_add(part)) {
            const std::size_t last = std::min(round.n_steps, first + part);
            scanner_->scan(round.tables, first, last, *station.counts, *worker.scratch, station.batch,
                           *control_);
            if (round.progress == Progress::counted) control_->advance(station.batch.size() * (last - first));
        }
    }

    /// A free station for the next batch, if possible the one that holds it. None if there are no more
    /// batches; from then on no station is loaded while others may look at it.
    Station* take_station(Round& round) {
        const std::scoped_lock lock(taking_);
        if (round.n_taken == round.n_batches) return nullptr;
        const auto replicates = batch_of(round.replicates, round.n_taken++);
        auto taken = std::find_if(free_.begin(), free_.end(),
                                  [&](const Station* station) { return station->batch.holds(replicates); });
        if (taken == free_.end()) --taken;
        Station* station = *taken;
        free_.erase(taken);
        station->replicates = replicates;
        return station;
    }

    void give_back(Station& station) {
        collect(station.batch);
        const std::scoped_lock lock(taking_);
        free_.push_back(&station);
    }

    void collect(const Batch& batch) {
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            double& maximum = maxima_[batch.name(lane)];
            maximum = std::max(maximum, batch.best(lane));
        }
    }

    void walk(const Numbers& replicates) {
        parallel_for(replicates.size(), options_->n_threads, *control_,
                     [&](std::size_t task, std::size_t number) {
                         Batch batch(*plan_, model_->rates());
                         batch.reset(std::span(replicates).subspan(task, 1),
                                     [&](std::size_t replicate, std::vector<Cell>& cells) {
                                         draw(*worker(number).sampler, replicate, cells);
                                     });
                         batch.walk_all(0, *control_);
                         collect(batch);
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
    std::vector<std::unique_ptr<Station>> stations_;
    std::mutex taking_;
    std::vector<Station*> free_;
};

}  // namespace

std::vector<double> simulate_maxima(const Plan& plan, const Model& model, const SimulationOptions& options,
                                    RunControl& control, const detail::Kernels& kernels) {
    return Simulation(plan, model, options, control, kernels).run();
}

}  // namespace enteroscan
