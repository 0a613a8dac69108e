"""What linking found, as tidy frames."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._language import Texts
from enteroscan.linkage._html import SURE_DAYS

if TYPE_CHECKING:
    from enteroscan.linkage.spec import SharedExposure

__all__ = ["LinkResult"]


@dataclass(frozen=True, eq=False, repr=False)
class LinkResult:
    """Groups of cases with a common source. Immutable: every frame is a copy.

    Parameters
    ----------
    spec
        The options.
    version
        The version of enteroscan.
    as_of
        The day at whose end things are seen.
    n_cases
        Cases that were known then, in the history.
    n_past_outbreak_cases
        How many of them belong to groups that stand out in the history; they do not count as usual.
    simulated_maxima
        The greatest strength of each replicate.
    """

    spec: "SharedExposure"
    version: str
    as_of: date
    n_cases: int
    n_past_outbreak_cases: int
    simulated_maxima: NDArray[np.float64] = field(repr=False)
    _tables: Mapping[str, pd.DataFrame] = field(repr=False)

    @property
    def groups(self) -> pd.DataFrame:
        """One row a group, the surest first.

        `group` (1, 2, ...), `n_cases` (cases that belong to it more likely than not), `kind` and
        `source` (what they share; a household goes by its area), `start`, `end` (first and last
        exposure), `first_onset`, `last_onset`, `exposed` (cases that report the source in that
        time), `expected` (those that chance sends there), `attributable` (those that the source
        explains), `agent` and `agent_probability` (the likeliest, given a source), `serotype` (of
        it, if a rare one), `n_others_ill` (members who know others that ate there and fell ill),
        `statistic` (log likelihood ratio) and its parts, each what it adds to those before:
        `sharing`, `incubation`, `symptoms` (with the laboratory), `report` (others ill),
        `contagion` (what it loses where people of one home may have infected each other);
        `strength` (the statistic on one scale for all kinds: minus the log of how often chance gets
        as far), `p_value` (rank among the replicates / (replicates + 1)),
        `recurrence_interval_days` (by chance one as strong in so many nights; beyond the replicates
        from their exponential tail, as far as their count allows),
        `outbreak_probability` (that it is a real outbreak, as in simulated districts with two
        outbreaks a month; see ``benchmarks/outbreak_probability.py``),
        and the reason in words, `reason_zh` and `reason_en`.
        """
        return self._table("groups")

    @property
    def members(self) -> pd.DataFrame:
        """One row a case exposed to a group's source: `group`, `case_id`, `probability`, times.

        `probability` is that of belonging to the group, given that its source is one.
        """
        return self._table("members")

    @property
    def agents(self) -> pd.DataFrame:
        """One row a group and agent: `group`, `agent`, `zh`, `en`, `serotype`, `probability`.

        A rare serotype of recent cases is an agent of its own, with `serotype`; missing: any other.
        """
        return self._table("agents")

    @property
    def explanations(self) -> pd.DataFrame:
        """Runners-up: other sources that members of a group share.

        `group`, `kind`, `source`, `statistic` (of that source by itself), `n_shared` (members).
        """
        return self._table("explanations")

    @property
    def links(self) -> pd.DataFrame:
        """One row a pair of cases, the most likely first.

        `first_case`, `second_case`, `kind` and `source` (what they share), and log likelihood
        ratios of "same source" against "no common source": `sharing` (how surprising it is that
        both report it), `time` (how near their exposures are), `symptoms` (whether one agent makes
        both syndromes and laboratory findings), `incubation`, `report` (others ill), `space`
        (distance of their homes), `contagion` (what they lose because one of a home may have
        infected the other), and their sum `total`.
        """
        return self._table("links")

    @property
    def unseen(self) -> pd.DataFrame:
        """Cases that could not be linked: `reason`, `n_cases`."""
        return self._table("unseen")

    def _table(self, name: str) -> pd.DataFrame:
        return self._tables[name].copy()

    def verdict(self, language: str | None = None) -> str:
        """Say in a sentence what was found."""
        texts = Texts(language, "linkage")
        groups = self._tables["groups"]
        sure = groups[groups["recurrence_interval_days"] >= SURE_DAYS]
        if len(groups) == 0:
            return texts("verdict.none", n=f"{self.n_cases:,}")
        if len(sure) == 0:
            return texts("verdict.chance", n=len(groups))
        return texts("verdict.found", n=len(sure), first=sure[f"reason_{texts.language}"].iloc[0])

    def __repr__(self) -> str:
        """Say what was found."""
        return f"<LinkResult: {self.verdict()}>"

    def _repr_html_(self) -> str:
        from enteroscan.linkage._html import render

        return render(self)
