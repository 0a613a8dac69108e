"""The spec of the scan of exposures, and its one verb."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

from enteroscan._options import (
    check_choice,
    check_columns,
    check_integer,
    check_number,
    made_of,
    plain_numbers,
)
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from enteroscan._progress import Progress
    from enteroscan._time import DateLike
    from enteroscan.cases import Cases
    from enteroscan.exposures.result import ExposureResult
    from enteroscan.exposures.tree import ExposureTree

__all__ = ["ExposureScan"]

DatedBy = Literal["onset", "report"]


@dataclass(frozen=True, kw_only=True)
class ExposureScan:
    """What the cases of some streets and days ate more often than the other cases.

    A window is a node of a tree (a class of foods, a chain of restaurants, a brand), a circle, and
    the last days up to `as_of`. It is extreme if more of the cases that fell ill there and then
    were exposed to the node than the share of everybody's cases in the study period says.

    *Null hypothesis.* What somebody was exposed to says nothing about where and when he fell ill.
    Replicates keep place and day of every case, and give all that a case was exposed to, as a
    whole, to a random case (of the same stratum). So what goes together on a plate stays together:
    a case that ate twenty foods is one case, in a node once however many of its foods are below it.
    (Leaf counts that are drawn each by itself, as if every food came from another person, make too
    few great replicates; their p-values are too small.)

    *Expected.* Of the n cases of the window the share p that was exposed among all cases: n p; with
    strata, the sum of that over them.

    *Statistic.* The log likelihood ratio of the window's odds of exposure, those of everybody times
    the best factor of at least 1, against everybody's: c ln(c / (n p)) + (n - c) ln((n - c) /
    (n - n p)) for c exposed cases, and likewise with strata. That many cases of the window did
    *not* eat it speaks against it. The greatest of all nodes, circles and days counts, in the data
    and in each replicate, so that p-values account for all that was looked at.

    *What it sees*: a food that is eaten more often by those who fall ill in some days (everywhere,
    or in a circle), and one that is eaten more often in a circle than elsewhere. *What it does not
    see*: more cases than usual, for which `SpaceTimePermutation` is; what everybody eats; fewer
    than `min_cases`. Habits that last (a quarter that eats spicy, a hospital that asks more) are
    found as well, as they are no chance: make them strata (``strata=("home_code",)``)
    and only changes within them are found. A festival food is found everywhere, not in a circle.

    Parameters
    ----------
    history_days
        Length of the study period that ends with `as_of`; it says what is usual. Keep it within a
        season, for foods have seasons.
    max_duration_days
        Windows are the last 1, 2, ... days up to so many.
    max_radius_km
        Largest circle around the home of a case of these days. None: no circles; nodes and days
        alone. With circles, all places together are looked at, too.
    dated_by
        Which day a case counts on: that of its ``"onset"`` or of the ``"report"``.
    strata
        Columns of `Cases.frame`: cases exchange their exposures only with those that agree in
        them; missing is a value of its own.
    min_cases
        Fewest exposed cases in a cluster.
    replicates
        Number of data sets simulated under the null hypothesis. 0: no p-values.
    random_state
        Seed. The same seed gives the same bits on any number of threads.
    n_jobs
        Threads. None: one for each processor.

    Notes
    -----
    The nodes are those of the tree-based scan statistic [1]_, the permutation of times that of the
    space-time permutation scan statistic [2]_; that whole cases change places is what case reports
    need, which name many foods each. The statistic is the Bernoulli model's [3]_ for the cases
    inside; with strata it is the exponent of Chernoff's bound for as many independent cases.

    References
    ----------
    .. [1] Kulldorff M, Fang Z, Walsh SJ. Biometrics 59:323-331, 2003.
    .. [2] Kulldorff M, Heffernan R, Hartman J, Assuncao R, Mostashari F. PLoS Med 2:e59, 2005.
    .. [3] Kulldorff M. Commun Stat Theory Methods 26:1481-1496, 1997.

    Examples
    --------
    >>> ExposureScan(max_radius_km=3, strata=("hospital",)).strata
    ('hospital',)
    """

    #: What is the same for all scans of this kind.
    rates: ClassVar[str] = "high"
    time_unit: ClassVar[str] = "day"
    is_prospective: ClassVar[bool] = True

    history_days: int = 90
    max_duration_days: int = 14
    max_radius_km: float | None = None
    dated_by: DatedBy = "onset"
    strata: tuple[str, ...] = ()
    min_cases: int = 2
    replicates: int = 999
    random_state: int = 0
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        check_choice("dated_by", self.dated_by, get_args(DatedBy))
        object.__setattr__(self, "strata", check_columns("strata", self.strata))
        plain_numbers(self)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type in (int, int | None) and value is not None:
                least = 0 if field.name in ("replicates", "random_state") else 1
                check_integer(field.name, value, at_least=least)
        if self.max_radius_km is not None:
            check_number("max_radius_km", self.max_radius_km, above=0.0)
        if self.max_duration_days >= self.history_days:
            message = (
                f"max_duration_days={self.max_duration_days} must be less than "
                f"history_days={self.history_days}: what is usual is seen before the window, too"
            )
            raise SpecError(message)

    def to_dict(self) -> dict[str, Any]:
        """Return all options as JSON has them."""
        return dataclasses.asdict(self) | {"strata": list(self.strata)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a spec from what `to_dict` returned."""
        return made_of(cls, values)

    def scan(
        self,
        cases: "Cases",
        tree: "ExposureTree",
        *,
        as_of: "DateLike | None" = None,
        executor: "Executor | None" = None,
        progress: "bool | Progress | None" = None,
    ) -> "ExposureResult":
        """Find clusters among the cases that were known at the end of a day.

        Parameters
        ----------
        cases
            From `read_cases`. Reports made after `as_of` are not looked at.
        tree
            What is a kind of what, and what the cases were exposed to: ``ExposureTree.of_foods``,
            ``of_venues``, ``of_products`` of the same cases, or one of your own. Cases that report
            nothing of its kind are left out and counted: missing does not mean "not eaten".
        as_of
            The day. None: the last day of a case.
        executor
            Anything like `concurrent.futures`: replicates are shared out among its workers, with
            the same result.
        progress
            True for a bar, or a function that is told the share done.

        Returns
        -------
        ExposureResult
            Clusters, their cases and places, and how sure they are.

        Raises
        ------
        DataError
            No case can be used, a column is missing, or `as_of` is no date.
        KeyboardInterrupt
            Ctrl-C ends it within a tenth of a second.
        """
        from enteroscan._progress import reporting
        from enteroscan.exposures._scan import scan

        with reporting(progress) as update:
            return scan(self, cases, tree, as_of, executor, update)
