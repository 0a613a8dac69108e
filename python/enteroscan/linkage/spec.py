"""Which cases ate the same thing: the spec, and its one verb."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enteroscan.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from enteroscan._progress import Progress
    from enteroscan.cases import Cases
    from enteroscan.linkage.result import LinkResult

__all__ = ["SharedExposure"]


@dataclass(frozen=True, kw_only=True)
class SharedExposure:
    kinds: tuple[str, ...] = ("venue", "address", "brand", "maker", "purchase", "party", "dish", "home")
    max_days: int = 30
    fresh_days: int = 7
    history_days: int = 365
    max_exposure_days: float = 14.0
    min_cases: int = 2
    agents: tuple[str, ...] | None = None
    stratum_days: int = 91
    min_stratum_cases: int = 30
    min_statistic: float = 3.0
    max_groups: int = 100
    min_link: float = 5.0
    replicates: int = 999
    random_state: int = 0
    n_jobs: int | None = None

    def link(self, cases: "Cases", *, as_of=None, progress=None) -> "LinkResult":
        from enteroscan.linkage import result
        return result.link(self, cases, as_of, progress)
