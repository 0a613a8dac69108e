"""A detection result as it shows itself in a notebook."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from enteroscan._language import Texts
from enteroscan._templates import template

if TYPE_CHECKING:
    from enteroscan.timeseries.result import DetectionResult

SHOWN_ALARMS = 20


def render(result: "DetectionResult", language: str | None = None) -> str:
    """Return HTML: verdict, alarms, what could not be judged, settings."""
    texts = Texts(language, "detect")
    alarms = result.alarms
    not_judged = result.not_judged.groupby("reason", observed=True)["n_points"].agg(["size", "sum"])
    settings = {name: value for name, value in result.spec.to_dict().items() if value is not None}
    chosen = zip(result.detectors.to_dict("records"), result.why(texts.language), strict=True)
    return template("detection.html").render(
        texts=texts,
        verdict=result.verdict(texts.language),
        by=result.by,
        alarms=[_row(row, result.by) for _, row in alarms.head(SHOWN_ALARMS).iterrows()],
        n_more=max(0, len(alarms) - SHOWN_ALARMS),
        not_judged=[
            texts(
                "not_judged",
                reason=texts(f"reason.{reason}"),
                points=f"{row['sum']:,}",
                series=f"{row['size']:,}",
            )
            for reason, row in not_judged.iterrows()
        ],
        detectors=[
            texts("method", method=row["method"], n=format(row["n_series"], ",")) + f" ({why})"
            for row, why in chosen
            if why
        ],
        facts={texts("series"): f"{result.n_series:,}", "enteroscan": result.version},
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
