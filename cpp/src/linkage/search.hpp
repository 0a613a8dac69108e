#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "exposure_index.hpp"
#include "habits.hpp"

namespace enteroscan {

/// A case that reports the value that is looked at, in the time that is looked at.
struct Exposed {
    double time;
    std::int32_t person;
    std::int32_t exposure;
    bool fresh;
};

/// A source: its exposures are those from `begin` to `end` of its value's.
struct Source {
    double statistic = 0.0;
    std::size_t begin = 0;
    std::size_t end = 0;
    double expected = 0.0;
};

/// Looks at the sources of one assignment of exposures to cases.
class Search {
  public:
    /// @param aside  one number a case, not 0: it does not count
    Search(const ExposureIndex& data, std::span<const std::uint8_t> aside)
        : data_(data),
          habits_(data.reports),
          owner_(data.reports.n_cases()),
          taken_(aside.begin(), aside.end()),
          aside_(aside),
          count_in_context_(habits_.n_contexts(), 0.0),
          left_in_context_(habits_.n_contexts(), 0.0),
          busiest_(data.reports.n_kinds(), 0.0) {
        std::iota(owner_.begin(), owner_.end(), 0);
    }

    /// Gives every case the exposures of case source[c].
    void assign(std::span<const std::int32_t> source) {
        for (std::size_t c = 0; c < source.size(); ++c) {
            owner_[static_cast<std::size_t>(source[c])] = static_cast<std::int32_t>(c);
        }
    }

    void prepare() {
        habits_.fill(owner_, aside_, data_.options.from, data_.options.until);
        for (std::size_t kind = 0; kind < busiest_.size(); ++kind) busiest_[kind] = busiest(kind);
    }

    void take(std::int32_t person) { taken_[static_cast<std::size_t>(person)] = 1; }

    /// The best source of a value, if its statistic exceeds `above`. Afterwards exposed() are its cases.
    std::optional<Source> best(std::size_t value, double above);

    std::span<const Exposed> exposed() const noexcept { return exposed_; }

    /// The statistic of exposures begin, ..., end - 1 with a part of the evidence only.
    struct Evidence {
        bool incubation = true;
        bool symptoms = true;
        bool report = true;
        bool contagion = true;
    };
    double statistic(std::size_t begin, std::size_t end, double expected, Evidence evidence);

    /// Likelihood ratios of exposures begin, ..., end - 1 for an agent, over what is expected.
    std::span<const double> ratios(std::size_t begin, std::size_t end, std::size_t agent, double expected) {
        const double hours = exposed_[end - 1].time - exposed_[begin].time;
        ratios_.resize(end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            ratios_[i - begin] = ratio(i, agent) / (expected + hours * infected_[i]);
        }
        return ratios_;
    }

  private:
    double ratio(std::size_t i, std::size_t agent) const noexcept {
        return marks_[i * data_.reports.n_agents() + agent];
    }

    void gather(std::size_t value);
    void count(std::size_t value);
    void mark();
    void infect(std::size_t kind);
    double busiest(std::size_t kind) const;
    void sum_expected(std::size_t kind);
    void try_source(std::size_t kind, std::size_t begin, std::size_t end, Source& found);
    double most_evidence(std::size_t begin, std::size_t end) const;
    double expected(std::size_t kind, std::size_t begin, std::size_t end);
    double expected_by_fashion(std::size_t kind, std::size_t begin, std::size_t end) const;
    double statistic(std::size_t begin, std::size_t end, double expected, double above);
    double least_expected(std::size_t kind, std::size_t begin, std::size_t end, bool sharp);
    double best_possible_mean(std::size_t begin, std::size_t end, double expected);
    double log_mean() const;

    const ExposureIndex& data_;
    Habits habits_;
    std::vector<std::int32_t> owner_;
    std::vector<std::uint8_t> taken_;
    std::span<const std::uint8_t> aside_;

    // Of the value that is looked at.
    std::vector<double> moments_;  // of all that report it, those taken too
    std::vector<Exposed> exposed_;
    std::vector<std::size_t> n_fresh_;
    std::vector<double> marks_;     // [exposed, agent]
    std::vector<double> infected_;  // per hour, by those exposed before
    std::vector<double> evidence_;  // sums of the marks before each of the exposed
    ValueHabits habits_of_value_;
    std::vector<double> count_in_context_;
    std::vector<double> left_in_context_;
    std::vector<double> expected_before_;  // of all contexts, by the times of the kind; empty: not needed
    std::vector<double> ratios_;
    std::vector<double> fits_;  // by agent
    std::vector<std::size_t> order_;
    std::vector<double> busiest_;
};

}  // namespace enteroscan
