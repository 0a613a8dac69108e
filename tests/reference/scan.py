"""The scan as three nested loops: centres, zones, windows in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reference.study import Eligibility, Study


@dataclass(frozen=True, kw_only=True)
class Window:
    """The zone of the first `size` members around a centre, in the intervals [start, end)."""

    centre: int
    size: int
    start: int
    end: int
    observed: int
    measure: float
    statistic: float
    high: bool


def evaluate(
    study: Study, rule: Eligibility, *, members: Sequence[int], start: int, end: int
) -> tuple[int, float, float | None, bool]:
    """Observed, measure, statistic (None if not eligible) and direction of one window."""
    observed = int(study.cases[list(members), start:end].sum())
    measure = float(study.measure[list(members), start:end].sum())
    return observed, measure, *_statistic(study, rule, observed, measure)


def _statistic(
    study: Study, rule: Eligibility, observed: int, measure: float
) -> tuple[float | None, bool]:
    high = study.is_high(observed, measure, rule)
    if high or study.is_low(observed, measure, rule):
        return study.log_likelihood_ratio(observed, measure), high
    return None, high


def best_per_centre(
    study: Study,
    rule: Eligibility,
    zones: Iterable[Iterable[Sequence[int]]],
    windows: Sequence[tuple[int, int]],
) -> list[Window | None]:
    """The window with the greatest statistic around every centre; None where none is eligible.

    `zones` holds for every centre the zones around it, each a list of locations. Of equal windows
    the first in the order of zones and `windows` is the best.
    """
    best: list[Window | None] = []
    for centre, zones_here in enumerate(zones):
        best_here: Window | None = None
        for zone in zones_here:
            cases = study.cases[list(zone)].sum(axis=0).tolist()
            measures = study.measure[list(zone)].sum(axis=0).tolist()
            for start, end in windows:
                observed, measure = sum(cases[start:end]), sum(measures[start:end])
                statistic, high = _statistic(study, rule, observed, measure)
                if statistic is None:
                    continue
                if best_here is None or statistic > best_here.statistic:
                    best_here = Window(
                        centre=centre,
                        size=len(zone),
                        start=start,
                        end=end,
                        observed=observed,
                        measure=measure,
                        statistic=statistic,
                        high=high,
                    )
        best.append(best_here)
    return best


def best_window(best: Iterable[Window | None]) -> Window | None:
    """The greatest of all centres; None where no window is eligible."""
    return max(filter(None, best), key=lambda window: window.statistic, default=None)
