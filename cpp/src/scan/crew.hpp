#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "enteroscan/base/run_control.hpp"
#include "enteroscan/model/model.hpp"
#include "scan/batch.hpp"
#include "scan/plan.hpp"
#include "scan/simulate.hpp"

namespace enteroscan {

/// The threads of a simulation. Each draws replicates and scans them, one batch after the other; when no
/// batch is left, it helps those that are not through with theirs. Replicates are counted from the first that
/// is wanted.
class Crew {
  public:
    Crew(const Plan& plan, const Model& model, const BatchScanner& scanner, const SimulationOptions& options,
         RunControl& control);

    /// Draws as many batches as there are threads; a scan of the same batches finds them there.
    void draw_first(std::span<const std::size_t> replicates);

    enum class Progress { counted, uncounted };

    /// Improves the maxima of the replicates by what is found around the centres of the tables.
    /// @param progress  whether the steps are those of which the control was told
    void scan(std::span<const std::size_t> replicates, const BatchScanner::Tables& tables,
              std::size_t n_centres, Progress progress = Progress::uncounted);

    /// Finds the maxima of the replicates by looking at every window of each.
    void walk(std::span<const std::size_t> replicates);

    /// The greatest statistic that was found in each replicate.
    double maximum(std::size_t replicate) const noexcept { return maxima_[replicate]; }
    std::vector<double> take_maxima() noexcept { return std::move(maxima_); }

    /// Those of the replicates that make up a batch.
    std::span<const std::size_t> batch_of(std::span<const std::size_t> replicates, std::size_t number) const;

  private:
    struct Worker {
        std::unique_ptr<Sampler> sampler;
        std::unique_ptr<BatchScanner::Scratch> scratch;
    };

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

    std::size_t n_batches(std::span<const std::size_t> replicates) const;
    Worker& worker(std::size_t number);
    void draw(Sampler& sampler, std::size_t replicate, std::vector<Cell>& cells) const;
    void load(Station& station, Worker& worker, std::span<const std::size_t> replicates);
    void take_part(Round& round, Worker& worker);
    void scan_steps(const Round& round, Station& station, Worker& worker);
    Station* take_station(Round& round);
    void give_back(Station& station);
    void collect(const Batch& batch);

    const Plan* plan_;
    const Model* model_;
    const BatchScanner* scanner_;
    const SimulationOptions* options_;
    RunControl* control_;
    std::vector<double> maxima_;
    std::vector<Worker> workers_;  ///< by thread
    std::vector<std::unique_ptr<Station>> stations_;
    std::mutex taking_;
    std::vector<Station*> free_;
};

}  // namespace enteroscan
