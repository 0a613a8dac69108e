"""Run lengths of CUSUM charts: how long until an alarm, and which limit makes it that long.

A CUSUM adds up what counts are above a reference value k and never falls below 0,
``S = max(0, S + x - k)``; it is an alarm once S reaches the limit h. Its average run length is the
mean number of points until then: long while the mean is as it should be (false alarms are rare),
short once it has risen (the delay of detection).
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enteroscan._options import check_integer, check_number
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "CusumDesign",
    "cusum_design",
    "cusum_run_length",
    "normal_cusum_design",
    "normal_cusum_run_length",
]

_MAX_STATES = 2000
_MAX_RUN_LENGTH = 1e9  # beyond it the linear system has lost too many of its 16 digits
_LEAST_NORMAL_REFERENCE = 0.1


@dataclass(frozen=True, kw_only=True)
class CusumDesign:
    """A CUSUM chart that begins at 0, and the average run length it has in control.

    Parameters
    ----------
    reference_value, limit
        k and h of the chart, for example of `Cusum`.
    run_length
        Mean number of points until a false alarm.
    """

    reference_value: float
    limit: float
    run_length: float


def cusum_run_length(
    mean: float, *, reference_value: float, limit: float, start: float = 0.0, decimals: int = 1
) -> float:
    """Return the average run length of a CUSUM of Poisson counts.

    Such a chart is ``Cusum(k=reference_value, h=limit, transformation="none", mean=...)``.
    [R surveillance: arlCusum]

    Parameters
    ----------
    mean
        Of the counts, cases a point: that in control for the time between false alarms, a raised
        one for the delay of detection.
    reference_value, limit
        k and h, in cases; an alarm is ``S >= limit``.
    start
        Of the sum, from 0 to less than the limit. Half the limit is the fast initial response of
        Lucas and Crosier [FIR.ARL].
    decimals
        Of the reference value, limit and start, 1 to 3.

    Returns
    -------
    float
        Mean number of points up to the alarm, the alarm's own among them. Exact but for rounding,
        whose relative size is about 1e-16 times the run length.

    Raises
    ------
    SpecError
        Values out of range or with more decimals, more than 2,000 states (limit times 10 to the
        decimals), or a run length of more than 1e9.

    References
    ----------
    Brook, Evans, An approach to the probability distribution of CUSUM run length, Biometrika 1972.
    Lucas, Counted data CUSUM's, Technometrics 1985.

    Examples
    --------
    >>> round(cusum_run_length(1.08, reference_value=1.2, limit=5.0), 3)
    53.136
    >>> round(cusum_run_length(1.08, reference_value=1.2, limit=5.0, start=2.5), 3)
    44.381
    """
    _check_chart(reference_value, limit, start)
    check_number("mean", mean, above=0.0)
    _check_decimals(decimals)
    values = {"reference_value": reference_value, "limit": limit, "start": start}
    k, h, s = (_in_steps(name, value, decimals) for name, value in values.items())
    return _finite(float(_poisson_run_lengths(mean, k, h, 10**decimals)[s]))


def cusum_design(
    mean: float,
    *,
    run_length: float,
    shift_sd: float = 1.0,
    tolerance: float = 0.03,
    decimals: int = 1,
) -> CusumDesign:
    """Choose reference value and limit of a CUSUM of Poisson counts.

    The reference value is that of the likelihood ratio against the raised mean, rounded. Whole
    numbers and halves are passed over: with them the sum takes few values, and the run length
    too. [R surveillance: findK, findH]

    Parameters
    ----------
    mean
        Of the counts in control, cases a point.
    run_length
        Mean number of points until a false alarm; more than 1.
    shift_sd
        Rise of the mean that is to be found, in standard deviations (square roots of the mean).
    tolerance
        By which share the run length may fall short of what is asked for, where that is nearer
        than the next longer one; 0 for not at all.
    decimals
        Of the reference value and the limit, 1 to 3. Small means need 2.

    Returns
    -------
    CusumDesign
        With the run length it has, which may be well above that asked for: counts are whole, so
        only some run lengths exist. R takes any that is near enough, not always the nearest, and
        may give another limit with the same run length.

    Raises
    ------
    SpecError
        Values out of range, a limit beyond 2,000 steps or a run length beyond 1e9.

    References
    ----------
    Rogerson, Yamada, Approaches to syndromic surveillance when data consist of small regional
    counts, MMWR 2004.

    Examples
    --------
    >>> design = cusum_design(2.4, run_length=500)
    >>> design.reference_value, design.limit, round(design.run_length, 3)
    (3.1, 8.6, 516.134)
    """
    check_number("mean", mean, above=0.0)
    check_number("run_length", run_length, above=1.0, at_most=_MAX_RUN_LENGTH)
    check_number("shift_sd", shift_sd, above=0.0)
    if tolerance != 0.0:
        check_number("tolerance", tolerance, above=0.0, at_most=1.0)
    _check_decimals(decimals)
    unit = 10**decimals
    raised = mean + shift_sd * math.sqrt(mean)
    k = _round_off_halves((raised - mean) / math.log(raised / mean) * unit, unit)

    def reached(h: int) -> float:
        return float(_poisson_run_lengths(mean, k, h, unit)[0]) if h else 1.0

    top = 1
    while reached(top) < run_length:
        top = min(2 * top, max(_MAX_STATES, top + 1))
    h = bisect_left(range(top), run_length, key=reached)
    shorter, longer = reached(h - 1), reached(h)
    missing = run_length - shorter
    if missing <= tolerance * run_length and missing < longer - run_length and h > 1:
        h, longer = h - 1, shorter
    return CusumDesign(reference_value=k / unit, limit=h / unit, run_length=_finite(longer))


def normal_cusum_run_length(
    mean: float = 0.0, *, reference_value: float, limit: float, start: float = 0.0
) -> float:
    """Return the average run length of a one-sided CUSUM of normal deviates.

    For `Cusum` with a transformation it is an approximation, the better the larger the counts.
    [R spc: xcusum.arl]

    Parameters
    ----------
    mean
        Of the deviates, whose variance is 1: 0 in control, a shift in standard deviations else.
    reference_value, limit
        k and h of the chart, in standard deviations.
    start
        Of the sum, from 0 to less than the limit; half the limit is a fast initial response.

    Returns
    -------
    float
        Mean number of points up to the alarm, the alarm's own among them. Page's integral equation
        is solved by Gauss-Legendre quadrature; the relative error is that of rounding, about 1e-14
        times the run length.

    Raises
    ------
    SpecError
        Values out of range, a limit of more than 650, or a run length of more than 1e9.

    References
    ----------
    Lucas, Crosier, Fast initial response for CUSUM quality-control schemes, Technometrics 1982.

    Examples
    --------
    >>> round(normal_cusum_run_length(1.0, reference_value=0.5, limit=4.0), 2)
    8.38
    """
    _check_chart(reference_value, limit, start)
    check_number("mean", mean, above=-math.inf)
    return _finite(_normal_run_length(mean, reference_value, limit, start))


def normal_cusum_design(*, run_length: float, delay: float) -> CusumDesign:
    """Choose reference value and limit of a CUSUM of normal deviates.

    The shift that is found after the delay is twice the reference value, for which the chart is
    best. [R surveillance: find.kh]

    Parameters
    ----------
    run_length
        Mean number of points until a false alarm, ARL in acceptance.
    delay
        Mean number of points until the shift is found, ARL in rejection.

    Returns
    -------
    CusumDesign
        With this run length.

    Raises
    ------
    SpecError
        Values out of range, or a delay that no chart with a reference value of 0.1 or more has.

    References
    ----------
    Rossi, Lampugnani, Marchi, An approximate CUSUM procedure for surveillance of health events,
    Stat Med 1999.

    Examples
    --------
    >>> design = normal_cusum_design(run_length=500, delay=7)
    >>> round(design.reference_value, 3), round(design.limit, 3)
    (0.594, 3.801)
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    check_number("run_length", run_length, above=2.5, at_most=_MAX_RUN_LENGTH)
    check_number("delay", delay, above=1.0)
    least, most = _LEAST_NORMAL_REFERENCE, float(norm.isf(1.0 / run_length))

    def delay_of(k: float) -> float:
        return _normal_run_length(2.0 * k, k, _normal_limit(k, run_length))

    longest, shortest = delay_of(least), delay_of(most)
    if not shortest < delay < longest:
        message = (
            f"delay={delay!r} cannot be had with run_length={run_length!r}; "
            f"give one between {shortest:.4g} and {longest:.4g}"
        )
        raise SpecError(message)
    k = float(brentq(lambda k: delay_of(k) - delay, least, most, xtol=1e-11))
    limit = _normal_limit(k, run_length)
    found = _normal_run_length(0.0, k, limit)
    return CusumDesign(reference_value=k, limit=limit, run_length=found)


def _poisson_run_lengths(mean: float, k: int, h: int, unit: int) -> "Floats":
    """Return the run length from each sum 0, 1, ..., h - 1; all in steps of 1/unit of a case."""
    import numpy as np
    from scipy.linalg import toeplitz
    from scipy.stats import poisson

    _check_states(h)
    rise = np.arange(-(h - 1), h) + k  # in steps, before the reference value is taken off
    chance = np.where(rise % unit == 0, poisson.pmf(rise / unit, mean), 0.0)
    transition = toeplitz(chance[h - 1 :: -1], chance[h - 1 :])
    transition[:, 0] = poisson.cdf((k - np.arange(h)) // unit, mean)
    return _steps_to_alarm(transition)


def _normal_run_length(mean: float, k: float, limit: float, start: float = 0.0) -> float:
    """Return the run length from the start: 0, the start and the nodes are the states."""
    import numpy as np
    from scipy.special import ndtr, roots_legendre

    n_nodes = 30 + math.ceil(3.0 * limit)
    _check_states(n_nodes)
    nodes, weights = roots_legendre(n_nodes)
    above = 0.5 * limit * (nodes + 1.0)
    begin = np.concatenate(([0.0, start], above))
    deviate = above - begin[:, np.newaxis] + k - mean
    density = np.exp(-0.5 * deviate**2) / math.sqrt(2.0 * math.pi)
    to_zero, to_start = ndtr(k - mean - begin), np.zeros(len(begin))
    transition = np.column_stack([to_zero, to_start, density * (0.5 * limit * weights)])
    return float(_steps_to_alarm(transition)[1])


def _steps_to_alarm(transition: "Floats") -> "Floats":
    """Return the mean time to absorption from each state; infinite where it is beyond rounding."""
    import numpy as np

    try:
        steps = np.linalg.solve(np.eye(len(transition)) - transition, np.ones(len(transition)))
    except np.linalg.LinAlgError:
        return np.full(len(transition), np.inf)
    known = (steps > 0.0) & (steps <= _MAX_RUN_LENGTH)
    return np.where(known, steps, np.inf)


def _normal_limit(k: float, run_length: float) -> float:
    """Return the limit with this run length in control."""
    from scipy.optimize import brentq

    def excess(limit: float) -> float:
        return min(math.log(_normal_run_length(0.0, k, limit) / run_length), 50.0)

    top = 1.0
    while excess(top) < 0.0:
        top *= 2.0
    if excess(0.0) >= 0.0:  # each deviate above the reference value is an alarm
        return 0.0
    return float(brentq(excess, 0.0, top, xtol=1e-11))


def _round_off_halves(value: float, unit: int) -> int:
    """Round to a whole number of steps that is no multiple of half a unit."""
    near = round(value)
    steps = [step for step in range(near - 1, near + 2) if step % (unit // 2)]
    return min(steps, key=lambda step: abs(step - value))


def _in_steps(name: str, value: float, decimals: int) -> int:
    """Return a value as a whole number of steps."""
    scaled: float = value * 10**decimals
    steps = round(scaled)
    if abs(steps - scaled) > 1e-6:
        message = f"{name}={value!r} has more than decimals={decimals} decimals; round it"
        raise SpecError(message)
    return steps


def _check_chart(reference_value: float, limit: float, start: object) -> None:
    check_number("reference_value", reference_value, above=0.0)
    check_number("limit", limit, above=0.0)
    if not isinstance(start, int | float) or not 0.0 <= start < limit:
        message = f"start={start!r} must be 0 or more and below limit={limit!r}"
        raise SpecError(message)


def _check_decimals(decimals: int) -> None:
    check_integer("decimals", decimals, at_least=1)
    if decimals > 3:
        message = f"decimals={decimals!r} must be 1, 2 or 3"
        raise SpecError(message)


def _check_states(n_states: int) -> None:
    """Refuse a linear system that would take long."""
    if n_states > _MAX_STATES:
        message = (
            f"a chart with {n_states} states is more than {_MAX_STATES}; "
            "lower the limit or run_length, use fewer decimals, "
            "or the chart of normal deviates where counts are large"
        )
        raise SpecError(message)


def _finite(run_length: float) -> float:
    """Refuse a run length that cannot be told."""
    if math.isinf(run_length):
        message = f"the run length is more than {_MAX_RUN_LENGTH:g} points; lower the limit"
        raise SpecError(message)
    return run_length
