#include "scan/batch.hpp"

namespace enteroscan {

const SiteCases& Batch::counted(std::size_t lane) {
    const std::scoped_lock lock(counting_);
    if (!counted_[lane]) counted_[lane] = std::make_unique<const SiteCases>(*plan_, replicates_[lane]);
    return *counted_[lane];
}

void Batch::walk(std::size_t centre, std::size_t lane) {
    if (walked_[lane]) return;
    improve(lane, centre_maximum(*plan_, rates_, counted(lane), centre, best(lane)));
}

void Batch::walk_all(std::size_t lane, const RunControl& control) {
    for (std::size_t centre = 0; centre < plan_->n_centres(); ++centre) {
        control.check();
        walk(centre, lane);
    }
    walked_[lane] = true;
}

void walk_later_first_zone(const Plan& plan, std::size_t centre, Batch& batch, const RunControl& control) {
    if (plan.first_zone(centre) == 1) return;
    for (std::size_t lane = 0; lane < batch.size(); ++lane) {
        control.check();
        batch.walk(centre, lane);
    }
}

}  // namespace enteroscan
