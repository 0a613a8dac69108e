"""From replicates to p-values: how sure we can be that a cluster is not chance."""

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from enteroscan import _core
from enteroscan._engine import Engine, Progress, simulate_with
from enteroscan._places import Floats
from enteroscan.errors import DataError
from enteroscan.scan import ScanSpec
from enteroscan.study import Study

LEAST_STATISTIC = 0.001  # of clusters that are reported beside the most likely one (SaTScan's)
LEAST_RANK_WITHOUT_GUMBEL = 10  # for p_values="default" (SaTScan's)
DAYS_PER_YEAR = 365.25
DAYS_PER_UNIT = {
    "days": 1.0,
    "weeks": DAYS_PER_YEAR / 52,
    "months": DAYS_PER_YEAR / 12,
    "years": DAYS_PER_YEAR,
}
PERIODS = {"day": "days", "month": "months", "year": "years"}
ALPHAS = (0.05, 0.01, 0.001)


@dataclass(frozen=True, eq=False)
class SimulatedMaxima:
    """The greatest statistics of some of the replicates, to be merged with those of the others.

    Parameters
    ----------
    replicates
        Which replicates these are.
    maxima
        One number for each of them.
    fingerprint
        Identifies spec and data; only parts of one and the same can be merged.
    """

    replicates: range
    maxima: Floats
    fingerprint: str

    def __post_init__(self) -> None:
        """Refuse numbers that do not fit the replicates."""
        if len(self.maxima) != len(self.replicates) or self.replicates.step != 1:
            message = f"{len(self.maxima)} maxima do not fit the replicates {self.replicates}"
            raise DataError(message)

    @classmethod
    def merge(cls, parts: "list[SimulatedMaxima]") -> "SimulatedMaxima":
        """Put parts together, in any order; they must follow each other without gap or overlap."""
        if not parts:
            message = "there are no parts to merge"
            raise DataError(message)
        if len({part.fingerprint for part in parts}) > 1:
            message = "the parts come from different data or options; simulate them all alike"
            raise DataError(message)
        ordered = sorted(parts, key=lambda part: part.replicates.start)
        for before, after in pairwise(ordered):
            if before.replicates.stop != after.replicates.start:
                message = (
                    f"between the parts {before.replicates} and {after.replicates} there is a gap "
                    "or an overlap"
                )
                raise DataError(message)
        return cls(
            range(ordered[0].replicates.start, ordered[-1].replicates.stop),
            np.concatenate([part.maxima for part in ordered]),
            ordered[0].fingerprint,
        )


def simulate_part(
    study: Study,
    replicates: range,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> SimulatedMaxima:
    """Simulate some of the replicates."""
    if replicates.step != 1 or not 0 <= replicates.start < replicates.stop:
        message = f"replicates={replicates} must be a range of at least one whole number from 0 on"
        raise DataError(message)
    if executor is not None:
        maxima = simulate_with(executor, study, replicates, progress)
    else:
        engine = Engine.build(study)
        maxima = engine.simulate(replicates, n_threads=study.spec.n_jobs or 0, progress=progress)
    return SimulatedMaxima(replicates, maxima, study.fingerprint)


def stop_after(spec: ScanSpec) -> int:
    """Return how many replicates may exceed the most likely cluster; 0: all are simulated."""
    if spec.p_values in ("monte_carlo", "gumbel"):
        return 0
    return spec.sequential_threshold or max(1, (spec.replicates + 1) // 20)


def simulated_maxima(
    engine: Engine,
    *,
    executor: Executor | None,
    progress: Progress | None,
    simulated: SimulatedMaxima | None,
) -> Floats:
    """Return the maxima of all replicates, or of those until a sequential stop."""
    study = engine.study
    spec = study.spec
    replicates = range(spec.replicates)
    if len(replicates) == 0:
        return np.empty(0)
    n_threads, threshold = spec.n_jobs or 0, stop_after(spec)
    most_likely = engine.observed.maximum(n_threads=n_threads) if threshold else 0.0
    if simulated is not None:
        maxima = _checked(simulated, study, replicates)
    elif executor is not None:
        maxima = simulate_with(executor, study, replicates, progress)
    else:
        maxima = engine.simulate(
            replicates,
            n_threads=n_threads,
            progress=progress,
            stop_above=most_likely,
            stop_after=threshold,
        )
    if threshold:
        maxima = maxima[: _core.sequential_stop(most_likely, maxima, threshold=threshold)]
    return maxima


def _checked(simulated: SimulatedMaxima, study: Study, replicates: range) -> Floats:
    if simulated.fingerprint != study.fingerprint:
        message = "simulated: these maxima come from other data or other options"
        raise DataError(message)
    if simulated.replicates != replicates:
        message = f"simulated: {simulated.replicates} were simulated, {replicates} are needed"
        raise DataError(message)
    return simulated.maxima


@dataclass(frozen=True)
class Significance:
    """Of every cluster: rank among the maxima, p-values, recurrence interval; NaN: none."""

    rank: NDArray[np.int64]
    p_value: Floats
    gumbel_p_value: Floats
    recurrence_interval: Floats
    significant: NDArray[np.bool_]


def reported(statistic: Floats, rank: NDArray[np.int64], maxima: Floats) -> int:
    """Return how many clusters, in descending order of their statistic, are reported."""
    good = statistic >= LEAST_STATISTIC
    if len(maxima) > 0:
        good &= rank <= len(maxima)
    good[:1] = True
    return len(good) if good.all() else int(np.argmin(good))


def significance(engine: Engine, statistic: Floats, maxima: Floats) -> Significance:
    """Judge clusters, the most likely first."""
    spec = engine.study.spec
    rank = _core.ranks(statistic, maxima)
    gumbel = np.full(len(statistic), np.nan)
    if spec.rates == "high" and len(maxima) > 1:
        gumbel = _core.gumbel_p(statistic, maxima)
    p_value = _p_values(spec, rank, gumbel, maxima)
    interval = np.full(len(statistic), np.nan)
    significant = p_value <= ALPHAS[0]
    if spec.is_prospective:
        period = period_between_scans(spec)
        interval = _core.recurrence_interval(p_value, period=period, analyses=engine.analyses)
        interval = np.maximum(interval, 1.0)
        significant = interval > least_significant_interval(spec)
    return Significance(rank, p_value, gumbel, interval, significant)


def _p_values(spec: ScanSpec, rank: NDArray[np.int64], gumbel: Floats, maxima: Floats) -> Floats:
    n = len(maxima)
    if n == 0:
        return np.full(len(rank), np.nan)
    if spec.p_values == "gumbel":
        return gumbel
    if n < spec.replicates:  # stopped early
        p_value = (rank - 1) / n
        p_value[:1] = stop_after(spec) / n
    else:
        p_value = rank / (n + 1)
    if spec.p_values == "default" and spec.rates == "high" and n > 1:
        return np.where(rank < LEAST_RANK_WITHOUT_GUMBEL, gumbel, p_value)
    return p_value


def period_between_scans(spec: ScanSpec) -> float:
    """Return the time from one scan to the next: days, or steps of generic time."""
    if spec.repeat_every is not None:
        unit, length = spec.repeat_every
        return length * DAYS_PER_UNIT[unit]
    return spec.time_aggregation * DAYS_PER_UNIT.get(PERIODS.get(spec.time_unit, ""), 1.0)


def least_significant_interval(spec: ScanSpec) -> float:
    """Return the recurrence interval that a significant cluster exceeds (SaTScan's rule)."""
    least = 100 * period_between_scans(spec)
    return least if spec.time_unit == "generic" else max(365.0, least)


def critical_values(rates: str, maxima: Floats) -> dict[str, Floats]:
    """Return the statistics that p-values of ALPHAS need, by kind of p-value."""
    values = {"monte_carlo": np.array([_core.critical_value(maxima, alpha) for alpha in ALPHAS])}
    if rates == "high" and len(maxima) > 1:
        gumbel = [_core.gumbel_critical_value(maxima, alpha) for alpha in ALPHAS]
        values["gumbel"] = np.array(gumbel)
    return values
