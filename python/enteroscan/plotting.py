"""Pictures of results, made with matplotlib and without any network."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan._circles import ring
from enteroscan.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from enteroscan.results import Result

__all__ = ["plot_map", "plot_time"]

LARGEST_POINT = 150.0  # area in square points
SMALLEST_POINT = 4.0
FULL_SIZE = 10  # cases; with fewer, no point is as large
HIGH, LOW, OTHER, PLAIN = "#b2182b", "#2166ac", "#878787", "#636363"


def plot_map(result: "Result", ax: "Axes | None" = None) -> "Axes":
    """Draw locations as points sized by their cases, and clusters as numbered circles.

    Clusters that may be chance are grey; red ones have high rates, blue ones low rates.
    """
    places, clusters = result.places, result.clusters
    x, y = ("longitude", "latitude") if result.great_circle else ("x", "y")
    if y not in places:
        message = "there is no map: the locations have no coordinates on a plane"
        raise DataError(message)
    ax = _axes(ax)
    share = places["observed"] / max(FULL_SIZE, places["observed"].max())
    ax.scatter(
        places[x],
        places[y],
        s=SMALLEST_POINT + (LARGEST_POINT - SMALLEST_POINT) * share,
        color=PLAIN,
        alpha=0.5,
        linewidths=0,
        zorder=2,
    )
    for _, cluster in clusters[clusters[x].notna()].iterrows():
        colour = _colour(significant=cluster["significant"], high=cluster["high_rate"])
        radius = cluster[next(name for name in ("radius_km", "radius") if name in cluster)]
        at = (cluster[x], cluster[y])
        corners = ring(*at, 0.0 if np.isnan(radius) else radius, great_circle=result.great_circle)
        ax.fill(*corners.T, facecolor=colour, alpha=0.12, zorder=1)
        ax.plot(*corners.T, color=colour, linewidth=1.5, zorder=3)
        ax.plot(*at, marker="+", color=colour, zorder=3)
        ax.annotate(
            str(cluster["cluster"]),
            tuple(corners[np.argmax(corners[:, 1])]),
            ha="center",
            va="bottom",
            color=colour,
            fontweight="bold",
            zorder=4,
        )
    ax.set_aspect(1 / np.cos(np.radians(places[y].mean())) if result.great_circle else "equal")
    ax.set(xlabel=x, ylabel=y, title=f"Clusters among {result.n_cases:,} cases")
    return ax


def plot_time(result: "Result", cluster: int = 1, ax: "Axes | None" = None) -> "Axes":
    """Draw observed and expected cases in the locations of a cluster; its time is shaded."""
    clusters = result.clusters.set_index("cluster")
    if cluster not in clusters.index:
        message = f"there is no cluster {cluster}; there are {len(clusters)}"
        raise DataError(message)
    row: pd.Series[Any] = clusters.loc[[cluster]].iloc[0]
    timeline = result.timeline
    timeline = timeline[timeline["cluster"] == cluster]
    if timeline["start"].isna().any():
        message = "there is no graph over time: the cases have no dates"
        raise DataError(message)
    ax = _axes(ax)
    one = 1 if result.spec.time_unit == "generic" else np.timedelta64(1, "D")
    begin, after = timeline["start"].to_numpy(), timeline["end"].to_numpy() + one
    colour = _colour(significant=row["significant"], high=row["high_rate"])
    inside = ((timeline["start"] >= row["start"]) & (timeline["end"] <= row["end"])).to_numpy()
    ax.bar(
        begin,
        timeline["observed"],
        width=after - begin,
        align="edge",
        color=np.where(inside, colour, "#bababa"),
        label="observed",
    )
    ax.step(
        np.append(begin, after[-1:]),
        np.append(timeline["expected"], timeline["expected"].iloc[-1:]),
        where="post",
        color="black",
        linewidth=1,
        label="expected",
    )
    ax.axvspan(begin[inside][0], after[inside][-1], color=colour, alpha=0.08, zorder=0)
    place = row["location"]
    ax.set(ylabel="cases", title=f"Cluster {cluster}" + (f": {place}" if place else ""))
    ax.legend(frameon=False)
    ax.tick_params(axis="x", rotation=30)
    return ax


def _axes(ax: "Axes | None") -> "Axes":
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.figure(figsize=(7, 6), layout="constrained").add_subplot()


def _colour(*, significant: bool, high: bool) -> str:
    if not significant:
        return OTHER
    return HIGH if high else LOW
