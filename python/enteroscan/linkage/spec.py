"""The spec of the search for shared exposures, and its one verb."""

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from enteroscan._options import made_of, plain_numbers
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from enteroscan._progress import Progress
    from enteroscan._time import DateLike
    from enteroscan.cases import Cases
    from enteroscan.linkage.result import LinkResult

__all__ = ["KIND_NAMES", "SharedExposure"]

#: Kinds of sources, as `SharedExposure.kinds` names them.
KIND_NAMES = ("venue", "address", "brand", "maker", "purchase", "party", "dish", "home")


@dataclass(frozen=True, kw_only=True)
class SharedExposure:
    """The people who ate the same thing, at the same place, in the same days.

    For every venue, brand, maker, shop, household, party and dish that cases report, and every
    time, the cases that were exposed are taken as a mixture: those whom chance sends there, and
    those whom the source made ill. How many chance sends is the share of this value among the
    reports of the area's own people of like age at other times, shrunk for rare values; what the
    source makes is weighed, for every agent, by the incubation, the symptoms, the laboratory and
    whether others fell ill. The statistic is the log likelihood ratio of the best mixture against
    chance alone, found exactly (a marked Poisson process; the sum over the agents by how often
    they cause outbreaks). Missing never matches.

    People of one home infect each other: a case is also expected by those of its home who fell ill
    before it with the like symptoms, as serial intervals are long and as often as in the area's own
    reports. So those who fall ill within hours, or by a poison, speak for a source; those who
    follow by days hardly do.

    How sure: everything that a case has eaten is given to a random case of the same area, age and
    season, `replicates` times. Who falls ill, when, where, with which symptoms stays, and so does
    what one person eats. Each replicate is given as many groups of homes, in which one may have
    infected another, as are usual in the area. The greatest strength of each replicate over all
    kinds and times is what groups are compared with.

    Parameters
    ----------
    kinds
        What may be a source: ``"venue"``, ``"address"`` (of the meal), ``"brand"``, ``"maker"``,
        ``"purchase"`` (place), ``"party"`` (as many at table in the same kind of place at the same
        meal), ``"dish"`` (the same food at the same meal), ``"home"`` (the same household).
    max_days
        Exposures up to so many days before `as_of` are looked at.
    fresh_days
        At least one exposed case was reported in so many last days: older groups are no news.
    history_days
        Reports that say what is usual here: so many days before `as_of`.
    max_sale_days
        Longest time from the first to the last exposure to one source.
    min_cases
        Fewest cases of a group that probably belong to it.
    agents
        Keys of `vocabulary.agents` that are thought of. None: all.
    season_days, min_stratum_cases
        Cases may stand in for each other within seasons of so many days, counted back from
        `as_of`, and in them within age bands and areas that have so many cases.
    exclude_past_outbreaks
        Whether groups that stand out in the whole history by what they ate (p below 0.03, over all
        of it) are left out of what is usual. Without it, past outbreaks hide new ones.
    max_alleles
        Isolates that differ in no more alleles (or SNPs) are of one type, where `link` is given
        their distances.
    max_groups
        Most groups that are returned.
    min_statistic
        Least statistic of a group that is returned.
    min_link
        Least log likelihood ratio of a pair in `LinkResult.links`: 5 is odds of 150 to 1 over
        those before.
    replicates
        Number of randomisations. 0: no p-values.
    random_state
        Seed. The same seed gives the same bits on any number of threads, processes or machines.
    n_jobs
        Threads. None: one for each processor.

    Notes
    -----
    No other open tool does this. The law's trigger in China, at least two people with like
    symptoms after the same food or venue, is the case without weights; see Jervis et al. 2019
    (binomial test of food histories), Kafatos et al. 2020 (comparison with other cases) and
    Kulldorff 1997 (the scan) for what it rests on.

    Examples
    --------
    >>> SharedExposure(kinds=("venue", "brand"), fresh_days=3).max_days
    30
    """

    kinds: tuple[str, ...] = KIND_NAMES
    max_days: int = 30
    fresh_days: int = 7
    history_days: int = 365
    max_sale_days: float = 14.0
    min_cases: int = 2
    agents: tuple[str, ...] | None = None
    season_days: int = 91
    min_stratum_cases: int = 30
    exclude_past_outbreaks: bool = True
    max_alleles: int = 5
    max_groups: int = 50
    min_statistic: float = 3.0
    min_link: float = 5.0
    replicates: int = 999
    random_state: int = 0
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        for name in ("kinds", "agents"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))
        strange = sorted(set(self.kinds) - set(KIND_NAMES))
        if strange or not self.kinds or len(set(self.kinds)) < len(self.kinds):
            message = f"kinds={self.kinds!r}: choose from {', '.join(KIND_NAMES)}, each once"
            raise SpecError(message)
        plain_numbers(self)
        for field in dataclasses.fields(self):
            if field.name not in ("kinds", "agents"):
                _check(field, getattr(self, field.name))
        if self.max_days > self.history_days:
            message = (
                f"max_days={self.max_days} is more than history_days={self.history_days}; "
                "what is usual must reach back farther"
            )
            raise SpecError(message)

    def to_dict(self) -> dict[str, Any]:
        """Return all options as JSON has them."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a spec from what `to_dict` returned."""
        return made_of(cls, values)

    def link(
        self,
        cases: "Cases",
        *,
        as_of: "DateLike | None" = None,
        alleles: "pd.DataFrame | None" = None,
        executor: "Executor | None" = None,
        progress: "bool | Progress | None" = None,
    ) -> "LinkResult":
        """Link the cases that were known at the end of a day.

        Parameters
        ----------
        cases
            From `read_cases`. Reports made after `as_of` are not looked at.
        as_of
            The day. None: that of the last report.
        alleles
            In how many alleles (cgMLST) or SNPs the isolates of cases differ: a square frame, with
            case numbers as its index and its columns, as cgmlst-dists, chewBBACA or GrapeTree
            write it; missing where two were not compared. Isolates within `max_alleles` of each
            other are of one type. A source spreads one type: two cases of one speak for it, two of
            different types against it.
        executor
            Anything like `concurrent.futures`: replicates are shared out among its workers, with
            the same result.
        progress
            True for a bar, or a function that is told the share done.

        Returns
        -------
        LinkResult
            Groups, members, pairs, and how sure they are.

        Raises
        ------
        DataError
            There is no case with a date, `as_of` is no date, or `alleles` is no table of
            distances.
        KeyboardInterrupt
            Ctrl-C ends it within a tenth of a second.
        """
        from enteroscan._progress import reporting
        from enteroscan.linkage._link import link

        with reporting(progress) as update:
            return link(self, cases, as_of, alleles, executor, update)


def _check(field: "dataclasses.Field[Any]", value: object) -> None:
    name = field.name
    if value is None and name == "n_jobs":
        return
    if field.type is bool:
        good, wanted = isinstance(value, bool), "True or False"
    elif field.type is float:
        good = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value >= 0
        )
        wanted = "a number, 0 or more"
    else:
        least = 0 if name in ("replicates", "random_state", "max_alleles") else 1
        good = isinstance(value, int) and not isinstance(value, bool) and value >= least
        wanted = f"a whole number, {least} or more"
    if not good:
        message = f"{name}={value!r} must be {wanted}"
        raise SpecError(message)
