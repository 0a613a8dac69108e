#pragma once

#include <memory>

#include "enteroscan/timeseries/glr.hpp"

namespace enteroscan {

/// A point of a chart. `previous` is the count before it, NaN where it is not known.
struct ChartPoint {
    double count;
    double mean;
    double previous;
};

/// Log likelihood ratios of the points since a chart began.
class GlrChart {
  public:
    GlrChart() = default;
    GlrChart(const GlrChart&) = delete;
    GlrChart& operator=(const GlrChart&) = delete;
    virtual ~GlrChart() = default;

    /// Begins anew, without points.
    virtual void clear() noexcept = 0;
    virtual void add(const ChartPoint& point) = 0;
    virtual double statistic() = 0;
    /// The least count with which `next` would raise an alarm; NaN where there is none.
    virtual double bound(const ChartPoint& next) = 0;
};

/// Chart for a mean that becomes mean + lambda * previous count, lambda > 0.
std::unique_ptr<GlrChart> epidemic_chart(const GlrOptions& options, double alpha);

}  // namespace enteroscan
