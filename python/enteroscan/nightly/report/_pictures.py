"""Charts and maps as PNG, for Word.

Without names of places: there may be no Chinese font where the job runs.
"""

import io
from typing import TYPE_CHECKING

from enteroscan.nightly.report._charts import Chart
from enteroscan.nightly.report._maps import Area, Map

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEW, EARLIER, ZONE, SOFT, LAND, SEA = (
    "#d55e00", "#7fb2d6", "#b87900", "#55636f", "#fbfcfc", "#eaf0f3",
)  # fmt: skip
DOTS_PER_INCH = 160
PIXELS_PER_INCH = 80.0
SMALL = 8.0  # size of letters


def chart_png(chart: Chart) -> bytes:
    """Return a bar chart as PNG."""
    figure, axes = _paper(chart.width, chart.height)
    for tick in chart.y_ticks:
        axes.plot([chart.left, chart.right], [tick.at] * 2, color="#e6eaee", linewidth=0.8)
        axes.text(chart.left - 5, tick.at, tick.label, ha="right", va="center", size=SMALL)
    for bar in chart.bars:
        colour = NEW if bar.kind == "new" else EARLIER
        axes.bar(bar.x, bar.height, bar.width, bar.y, align="edge", color=colour, edgecolor="white")
    axes.plot([chart.left, chart.right], [chart.bottom] * 2, color=SOFT, linewidth=1)
    for tick in chart.x_ticks:
        axes.text(tick.at, chart.bottom + 6, tick.label, ha="center", va="top", size=SMALL)
    return _png(figure)


def map_png(drawn: Map, area: Area) -> bytes:
    """Return a map as PNG."""
    from matplotlib.collections import PolyCollection

    figure, axes = _paper(drawn.width, drawn.height)
    axes.axhspan(0, drawn.height, color=SEA)
    x, y = drawn.shift
    land = [[(a * drawn.scale + x, b * drawn.scale + y) for a, b in ring] for ring in area.rings]
    axes.add_collection(PolyCollection(land, facecolor=LAND, edgecolor="#9fb0bc", linewidth=0.7))
    for zone in drawn.zones:
        axes.fill(*zip(*zone, strict=True), facecolor=ZONE, alpha=0.14)
        axes.plot(*zip(*zone, strict=True), color=ZONE, linestyle="--", linewidth=1)
    for dot in drawn.dots:
        face, edge, letters = (NEW, "white", "white") if dot.n_new else ("white", "#0072b2", SOFT)
        size = (dot.radius * 1.8) ** 2
        axes.scatter(dot.x, dot.y, s=size, color=face, edgecolor=edge, zorder=3)
        if dot.n > 1:
            axes.text(
                dot.x,
                dot.y,
                f"{dot.n}",
                ha="center",
                va="center",
                size=SMALL,
                color=letters,
                zorder=4,
            )
    length, bottom = drawn.bar_km * drawn.scale, drawn.height - 12
    axes.plot([12, 12 + length], [bottom, bottom], color=SOFT, linewidth=1.2)
    axes.text(18 + length, bottom, f"{drawn.bar_km:g} km", va="center", size=SMALL)
    return _png(figure)


def _paper(width: float, height: float) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    return figure, axes


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
    return file.getvalue()
