"""Detectors as frozen specs with one verb, `detect`."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

from enteroscan._options import made_of, plain_numbers
from enteroscan.errors import DataError, SpecError
from enteroscan.timeseries._problems import say

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from enteroscan import _core
    from enteroscan._progress import Progress
    from enteroscan.timeseries._calendar import Calendar, Every
    from enteroscan.timeseries._series import Absent, SeriesTable
    from enteroscan.timeseries.result import DetectionResult, Period

__all__ = [
    "AdaptiveRegression",
    "Bayes",
    "Cusum",
    "DetectorSpec",
    "EarsC1",
    "EarsC2",
    "EarsC3",
    "Ewma",
    "EwmaOrRegression",
    "Farrington",
    "FarringtonFlexible",
    "Glr",
    "HistoricalLimits",
    "NegativeBinomialRegression",
    "OutbreakP",
    "Rki",
    "Serfling",
]

Power = Literal["none", "1/2", "2/3"]
Bound = Literal["delta", "nb_plugin", "muan"]
Transformation = Literal[
    "none",
    "standard",
    "rossi",
    "anscombe",
    "anscombe2nd",
    "pearson_neg_bin",
    "anscombe_neg_bin",
]
Direction = Literal["increase", "decrease"]
Change = Literal["shift", "epidemic"]
Variant = Literal[1, 2, 3]

# half window, years back, current year of RKI 1-3 and Bayes 1-3
_VARIANTS: dict[int, tuple[int, int, bool]] = {1: (6, 0, True), 2: (6, 1, True), 3: (4, 2, False)}


@dataclass(frozen=True, kw_only=True)
class DetectorSpec:
    """What all detectors have in common; use a subclass, each of which is a method."""

    method: ClassVar[str]
    # Options that must be more than 0, or 0 or more, or one of a few.
    _positive: ClassVar[tuple[str, ...]] = ()
    _not_negative: ClassVar[tuple[str, ...]] = ()
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {}

    def __post_init__(self) -> None:
        """Refuse options that cannot be used."""
        if type(self) is DetectorSpec:
            message = "DetectorSpec is no method; use FarringtonFlexible, EarsC1 or another"
            raise TypeError(message)
        plain_numbers(self)
        for field in dataclasses.fields(self):
            self._check(field, getattr(self, field.name))
        for name, choices in self._choices.items():
            if getattr(self, name) not in choices:
                shown = ", ".join(repr(choice) for choice in choices)
                message = f"{name}={getattr(self, name)!r} is unknown; choose from {shown}"
                raise SpecError(message)

    def _check(self, field: "dataclasses.Field[Any]", value: object) -> None:
        """Check the type of an option, and its range."""
        name, kind = field.name, str(field.type)
        if value is None and "None" in kind:
            return
        if "bool" in kind:
            good = isinstance(value, bool)
        elif "int" in kind:
            good = isinstance(value, int) and not isinstance(value, bool)
        elif "float" in kind:
            good = (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and math.isfinite(value)
            )
        else:
            return
        if not good:
            wanted = kind.removeprefix("<class '").removesuffix("'>")
            message = f"{name}={value!r} must be {wanted}"
            raise SpecError(message)
        if name == "alpha" and not 0.0 < float(value) < 1.0:  # type: ignore[arg-type]
            message = f"alpha={value!r} must lie between 0 and 1"
            raise SpecError(message)
        if name in self._positive and not float(value) > 0.0:  # type: ignore[arg-type]
            message = f"{name}={value!r} must be more than 0"
            raise SpecError(message)
        if name in self._not_negative and not float(value) >= 0.0:  # type: ignore[arg-type]
            message = f"{name}={value!r} must be 0 or more"
            raise SpecError(message)

    def to_dict(self) -> dict[str, Any]:
        """Return the method's name and all options as JSON has them."""
        return {"method": self.method} | dataclasses.asdict(self)

    @classmethod
    def methods(cls) -> dict[str, type[Self]]:
        """Return the detectors by their names."""
        return {spec.method: spec for spec in _subclasses(cls) if hasattr(spec, "method")}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a spec from what `to_dict` returned."""
        options = dict(values)
        name = options.pop("method", getattr(cls, "method", None))
        known = cls.methods()
        if name not in known:
            message = f"method={name!r} is unknown; known are {', '.join(sorted(known))}"
            raise SpecError(message)
        spec: type[Self] = known[name]
        return made_of(spec, options)

    def detect(
        self,
        counts: "pd.DataFrame",
        *,
        by: str | Sequence[str] | None = None,
        date: str = "date",
        count: str = "count",
        population: str | None = None,
        last: int | None = None,
        since: object = None,
        every: "Every | None" = None,
        period: float | None = None,
        absent: "Absent" = "raise",
        exclude: "Sequence[Period]" = (),
        weekdays: "pd.Series[int] | None" = None,
        n_jobs: int | None = None,
        progress: "bool | Progress | None" = None,
    ) -> "DetectionResult":
        """Judge time points of one or many series.

        Parameters
        ----------
        counts
            Long: one row a series and date, with columns ``date`` and ``count``, in any order; the
            columns in ``by`` tell the series apart. Or wide: dates in the index, one column a
            series (for very many series, in any number type). Counts are 0 or more, whole or not;
            missing ones are not judged and belong to no baseline.
        by
            Columns whose values make a series, such as ``["pathogen", "district"]``.
        date, count, population
            Names of columns; ``population`` where the spec uses it.
        last
            Judge so many of the last time points. None, without ``since``: all that have enough
            history.
        since
            Judge from this date (or step) on.
        every
            How far points are apart: ``"day"``, ``"week"`` (ISO weeks, unless all dates are the
            same day of the week), ``"month"``, ``"step"`` for whole numbers instead of dates.
            None: found out from the dates. Counts within one week or month are added up.
        period
            Points in a year. None: 365, 52, 12; 52 for plain steps.
        absent
            What points without a row are, between the first and the last date of all series:
            ``"zero"``, ``"missing"``, or reason to ``"raise"`` an error.
        exclude
            Periods ``(first, last)`` that belong to no baseline, such as a pandemic. Their own
            points get an expectation, but no alarm.
        weekdays
            By date, the day of the week (0: Monday) that a day is like, such as a Sunday for public
            holidays: see `weekdays_in_china`. For daily counts and methods that look at the days of
            the week (`AdaptiveRegression`, `EwmaOrRegression`; `FarringtonFlexible` and
            `NegativeBinomialRegression` with ``weekday_effect=True``); for others there is
            ``exclude``.
        n_jobs
            Threads. None: one for each processor. The result does not depend on it.
        progress
            True for a bar, or a function that is called with the share of the series done.

        Returns
        -------
        DetectionResult
            Everything about every judged point, as a tidy frame; plots.

        Raises
        ------
        DataError
            The data cannot be used; a ValueError. It names column, number of rows, and the first.
        """
        from enteroscan.timeseries._series import read_series
        from enteroscan.timeseries.result import judge

        table = read_series(
            counts,
            by=by,
            date=date,
            count=count,
            population=population,
            every=every,
            period=period,
            absent=absent,
        )
        return judge(
            self,
            self.with_weekdays(table, weekdays),
            last=last,
            since=since,
            exclude=exclude,
            n_jobs=n_jobs,
            progress=progress,
        )

    def with_weekdays(
        self, table: "SeriesTable", weekdays: "pd.Series[int] | None"
    ) -> "SeriesTable":
        """Return series whose days are like other days of the week; see `detect`."""
        if weekdays is None:
            return table
        if not self.knows_weekdays:
            remedy = "leave holidays out with exclude=holiday_periods(weekdays), or use " + (
                "weekday_effect=True"
                if hasattr(self, "weekday_effect")
                else "AdaptiveRegression or EwmaOrRegression"
            )
            message = f"{type(self).__name__} does not look at days of the week; {remedy}"
            raise SpecError(message)
        return replace(table, calendar=table.calendar.with_weekdays(weekdays))

    @property
    def knows_weekdays(self) -> bool:
        """Whether the days of the week make a difference."""
        return bool(getattr(self, "weekday_effect", False))

    def _weekdays(self, calendar: "Calendar") -> "NDArray[np.uint8]":
        """Return the days of the week of all points; none where they make no difference."""
        if self.knows_weekdays and calendar.every != "day":
            raise DataError(say("only_daily", what="weekday_effect=True", every=calendar.every))
        return calendar.weekdays()[: None if self.knows_weekdays else 0]

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come before the first one that is judged by default."""
        raise NotImplementedError

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector for the points begin, ..., end - 1 of a calendar."""
        raise NotImplementedError


def _subclasses(spec: type[DetectorSpec]) -> list[type[Any]]:
    below = [inner for sub in spec.__subclasses__() for inner in _subclasses(sub)]
    return [spec, *below]


# ---------------------------------------------------------------------- little history


@dataclass(frozen=True, kw_only=True)
class _Ears(DetectorSpec):
    baseline_steps: int = 7
    min_sigma: float = 0.0
    alpha: float = 0.001

    _not_negative = ("min_sigma",)
    _gap: ClassVar[int] = 0

    def _check(self, field: "dataclasses.Field[Any]", value: object) -> None:
        super()._check(field, value)
        if field.name == "baseline_steps" and int(value) < 3:  # type: ignore[call-overload]
            message = f"baseline_steps={value!r} must be 3 or more"
            raise SpecError(message)

    def history(self, calendar: "Calendar") -> int:
        return self.baseline_steps + self._gap

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        from enteroscan import _core

        return _core.ears(
            method=self.method[-2:].upper(),
            baseline=self.baseline_steps,
            min_sigma=self.min_sigma,
            alpha=self.alpha,
            student=getattr(self, "student", False),
            compat=getattr(self, "compat", False),
        )


@dataclass(frozen=True, kw_only=True)
class EarsC1(_Ears):
    """EARS C1: the count against mean and standard deviation of the points just before.

    Score: (count - mean) / standard deviation. [R surveillance: earsC(method="C1")]

    Parameters
    ----------
    baseline_steps
        Points in the baseline, at least 3.
    min_sigma
        Least standard deviation; Burkom advises 0.5. With 0, a constant baseline alarms on any
        excess (reason ``constant_baseline``).
    alpha
        Share of false alarms, if counts are normal and their mean and deviation known.
    student
        Allow for mean and deviation being estimated: Student's distribution, so that alpha holds.

    References
    ----------
    Hutwagner et al., The bioterrorism preparedness and response EARS, J Urban Health 2003.

    Examples
    --------
    >>> EarsC1().detect(counts, by="district", last=1)  # doctest: +SKIP
    """

    method: ClassVar[str] = "ears-c1"

    student: bool = False


@dataclass(frozen=True, kw_only=True)
class EarsC2(_Ears):
    """EARS C2: as C1, with two points between baseline and count. See `EarsC1`.

    [R surveillance: earsC(method="C2")]
    """

    method: ClassVar[str] = "ears-c2"
    _gap: ClassVar[int] = 2

    student: bool = False


@dataclass(frozen=True, kw_only=True)
class EarsC3(_Ears):
    """EARS C3 (Burkom's form): C2 with what the two points before had in excess of one deviation.

    Parameters
    ----------
    baseline_steps, min_sigma, alpha
        As in `EarsC1`.
    compat
        As R surveillance's earsC(method="C3"), whose bound is counted from the count itself instead
        of from the baseline's mean, so that the count has no say in the alarm.
    """

    method: ClassVar[str] = "ears-c3"
    _gap: ClassVar[int] = 4

    alpha: float = 0.025
    compat: bool = False


@dataclass(frozen=True, kw_only=True)
class _Essence(DetectorSpec):
    baseline_steps: int = 28
    guard_steps: int = 2
    alpha: float = 0.01

    _not_negative = ("guard_steps",)
    _shortest: ClassVar[int] = 11

    @property
    def knows_weekdays(self) -> bool:
        return self.method != "essence-ewma"

    def history(self, calendar: "Calendar") -> int:
        return self._shortest + self.guard_steps

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        from enteroscan import _core

        if self.method == "essence-regression" and calendar.every in ("week", "month"):
            raise DataError(say("only_daily", what=type(self).__name__, every=calendar.every))
        return _core.essence(
            method=self.method.removeprefix("essence-"),
            baseline=self.baseline_steps,
            guard=self.guard_steps,
            weight_slow=getattr(self, "weight_slow", 0.4),
            weight_quick=getattr(self, "weight_quick", 0.9),
            alpha=self.alpha,
            min_r_squared=getattr(self, "min_r_squared", 0.6),
            weekdays=calendar.weekdays(),
            scale_proportions=True,
        )


@dataclass(frozen=True, kw_only=True)
class Ewma(_Essence):
    """Exponentially weighted moving averages, a slow and a quick one, as in CDC's ESSENCE.

    Score: the average's deviation from the baseline's mean; Student's distribution.
    [Rnssp: alert_ewma]

    Parameters
    ----------
    baseline_steps
        Greatest number of points in the baseline.
    guard_steps
        Points between baseline and count.
    alpha
        0.01 is ESSENCE's red alert, 0.05 its yellow one.
    weight_slow, weight_quick
        Weight of the newest count.
    """

    method: ClassVar[str] = "essence-ewma"
    _shortest: ClassVar[int] = 7

    weight_slow: float = 0.4
    weight_quick: float = 0.9


@dataclass(frozen=True, kw_only=True)
class AdaptiveRegression(_Essence):
    """Regression on a trend and the days of the week over the last four weeks, as in CDC's ESSENCE.

    For daily counts. No alarm where the count is below the mean of the last days (reason
    ``below_recent_mean``). [Rnssp: alert_regression] Parameters are those of `Ewma`.
    """

    method: ClassVar[str] = "essence-regression"


@dataclass(frozen=True, kw_only=True)
class EwmaOrRegression(_Essence):
    """`AdaptiveRegression` where it explains enough, `Ewma` elsewhere; ESSENCE's default.

    [Rnssp: alert_switch]

    Parameters
    ----------
    baseline_steps, guard_steps, alpha, weight_slow, weight_quick
        As in `Ewma`.
    min_r_squared
        Least adjusted R squared of the regression.
    """

    method: ClassVar[str] = "essence-switch"
    _shortest: ClassVar[int] = 7

    weight_slow: float = 0.4
    weight_quick: float = 0.9
    min_r_squared: float = 0.6


# ---------------------------------------------------------------------- earlier years


@dataclass(frozen=True, kw_only=True)
class _Reference(DetectorSpec):
    variant: Variant = 3
    compat: bool = False

    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {"variant": get_args(Variant)}

    def history(self, calendar: "Calendar") -> int:
        half, years, _ = _VARIANTS[self.variant]
        return half + round(years * calendar.period) + (years and not self.compat)

    def _arguments(self, calendar: "Calendar", begin: int, end: int) -> dict[str, Any]:
        half, years, current = _VARIANTS[self.variant]
        return {
            "years": calendar.years_back(begin, end, years, by_steps=self.compat),
            "first_point": begin,
            "half_window": half,
            "current_year": current,
        }


@dataclass(frozen=True, kw_only=True)
class Rki(_Reference):
    """The Robert Koch Institute's old rule on the mean of a few comparable weeks.

    Up to a mean of 20 the bound is Crow and Gardner's upper 95 % limit of a Poisson mean, above it
    mean + 2 standard deviations. [R surveillance: rki, algo.rki1 to algo.rki3]

    Parameters
    ----------
    variant
        1: the 6 weeks before. 2: these, and 13 weeks around the same week last year. 3: 9 weeks
        around the same week of the last two years.
    compat
        Count 52 weeks a year back whatever the calendar says, as the R package does.
    """

    method: ClassVar[str] = "rki"

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.rki(**self._arguments(calendar, begin, end))


@dataclass(frozen=True, kw_only=True)
class Bayes(_Reference):
    """Predictive distribution of a Poisson count given a few comparable weeks, Jeffreys' prior.

    [R surveillance: bayes, algo.bayes1 to algo.bayes3]

    Parameters
    ----------
    variant, compat
        As in `Rki`.
    alpha
        Chance of a count above the bound.
    """

    method: ClassVar[str] = "bayes"

    alpha: float = 0.05

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.bayes(**self._arguments(calendar, begin, end), alpha=self.alpha)


@dataclass(frozen=True, kw_only=True)
class HistoricalLimits(DetectorSpec):
    """CDC's historical limits: the last 4 weeks against 15 such blocks of the last 5 years.

    Observed, expected and bound are sums of 4 weeks. [R surveillance: algo.cdc]

    Parameters
    ----------
    years_back
        Years.
    blocks_beside
        Blocks to either side of the same one in every year.
    alpha
        Two-sided.
    compat
        Count 52 weeks a year back whatever the calendar says, as the R package does.

    References
    ----------
    Stroup et al., Detection of aberrations in the occurrence of notifiable diseases, Stat Med 1989.
    """

    method: ClassVar[str] = "historical-limits"
    _positive = ("years_back",)
    _not_negative = ("blocks_beside",)

    years_back: int = 5
    blocks_beside: int = 1
    alpha: float = 0.025
    compat: bool = False

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        blocks = 4 * (self.blocks_beside + 1) - 1
        return round(self.years_back * calendar.period) + blocks + (not self.compat)

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.stroup(
            calendar.years_back(begin, end, self.years_back, by_steps=self.compat),
            begin,
            blocks_beside=self.blocks_beside,
            alpha=self.alpha,
        )


@dataclass(frozen=True, kw_only=True)
class Farrington(DetectorSpec):
    """Farrington's quasi-Poisson regression on the same weeks of earlier years (1996).

    Score: (count - expected) / (bound - expected). [R surveillance: farrington, algo.farrington]

    Parameters
    ----------
    years_back
        Years; a trend needs 3.
    half_window_steps
        Points to either side of the same one in every year.
    alpha
        Two-sided: a count is above the bound with half that chance.
    trend
        Fit a trend, and keep it where it is significant (``max_trend_p``) and does not lead beyond
        the greatest count of the baseline.
    reweight
        Give past outbreaks less weight.
    power
        Power of the counts that is taken to be normal.
    min_recent_cases, min_recent_steps
        No alarm with fewer cases in the last points, the judged one included (reason
        ``too_few_cases``).
    compat
        As the R package: bound and score are 0 where there are too few recent cases.

    References
    ----------
    Farrington et al., A statistical algorithm for the early detection of outbreaks, JRSS A 1996.
    """

    method: ClassVar[str] = "farrington"
    _positive = ("years_back", "min_recent_steps")
    _not_negative = ("half_window_steps", "max_trend_p", "min_recent_cases")
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {"power": get_args(Power)}

    years_back: int = 5
    half_window_steps: int = 3
    alpha: float = 0.05
    trend: bool = True
    max_trend_p: float = 0.05
    reweight: bool = True
    power: Power = "2/3"
    min_recent_cases: float = 5.0
    min_recent_steps: int = 4
    compat: bool = False

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return round(self.years_back * calendar.period) + self.half_window_steps + 1

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.farrington(
            calendar.years_back(begin, end, self.years_back, by_steps=False),
            begin,
            half_window=self.half_window_steps,
            alpha=self.alpha,
            trend=self.trend,
            max_trend_p=self.max_trend_p,
            reweight=self.reweight,
            power=self.power,
            recent=(self.min_recent_cases, self.min_recent_steps),
            time=calendar.time(),
            compat=self.compat,
        )


@dataclass(frozen=True, kw_only=True)
class FarringtonFlexible(DetectorSpec):
    """Farrington's flexible method: quasi-Poisson regression on all weeks of earlier years.

    The season is a step function with ``season_levels`` levels, one of them for the weeks around
    the judged one. The defaults are the improved settings of Noufaily et al. (2013).
    Score: (count - expected) / (bound - expected). [R surveillance: farringtonFlexible]

    Parameters
    ----------
    years_back
        Years; a trend needs 3 [b].
    half_window_steps
        Points to either side of the same one in every year [w].
    season_levels
        Levels of the season; 1 looks at the windows only [noPeriods].
    recent_steps_excluded
        Points just before the judged one that are left out; None: ``half_window_steps``
        [pastWeeksNotIncluded].
    alpha
        Chance of a count above the bound (one-sided).
    trend, max_trend_p
        Fit a trend and keep it where its p-value is below ``max_trend_p`` and it does not lead
        beyond the greatest count of the baseline [pThresholdTrend].
    reweight, reweight_above
        Give less weight to points with an Anscombe residual above this [weightsThreshold].
    bound
        ``"nb_plugin"``: quantile of a negative binomial; ``"muan"``: the same around the upper
        limit of the mean; ``"delta"``: normal, of a power of the counts [thresholdMethod].
    power
        For ``bound="delta"`` [powertrans].
    min_recent_cases, min_recent_steps
        No alarm with fewer cases in the last points, the judged one included (reason
        ``too_few_cases``) [limit54].
    population_offset
        Model cases per person; needs ``population=`` in `detect`.
    weekday_effect
        For daily counts: an effect of each day of the week in the model, and of holidays with
        ``weekdays=`` in `detect`.
    compat
        As the R package: its dispersion for the trend's test and the standard error (from weights
        that are overwritten), its score, and no bound where there are too few recent cases.

    References
    ----------
    Noufaily et al., An improved algorithm for outbreak detection in multiple surveillance systems,
    Stat Med 2013. Salmon, Schumacher, Hoehle, Monitoring count time series in R, J Stat Softw 2016.

    Examples
    --------
    >>> spec = FarringtonFlexible(years_back=5, alpha=0.01)
    >>> spec.detect(weekly, by=["pathogen", "district"], last=1)  # doctest: +SKIP
    """

    method: ClassVar[str] = "farrington-flexible"
    _positive = ("years_back", "season_levels", "min_recent_steps")
    _not_negative = (
        "half_window_steps",
        "recent_steps_excluded",
        "max_trend_p",
        "min_recent_cases",
        "reweight_above",
    )
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {
        "bound": get_args(Bound),
        "power": get_args(Power),
    }

    years_back: int = 5
    half_window_steps: int = 3
    season_levels: int = 10
    recent_steps_excluded: int | None = 26
    alpha: float = 0.005
    trend: bool = True
    max_trend_p: float = 1.0
    reweight: bool = True
    reweight_above: float = 2.58
    bound: Bound = "nb_plugin"
    power: Power = "2/3"
    min_recent_cases: float = 5.0
    min_recent_steps: int = 4
    population_offset: bool = False
    weekday_effect: bool = False
    compat: bool = False

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return round(self.years_back * calendar.period) + self.half_window_steps + 1

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        excluded = self.recent_steps_excluded
        return _core.farrington_flexible(
            calendar.years_back(begin, end, self.years_back, by_steps=False),
            begin,
            half_window=self.half_window_steps,
            n_levels=self.season_levels,
            excluded=self.half_window_steps if excluded is None else excluded,
            alpha=self.alpha,
            trend=self.trend,
            max_trend_p=self.max_trend_p,
            reweight=self.reweight,
            weights_threshold=self.reweight_above,
            bound=self.bound,
            power=self.power,
            recent=(self.min_recent_cases, self.min_recent_steps),
            population_offset=self.population_offset,
            time=calendar.time(),
            weekdays=self._weekdays(calendar),
            compat=self.compat,
        )


# ---------------------------------------------------------------------- charts


@dataclass(frozen=True, kw_only=True)
class Cusum(DetectorSpec):
    """Cumulative sum of transformed counts, with an alarm where it reaches ``h``.

    Score: the sum. The p-value is that of the count alone. [R surveillance: cusum, algo.cusum]

    Parameters
    ----------
    k, h
        Reference value and limit; 1.04 and 2.26 are the package's. `normal_cusum_design` chooses
        them by the run length (`cusum_design` with ``transformation="none"``).
    transformation
        How a count becomes a normal deviate.
    mean
        ``"training"``: the mean of the training points; ``"seasonal"``: a Poisson regression on
        them with a yearly harmonic; or a number.
    overdispersion
        a of the negative binomial transformations: variance = mean + a mean^2.
    reset
        Start again from 0 after an alarm.
    training_steps
        Points before the chart begins. None: all before the judged ones.
    compat
        As the R package: bounds of ``"anscombe2nd"``, ``"rossi"``, ``"none"`` and
        ``"anscombe_neg_bin"``, and the rounded table of the latter.

    References
    ----------
    Rossi, Lampugnani, Marchi, An approximate CUSUM procedure for surveillance of health events,
    Stat Med 1999.
    """

    method: ClassVar[str] = "cusum"
    _positive = ("h", "training_steps")
    _not_negative = ("overdispersion",)
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {"transformation": get_args(Transformation)}

    k: float = 1.04
    h: float = 2.26
    transformation: Transformation = "standard"
    mean: float | Literal["training", "seasonal"] = "training"
    overdispersion: float = 0.1
    reset: bool = False
    training_steps: int | None = None
    compat: bool = False

    def _check(self, field: "dataclasses.Field[Any]", value: object) -> None:
        if field.name != "mean" or not isinstance(value, str):
            super()._check(field, value)
            if field.name == "mean" and not float(value) > 0.0:  # type: ignore[arg-type]
                message = f"mean={value!r} must be more than 0"
                raise SpecError(message)
        elif value not in ("training", "seasonal"):
            message = f"mean={value!r} is unknown; give 'training', 'seasonal' or a number"
            raise SpecError(message)

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        if self.training_steps is not None:
            return self.training_steps
        return 0 if not isinstance(self.mean, str) else round(calendar.period)

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        given = not isinstance(self.mean, str)
        return _core.cusum(
            k=self.k,
            h=self.h,
            transformation=self.transformation,
            mean_model="given" if given else str(self.mean),
            mean=float(self.mean) if given else 0.0,
            period=calendar.period,
            alpha=self.overdispersion,
            reset=self.reset,
            training=self.training_steps or 0,
            compat=self.compat,
        )


@dataclass(frozen=True, kw_only=True)
class Glr(DetectorSpec):
    """Chart for a lasting change of a seasonal mean: generalised likelihood ratio, or LR-CUSUM.

    Score: log likelihood ratio; after an alarm the chart begins anew. The p-value is that of the
    count alone. [R surveillance: glrpois, glrnb]

    Parameters
    ----------
    threshold
        An alarm where the log likelihood ratio reaches it [c.ARL].
    overdispersion
        a of the variance, mean + a mean^2; 0: Poisson; None: estimated [alpha].
    change
        ``"shift"``: the mean is multiplied by a factor; ``"epidemic"``: each case of the point
        before adds lambda cases to it, as where people infect each other. No count raises an alarm
        (the bound is missing) after a point without cases [change="intercept", "epi"].
    log_shift
        Known logarithm of the factor, which makes it an LR-CUSUM; None: unknown [theta].
    direction
        Of the shift.
    window_steps
        Greatest age of the change; None: any [M].
    min_window_steps
        Fewest points since the change [Mtilde].
    harmonics, trend
        Of the in-control mean, a regression on the training points.
    refit
        Fit the mean again after each alarm.
    training_steps
        Points before the chart begins. None: all before the judged ones.
    compat
        As the R package: its windows of the Poisson chart, and its search for lambda, which misses
        epidemics that begin late in the chart.

    References
    ----------
    Hoehle, Paul, Count data regression charts for the monitoring of surveillance time series,
    Comput Stat Data Anal 2008.
    """

    method: ClassVar[str] = "glr"
    _positive = ("threshold", "min_window_steps", "window_steps", "training_steps")
    _not_negative = ("overdispersion", "harmonics")
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {
        "change": get_args(Change),
        "direction": get_args(Direction),
    }

    threshold: float = 5.0
    overdispersion: float | None = None
    change: Change = "shift"
    log_shift: float | None = None
    direction: Direction = "increase"
    window_steps: int | None = None
    min_window_steps: int = 1
    harmonics: int = 1
    trend: bool = False
    refit: bool = False
    training_steps: int | None = None
    compat: bool = False

    def __post_init__(self) -> None:
        """Refuse options that do not go together."""
        super().__post_init__()
        if self.change == "epidemic" and (
            self.log_shift is not None or self.direction != "increase"
        ):
            message = (
                "an epidemic is an increase of unknown size: with change='epidemic' leave "
                "log_shift and direction out"
            )
            raise SpecError(message)

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return self.training_steps or round(2 * calendar.period)

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.glr(
            threshold=self.threshold,
            alpha=self.overdispersion,
            log_shift=self.log_shift,
            direction=self.direction,
            change=self.change,
            window=self.window_steps or 0,
            min_window=self.min_window_steps,
            period=calendar.period,
            harmonics=self.harmonics,
            trend=self.trend,
            refit=self.refit,
            training=self.training_steps or 0,
            compat=self.compat,
        )


@dataclass(frozen=True, kw_only=True)
class OutbreakP(DetectorSpec):
    """Onset of an outbreak: a mean that never falls against a constant one, over the whole series.

    Score: log likelihood ratio. For short series around one season. [R surveillance: outbreakP]

    Parameters
    ----------
    threshold
        Of the likelihood ratio [k].

    References
    ----------
    Frisen, Andersson, Schioler, Robust outbreak surveillance of epidemics in Sweden, Stat Med 2009.
    """

    method: ClassVar[str] = "outbreak-p"
    _positive = ("threshold",)

    threshold: float = 100.0

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return 0

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.outbreak_p(threshold=self.threshold)


@dataclass(frozen=True, kw_only=True)
class NegativeBinomialRegression(DetectorSpec):
    """Negative binomial regression with yearly harmonics and a trend on the training points.

    Score: Pearson residual. [Rnssp: alert_nbinom]

    Parameters
    ----------
    alpha
        Of the upper limit of the mean, and of the counts around it.
    harmonics, trend
        Of the mean.
    training_steps
        Points that are fitted. None: all before the judged ones.
    weekday_effect
        For daily counts: an effect of each day of the week in the model, and of holidays with
        ``weekdays=`` in `detect`.
    """

    method: ClassVar[str] = "negative-binomial"
    _positive = ("training_steps",)
    _not_negative = ("harmonics",)

    alpha: float = 0.05
    harmonics: int = 1
    trend: bool = True
    training_steps: int | None = None
    weekday_effect: bool = False

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return self.training_steps or round(2 * calendar.period)

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.negative_binomial(
            alpha=self.alpha,
            period=calendar.exact_period,
            harmonics=self.harmonics,
            trend=self.trend,
            training=self.training_steps or 0,
            weekdays=self._weekdays(calendar),
        )


@dataclass(frozen=True, kw_only=True)
class Serfling(DetectorSpec):
    """Serfling's cyclical regression: least squares on a trend and yearly harmonics.

    Fitted to the months without epidemics, so that an epidemic season stands out against them: for
    norovirus or influenza, not for what is common in summer. Score: (count - expected) / standard
    error of the prediction; Student's distribution. Far from the months that are fitted an
    expectation can be below 0. [Rnssp: alert_serfling]

    Parameters
    ----------
    alpha
        Of the prediction, one-sided.
    baseline_months
        Months that are fitted, 1 to 12 (of the first day, for weeks).
    harmonics
        Of the mean.
    training_steps
        Points of which these months are fitted. None: all before the judged ones.

    References
    ----------
    Serfling, Methods for current statistical analysis of excess pneumonia-influenza deaths, Public
    Health Rep 1963.

    Examples
    --------
    >>> Serfling(baseline_months=(6, 7, 8, 9)).detect(weekly, last=20)  # doctest: +SKIP
    """

    method: ClassVar[str] = "serfling"
    _positive = ("training_steps",)
    _not_negative = ("harmonics",)

    alpha: float = 0.05
    baseline_months: tuple[int, ...] = (6, 7, 8, 9)
    harmonics: int = 1
    training_steps: int | None = None

    def _check(self, field: "dataclasses.Field[Any]", value: object) -> None:
        if field.name != "baseline_months":
            super()._check(field, value)
            return
        months = tuple(value) if isinstance(value, Iterable) else (value,)
        if not months or not set(months) <= set(range(1, 13)):
            message = f"baseline_months={value!r} must be months, 1 to 12"
            raise SpecError(message)
        object.__setattr__(self, "baseline_months", months)

    def history(self, calendar: "Calendar") -> int:
        """Return how many points must come first."""
        return self.training_steps or round(2 * calendar.period)

    def detector(self, calendar: "Calendar", begin: int, end: int) -> "_core.Detector":
        """Return the compiled detector."""
        from enteroscan import _core

        return _core.serfling(
            alpha=self.alpha,
            period=calendar.exact_period,
            harmonics=self.harmonics,
            training=self.training_steps or 0,
            without_epidemics=calendar.is_in_months(self.baseline_months),
        )
