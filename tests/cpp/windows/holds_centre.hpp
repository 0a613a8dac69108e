#pragma once

#include <cstddef>
#include <span>

#include "enteroscan/windows/zones.hpp"

namespace enteroscan {

/// Whether the zone of the first `size` members around `centre` holds the centre `other`.
inline bool holds_centre(const Zones& zones, std::size_t centre, std::size_t size, std::size_t other) {
    Neighbourhood around;
    zones.neighbourhood(centre, around);
    return zones.holds_centre(centre, std::span(around.members).first(size), other);
}

}  // namespace enteroscan
