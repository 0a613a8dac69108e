"""A detection result as it shows itself in a notebook."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan._templates import template

if TYPE_CHECKING:
    from enteroscan.timeseries.result import DetectionResult

SHOWN_ALARMS = 20


def render(result: "DetectionResult") -> str:
    """Return HTML: verdict, alarms, what could not be judged, settings."""
    alarms = result.alarms
    not_judged = result.not_judged.groupby("reason", observed=True)["n_points"].agg(["size", "sum"])
    settings = {name: value for name, value in result.spec.to_dict().items() if value is not None}
    detectors = [row for row in result.detectors.to_dict("records") if row["why"]]
    return template("detection.html").render(
        verdict=result.verdict(),
        by=result.by,
        alarms=[_row(row, result.by) for _, row in alarms.head(SHOWN_ALARMS).iterrows()],
        n_more=max(0, len(alarms) - SHOWN_ALARMS),
        not_judged=[
            {"reason": reason, "n_series": f"{row['size']:,}", "n_points": f"{row['sum']:,}"}
            for reason, row in not_judged.iterrows()
        ],
        detectors=detectors,
        facts={"Series": f"{result.n_series:,}", "enteroscan": result.version},
        settings=settings,
    )


def _row(alarm: "pd.Series[Any]", by: tuple[str, ...]) -> dict[str, object]:
    date = alarm["date"]
    return {
        "series": [alarm[name] for name in by],
        "date": date.date().isoformat() if isinstance(date, pd.Timestamp) else date,
        "observed": f"{alarm['observed']:,.10g}",
        "expected": _number(alarm["expected"], ",.2f"),
        "upper_bound": _number(alarm["upper_bound"], ",.5g"),
        "p_value": _number(alarm["p_value"], ".3g"),
        "score": _number(alarm["score"], ".3g"),
    }


def _number(value: float, form: str) -> str:
    return "" if np.isnan(value) else format(value, form)
