"""Pictures of detection results, made with matplotlib."""

from typing import TYPE_CHECKING

import numpy as np

from enteroscan.errors import DataError
from enteroscan.timeseries._calendar import Calendar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from enteroscan.timeseries.result import DetectionResult

COUNT, EXPECTED, BOUND, ALARM = "#969696", "#2166ac", "#636363", "#b2182b"
LEAST_P = 1e-6


def plot_series(result: "DetectionResult", number: int, ax: "Axes | None") -> "Axes":
    """Draw counts as bars, what is expected and the bound as lines, alarms as marks."""
    ax = _axes(ax, (9.0, 4.0))
    tables, dates = result.tables, result.dates
    observed = tables["observed"][number]
    width = _width(result.calendar)
    ax.bar(dates, observed, width=width, color=COUNT, label="observed", zorder=1)
    ax.step(
        dates, tables["expected"][number], where="mid", color=EXPECTED, label="expected", zorder=2
    )
    bound = tables["upper_bound"][number]
    ax.step(dates, bound, where="mid", color=BOUND, linestyle="--", label="upper bound", zorder=3)
    alarm = tables["alarm"][number]
    if alarm.any():
        ax.plot(
            dates[alarm],
            observed[alarm],
            linestyle="none",
            marker="v",
            color=ALARM,
            label="alarm",
            zorder=4,
        )
    ax.set_ylabel("cases")
    ax.set_title(result.series_name(number))
    ax.legend(frameon=False)
    ax.set_ylim(bottom=0.0)
    return ax


def plot_heatmap(result: "DetectionResult", n_series: int, ax: "Axes | None") -> "Axes":
    """Draw -log10 p as colours, a row a series, and alarms as dots."""
    tables = result.tables
    p_value = tables["p_value"]
    if result.n_series == 0 or p_value.shape[1] == 0:
        message = "there is nothing to draw: no series, or no judged point"
        raise DataError(message)
    strength = -np.log10(np.clip(p_value, LEAST_P, 1.0))
    greatest = np.nanmax(np.where(np.isnan(strength), 0.0, strength), axis=1)
    order = np.lexsort((-greatest, -tables["alarm"].sum(axis=1)))[:n_series]
    ax = _axes(ax, (9.0, 1.0 + 0.25 * len(order)))
    image = ax.imshow(
        strength[order],
        aspect="auto",
        cmap="YlOrRd",
        vmin=0.0,
        vmax=-np.log10(LEAST_P),
        interpolation="nearest",
    )
    row, column = np.nonzero(tables["alarm"][order])
    ax.scatter(column, row, s=9.0, color="black", label="alarm")
    ax.set_yticks(range(len(order)), [result.series_name(number) for number in order])
    dates = result.dates
    shown = np.unique(np.linspace(0, len(dates) - 1, num=min(6, len(dates))).astype(int))
    ax.set_xticks(shown, [str(dates[i])[:10] for i in shown])
    ax.figure.colorbar(image, ax=ax, label="-log10 p")
    return ax


def _axes(ax: "Axes | None", size: tuple[float, float]) -> "Axes":
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _width(calendar: Calendar) -> float:
    return {"day": 0.9, "week": 6.0, "month": 25.0, "step": 0.9}[calendar.every]
