#include "scan/batch.hpp"

namespace enteroscan {

void Batch::walk(std::size_t centre, std::size_t lane) {
    if (walked_[lane]) return;
    if (!counted_[lane]) counted_[lane] = std::make_unique<const SiteCases>(*plan_, replicates_[lane]);
    best_[lane] = centre_maximum(*plan_, rates_, *counted_[lane], centre, best_[lane]);
}

void Batch::walk_all(std::size_t lane, const RunControl& control) {
    for (std::size_t centre = 0; centre < plan_->n_centres(); ++centre) {
        control.check();
        walk(centre, lane);
    }
    walked_[lane] = true;
}

void walk_later_first_zones(const Plan& plan, std::span<const std::size_t> centres, std::size_t begin,
                            std::size_t end, Batch& batch, const RunControl& control) {
    for (std::size_t i = begin; i < end; ++i) {
        if (plan.first_zone(centres[i]) == 1) continue;
        for (std::size_t lane = 0; lane < batch.size(); ++lane) {
            control.check();
            batch.walk(centres[i], lane);
        }
    }
}

}  // namespace enteroscan
