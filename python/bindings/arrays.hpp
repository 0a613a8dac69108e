#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "enteroscan/base/error.hpp"

namespace enteroscan::python {

namespace py = pybind11;

/// A contiguous NumPy array. Only conversions that lose nothing are made.
template <typename T>
using Array = py::array_t<T, py::array::c_style>;

/// The numbers of an array where they lie.
template <typename T>
std::span<const T> view(const Array<T>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

template <typename T>
std::vector<T> copy(const Array<T>& array) {
    const auto numbers = view(array);
    return {numbers.begin(), numbers.end()};
}

/// An array that owns the memory of a vector.
template <typename T>
Array<T> to_array(std::vector<T>&& numbers) {
    auto owner = std::make_unique<std::vector<T>>(std::move(numbers));
    const py::capsule free_when_unused(owner.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
    const auto* kept = owner.release();
    return Array<T>(static_cast<py::ssize_t>(kept->size()), kept->data(), free_when_unused);
}

/// Throws InvalidInput unless all arrays are one-dimensional and equally long.
template <typename First, typename... Rest>
void check_equal_lengths(const char* what, const First& first, const Rest&... rest) {
    if (first.ndim() != 1 || (... || (rest.ndim() != 1 || rest.size() != first.size()))) {
        throw InvalidInput(std::string(what) + " must be one-dimensional arrays of the same length");
    }
}

/// An enum value and what it is called in Python.
template <typename T>
using Named = std::pair<std::string_view, T>;

/// Finds what a text stands for.
template <typename T>
T choose(const char* option, std::string_view text, std::span<const Named<T>> choices) {
    for (const auto& [name, value] : choices) {
        if (name == text) return value;
    }
    std::string message = std::string(option) + " '" + std::string(text) + "' is unknown; choose from";
    for (const auto& [name, value] : choices) message += " '" + std::string(name) + "'";
    throw InvalidInput(message);
}

template <typename T>
std::string_view name_of(T value, std::span<const Named<T>> choices) {
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const auto& choice) { return choice.second == value; });
    return found->first;
}

}  // namespace enteroscan::python
