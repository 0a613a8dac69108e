#include "scan/crew.hpp"

#include <algorithm>

#include "base/parallel.hpp"

namespace enteroscan {
namespace {

/// Into so many parts for each thread are the steps of a batch divided, if there are several threads.
constexpr std::size_t parts_per_thread = 16;

}  // namespace

Crew::Crew(const Plan& plan, const Model& model, const BatchScanner& scanner,
           const SimulationOptions& options, RunControl& control)
    : plan_(&plan),
      model_(&model),
      scanner_(&scanner),
      options_(&options),
      control_(&control),
      maxima_(static_cast<std::size_t>(options.end - options.begin), 0.0),
      workers_(options.n_threads) {}

std::size_t Crew::n_batches(std::span<const std::size_t> replicates) const {
    return (replicates.size() + scanner_->n_lanes() - 1) / scanner_->n_lanes();
}

std::span<const std::size_t> Crew::batch_of(std::span<const std::size_t> replicates,
                                            std::size_t number) const {
    const std::size_t first = number * scanner_->n_lanes();
    return replicates.subspan(first, std::min(scanner_->n_lanes(), replicates.size() - first));
}

void Crew::draw(Sampler& sampler, std::size_t replicate, std::vector<Cell>& cells) const {
    control_->check();
    sampler.draw(static_cast<std::uint64_t>(options_->begin) + replicate, cells);
}

Crew::Worker& Crew::worker(std::size_t number) {
    Worker& worker = workers_[number];
    if (!worker.sampler) {
        worker.sampler = model_->sampler(options_->seed, options_->engine, plan_->first_interval());
        worker.scratch = scanner_->make_scratch();
    }
    return worker;
}

/// Draws a batch of replicates and lays out their counts, unless the station has them already. What has
/// been found in them stays.
void Crew::load(Station& station, Worker& worker, std::span<const std::size_t> replicates) {
    if (station.batch.holds(replicates)) return;
    station.batch.reset(replicates, [&](std::size_t replicate, std::vector<Cell>& cells) {
        draw(*worker.sampler, replicate, cells);
    });
    scanner_->load(station.batch, *station.counts, *control_);
}

void Crew::draw_first(std::span<const std::size_t> replicates) {
    stations_.resize(std::min(options_->n_threads, n_batches(replicates)));
    parallel_for(stations_.size(), options_->n_threads, *control_, [&](std::size_t i, std::size_t number) {
        stations_[i] = std::make_unique<Station>(*plan_, model_->rates(), *scanner_);
        load(*stations_[i], worker(number), batch_of(replicates, i));
    });
    for (const auto& station : stations_) free_.push_back(station.get());
}

void Crew::scan(std::span<const std::size_t> replicates, const BatchScanner::Tables& tables,
                std::size_t n_centres, Progress progress) {
    Round round{replicates, n_batches(replicates), tables, scanner_->n_steps(n_centres), progress};
    parallel_for(options_->n_threads, options_->n_threads, *control_, [&](std::size_t, std::size_t number) {
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

void Crew::take_part(Round& round, Worker& worker) {
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

void Crew::scan_steps(const Round& round, Station& station, Worker& worker) {
    const std::size_t n_threads = options_->n_threads;
    const std::size_t part = n_threads == 1
                                 ? round.n_steps
                                 : std::max<std::size_t>(1, round.n_steps / (n_threads * parts_per_thread));
    std::size_t first = station.next_step.fetch_add(part);
    if (first < round.n_steps) scanner_->begin(*worker.scratch);
    for (; first < round.n_steps; first = station.next_step.fetch_add(part)) {
        const std::size_t last = std::min(round.n_steps, first + part);
        scanner_->scan(round.tables, first, last, *station.counts, *worker.scratch, station.batch, *control_);
        if (round.progress == Progress::counted) control_->advance(station.batch.size() * (last - first));
    }
}

/// A free station for the next batch, if possible the one that holds it. None if there are no more
/// batches; from then on no station is loaded while others may look at it.
Crew::Station* Crew::take_station(Round& round) {
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

void Crew::give_back(Station& station) {
    collect(station.batch);
    const std::scoped_lock lock(taking_);
    free_.push_back(&station);
}

void Crew::collect(const Batch& batch) {
    for (std::size_t lane = 0; lane < batch.size(); ++lane) {
        double& maximum = maxima_[batch.name(lane)];
        maximum = std::max(maximum, batch.best(lane));
    }
}

void Crew::walk(std::span<const std::size_t> replicates) {
    parallel_for(
        replicates.size(), options_->n_threads, *control_, [&](std::size_t task, std::size_t number) {
            Batch batch(*plan_, model_->rates());
            batch.reset(replicates.subspan(task, 1), [&](std::size_t replicate, std::vector<Cell>& cells) {
                draw(*worker(number).sampler, replicate, cells);
            });
            batch.walk_all(0, *control_);
            collect(batch);
        });
}

}  // namespace enteroscan
