"""What the scan of exposures found."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from enteroscan.exposures.spec import ExposureScan
from enteroscan.results import Result

__all__ = ["ExposureResult"]


@dataclass(frozen=True, eq=False, repr=False)
class ExposureResult(Result):
    """What an `ExposureScan` found; see `enteroscan.results.Result` for what all results have.

    `members` and `locations` are the homes in circles, called by their coordinates, `timeline` the
    exposed cases there, day by day; clusters of all places ("All") have only the latter.
    """

    _more_tables: ClassVar[tuple[str, ...]] = ("cases",)
    spec: ExposureScan

    @classmethod
    def _read_spec(cls, values: dict[str, Any]) -> ExposureScan:
        return ExposureScan.from_dict(values)

    @property
    def clusters(self) -> pd.DataFrame:
        """Clusters, the most extreme first, one row each: the best window of a node.

        Nodes above and below a node that is more extreme are not there.

        ``node``, and its name after those above it (``path_zh``, ``path_en``); ``location``,
        ``latitude``, ``longitude`` and ``radius_km`` of the circle ("All": all places); ``start``,
        ``end``; ``n_cases`` of these places and days, ``observed`` those of them that were exposed
        to the node, ``expected`` those that would be, had they been exposed as often as all cases
        (of their strata), ``n_exposed`` the exposed cases of the whole study period.

        ``relative_risk`` is the share of exposed cases inside over that outside (with strata, of
        observed over expected), ``rr_low`` and ``rr_high`` its 95 % limits, given the cluster.
        ``llr`` is the statistic, ``p_value`` its rank among those of the replicates / (replicates +
        1), ``gumbel_p_value`` that of a Gumbel distribution fitted to them,
        ``recurrence_interval_days`` how often chance makes a cluster as extreme in one of the
        nightly scans; it is ``significant`` if that is less than once a year.
        """
        return super().clusters

    @property
    def cases(self) -> pd.DataFrame:
        """Exposed cases of every cluster: ``cluster``, ``case_id``, ``date``, ``location``."""
        return self._table("cases")
