#pragma once

#include <stdexcept>

namespace enteroscan {

/// The caller's data or options cannot be used. The text says which, and what to do about it.
class InvalidInput : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
};

/// RunControl::cancel() was called; no result was made.
class Cancelled : public std::runtime_error {
  public:
    Cancelled() : std::runtime_error("cancelled") {}
};

}  // namespace enteroscan
