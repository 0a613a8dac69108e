"""A result in words, and as it shows itself in a notebook."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan._templates import template

if TYPE_CHECKING:
    from enteroscan.results import Result

SHOWN_CLUSTERS = 20


def verdict(result: "Result") -> str:
    """Say in a sentence or two what was found."""
    clusters = result.clusters
    if len(clusters) == 0:
        return f"No cluster at all among {result.n_cases:,} cases."
    found = clusters[clusters["significant"]]
    if len(found) == 0:
        return f"No cluster beyond chance. The most likely one: {describe(clusters.iloc[0])}."
    first = describe(found.iloc[0])
    if len(found) == 1:
        return f"1 cluster: {first}."
    return f"{len(found)} clusters beyond chance. The most likely one: {first}."


def describe(cluster: "pd.Series[Any]") -> str:
    """Say in words what a cluster is, and how likely it is by chance."""
    cases = "case" if cluster["observed"] == 1 else "cases"
    exposure = f" of {what(cluster)}" if what(cluster) else ""
    parts = [
        f"{cluster['observed']:,} {cases}{exposure} where {cluster['expected']:,.1f} were expected",
        where(cluster),
        when(cluster),
    ]
    text = ", ".join(part for part in parts if part)
    chance = by_chance(cluster)
    return f"{text}; {chance}" if chance else text


def what(cluster: "pd.Series[Any]") -> str:
    """Say what a cluster was exposed to, if the scan was about that."""
    return str(cluster.get("path_en", ""))


def where(cluster: "pd.Series[Any]") -> str:
    """Say where a cluster is."""
    if cluster["location"] == "All":
        return "everywhere"
    n = cluster["n_locations"]
    radius, unit = cluster.get("radius_km", np.nan), " km"
    if np.isnan(radius):
        radius, unit = cluster.get("radius", np.nan), ""
    name = "" if pd.isna(cluster["location"]) else f" {cluster['location']}"
    if n == 1:
        return f"at{name or ' one location'}"
    within = "" if np.isnan(radius) else f" within {radius:,.3g}{unit}"
    return f"around{name} ({n:,} locations{within})"


def when(cluster: "pd.Series[Any]") -> str:
    """Say when a cluster is."""
    start, end = format_time(cluster["start"]), format_time(cluster["end"])
    return start if start == end else f"{start} to {end}"


def by_chance(cluster: "pd.Series[Any]") -> str:
    """Say how often chance alone makes such a cluster."""
    interval, p_value = cluster["recurrence_interval_days"], cluster["p_value"]
    if not np.isnan(interval):
        return f"by chance alone once in {format_interval(cluster)}"
    return "" if np.isnan(p_value) else f"p = {p_value:.3g}"


def format_time(value: object) -> str:
    """Write a date, or a step of generic time."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def format_interval(cluster: "pd.Series[Any]") -> str:
    """Write a recurrence interval in days or years."""
    days = cluster["recurrence_interval_days"]
    if not isinstance(cluster["start"], pd.Timestamp):
        return f"{days:,.3g} steps of time"
    if days < 365:
        return "1 day" if round(days) == 1 else f"{days:.0f} days"
    return f"{days / 365.25:,.1f} years"


def render(result: "Result") -> str:
    """Return HTML for a notebook: verdict, clusters, settings."""
    clusters = result.clusters
    settings = result.spec.to_dict()
    maxima = len(result.simulated_maxima)
    stopped = " (stopped early)" if maxima < result.spec.replicates else ""
    facts = {
        "Study period": f"{format_time(result.start)} to {format_time(result.end)}"
        if result.start is not None
        else "no dates",
        "Cases": f"{result.n_cases:,}",
        "Locations": f"{result.n_locations:,}",
        "Time intervals": f"{result.n_intervals:,}",
        "Replicates": f"{maxima:,}{stopped}",
        "enteroscan": result.version,
    }
    return template("result.html").render(
        verdict=verdict(result),
        clusters=[_row(row) for _, row in clusters.head(SHOWN_CLUSTERS).iterrows()],
        prospective=result.spec.is_prospective,
        of_exposures="path_en" in clusters,
        n_more=max(0, len(clusters) - SHOWN_CLUSTERS),
        dropped=result.dropped.to_dict("records"),
        facts=facts,
        settings={name: value for name, value in settings.items() if value not in (None, [])},
    )


def _row(cluster: "pd.Series[Any]") -> dict[str, object]:
    ratio, low, high = (cluster[name] for name in ("observed_over_expected", "rr_low", "rr_high"))
    if not np.isnan(cluster["relative_risk"]):
        ratio = cluster["relative_risk"]
    return {
        "number": cluster["cluster"],
        "what": what(cluster),
        "where": where(cluster),
        "when": when(cluster),
        "observed": f"{cluster['observed']:,}",
        "expected": f"{cluster['expected']:,.2f}",
        "risk": f"{ratio:.3g} ({low:.2g} to {high:.2g})",
        "llr": f"{cluster['llr']:.4g}",
        "p_value": "" if np.isnan(cluster["p_value"]) else f"{cluster['p_value']:.3g}",
        "interval": ""
        if np.isnan(cluster["recurrence_interval_days"])
        else format_interval(cluster),
        "significant": bool(cluster["significant"]),
        "low": not cluster["high_rate"],
    }
