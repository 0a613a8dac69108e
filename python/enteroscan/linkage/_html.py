"""A result as it shows itself in a notebook."""

from typing import TYPE_CHECKING

import numpy as np

from enteroscan._language import Texts
from enteroscan._templates import template
from enteroscan.linkage._groups import EVIDENCE

if TYPE_CHECKING:
    from enteroscan.linkage.result import LinkResult

SHOWN_GROUPS = 10
SURE_DAYS = 100.0  # a recurrence interval from which a group is called one (New York's level)


def render(result: "LinkResult", language: str | None = None) -> str:
    """Return HTML: verdict, groups with their reasons and evidence, settings."""
    texts = Texts(language, "linkage")
    groups = result.groups
    members, explanations = result.members, result.explanations
    rows = []
    for _, group in groups.head(SHOWN_GROUPS).iterrows():
        own = members[members["group"] == group["group"]]
        others = explanations[explanations["group"] == group["group"]]
        days = group["recurrence_interval_days"]
        rows.append(
            {
                "number": group["group"],
                "reason": group[f"reason_{texts.language}"],
                "sure": bool(days >= SURE_DAYS),
                "parts": [(texts(f"part.{name}"), f"{group[name]:+.1f}") for name in EVIDENCE],
                "statistic": f"{group['statistic']:.1f}",
                "p_value": "" if np.isnan(group["p_value"]) else f"{group['p_value']:.3g}",
                "probability": _percent(group["outbreak_probability"]),
                "members": [
                    (row["case_id"], row["onset"].strftime("%Y-%m-%d"), f"{row['probability']:.0%}")
                    for _, row in own.iterrows()
                ],
                "others": [
                    (texts(f"kind.{row['kind']}"), row["source"], row["n_shared"])
                    for _, row in others.iterrows()
                ],
            }
        )
    return template("links.html").render(
        verdict=result.verdict(texts.language),
        rows=rows,
        n_more=max(0, len(groups) - SHOWN_GROUPS),
        t=texts,
        unseen=[row for row in result.unseen.to_dict("records") if row["n_cases"]],
        facts={
            texts("as_of"): result.as_of.isoformat(),
            texts("n_cases"): f"{result.n_cases:,}",
            texts("n_past"): f"{result.n_past_outbreak_cases:,}",
            "enteroscan": result.version,
        },
        settings={k: v for k, v in result.spec.to_dict().items() if v is not None},
    )


def _percent(probability: float) -> str:
    return "" if np.isnan(probability) else f"{probability:.0%}"
