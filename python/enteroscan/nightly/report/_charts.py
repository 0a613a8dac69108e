"""Geometry of bar charts, in the pixels of a picture; pages and Word files draw it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from enteroscan.nightly.report._document import Case, Day, EvidencePart

WIDTH, HEIGHT = 460.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 8.0, 12.0, 26.0
BOXES = 12  # cases up to which each is drawn as a box
LABELS = 6  # along the time axis
DAYS_SHOWN = 90  # in the curve of all cases
Bin = Literal["6h", "D", "W"]


@dataclass(frozen=True)
class Bar:
    """A rectangle; `kind` says how it is painted, `title` what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    kind: str


@dataclass(frozen=True)
class Tick:
    """A label at a place of an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A bar chart."""

    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...] = ()
    bin: Bin = "D"
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM
    n_without: int = field(default=0)


@dataclass(frozen=True)
class _Frame:
    """Turns numbers of bins and counts into pixels."""

    n_bins: int
    top: float
    width: float
    height: float

    @property
    def step(self) -> float:
        return (self.width - LEFT - RIGHT) / self.n_bins

    def x(self, place: float) -> float:
        return round(LEFT + place * self.step, 2)

    def y(self, count: float) -> float:
        bottom = self.height - BOTTOM
        return round(bottom - (bottom - TOP) * count / self.top, 2)

    def bar(self, place: int, low: float, high: float, kind: str, title: str) -> Bar:
        gap = min(2.0, self.step * 0.15)
        return Bar(
            x=round(self.x(place) + gap / 2, 2),
            y=self.y(high),
            width=round(self.step - gap, 2),
            height=round(self.y(low) - self.y(high), 2),
            kind=kind,
            title=title,
        )

    def x_ticks(self, labels: Sequence[str]) -> tuple[Tick, ...]:
        every = -(-len(labels) // LABELS)
        return tuple(
            Tick(self.x(place + 0.5), labels[place]) for place in range(0, len(labels), every)
        )

    def y_ticks(self) -> tuple[Tick, ...]:
        step = tick_step(self.top)
        return tuple(Tick(self.y(count), f"{count}") for count in range(0, int(self.top) + 1, step))


def tick_step(top: float, n: int = 5) -> int:
    """Return the distance of ticks, 1, 2 or 5 times a power of ten, that gives at most n."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if top <= n * factor * power:
                return factor * power
        power *= 10


def epidemic_curve(cases: Sequence[Case]) -> Chart | None:
    """Return cases by onset, new ones on top; None if no onset is known.

    Bins are days; six hours where all cases fell ill within four days at known hours; weeks where
    they are spread over more than 60 days.
    """
    known = [case for case in cases if case.onset]
    if not known:
        return None
    onset = pd.to_datetime(pd.Series([case.onset for case in known]), format="ISO8601")
    width = _bin(onset, all("T" in (case.onset or "") for case in known))
    starts = _starts(onset, width)
    bins = _range(starts.min(), starts.max(), width, fewest=8)
    place = pd.Series(bins.get_indexer(pd.Index(starts)))
    new = pd.Series([case.is_new for case in known])
    n = place.value_counts().reindex(range(len(bins)), fill_value=0)
    n_new = place[new].value_counts().reindex(range(len(bins)), fill_value=0)
    frame = _Frame(len(bins), max(3.0, float(n.max())), WIDTH, HEIGHT)
    labels = [_label(start, width) for start in bins]
    bars: list[Bar] = []
    for at in range(len(bins)):
        old = int(n[at] - n_new[at])
        title = f"{labels[at]}: {n[at]} (+{n_new[at]})"
        bars += _stack(frame, at, 0, old, "earlier", title)
        bars += _stack(frame, at, old, int(n[at]), "new", title)
    return Chart(
        bars=tuple(bars),
        x_ticks=frame.x_ticks(labels),
        y_ticks=frame.y_ticks(),
        bin=width,
        n_without=len(cases) - len(known),
    )


def _stack(frame: _Frame, at: int, low: int, high: int, kind: str, title: str) -> list[Bar]:
    if low == high:
        return []
    if frame.top > BOXES:
        return [frame.bar(at, low, high, kind, title)]
    return [frame.bar(at, level, level + 1, kind, title) for level in range(low, high)]


def _bin(onset: "pd.Series[pd.Timestamp]", hours_known: bool) -> Bin:
    days = (onset.max() - onset.min()).days
    if days > 60:
        return "W"
    return "6h" if hours_known and days < 4 else "D"


def _starts(onset: "pd.Series[pd.Timestamp]", width: Bin) -> "pd.Series[pd.Timestamp]":
    if width == "W":
        return onset.dt.normalize() - pd.to_timedelta(onset.dt.day_of_week, unit="D")
    return onset.dt.floor(width)


def _range(first: pd.Timestamp, last: pd.Timestamp, width: Bin, fewest: int) -> pd.DatetimeIndex:
    """Return bins from the first to the last, with empty ones around them if they are few."""
    step = pd.Timedelta(days=7) if width == "W" else pd.Timedelta(1, "D")
    step = pd.Timedelta(hours=6) if width == "6h" else step
    lacking = max(0, fewest - (int((last - first) / step) + 1))
    return pd.date_range(first - step * (lacking // 2), last + step * (-(-lacking // 2)), freq=step)


def _label(start: pd.Timestamp, width: Bin) -> str:
    return start.strftime("%m-%d %Hh" if width == "6h" else "%m-%d")


def series_chart(evidence: EvidencePart) -> Chart | None:
    """Return observed counts as bars, expected ones and the upper bound as lines."""
    points = [point for point in evidence.series[-DAYS_SHOWN:] if point.date]
    if not points:
        return None
    numbers = [
        number
        for point in points
        for number in (point.observed, point.expected, point.upper_bound)
        if number is not None
    ]
    frame = _Frame(len(points), max(3.0, *numbers, 0.0), WIDTH, HEIGHT)
    bars = []
    for at, point in enumerate(points):
        count, bound = point.observed or 0.0, point.upper_bound
        kind = "above" if bound is not None and count > bound else "observed"
        bars.append(frame.bar(at, 0, max(count, 0.0), kind, f"{point.date}: {count:g}"))
    lines = [
        Line(
            tuple(
                (frame.x(at + 0.5), frame.y(value))
                for at, point in enumerate(points)
                if (value := getattr(point, name)) is not None
            ),
            kind,
        )
        for name, kind in (("expected", "expected"), ("upper_bound", "bound"))
    ]
    return Chart(
        bars=tuple(bars),
        x_ticks=frame.x_ticks([(point.date or "")[5:10] for point in points]),
        y_ticks=frame.y_ticks(),
        lines=tuple(line for line in lines if line.points),
    )


def daily_curve(days: Sequence[Day]) -> Chart | None:
    """Return all cases by day, the last 90 days."""
    shown = [day for day in days if day.date][-DAYS_SHOWN:]
    if not shown:
        return None
    width, height = 960.0, 130.0
    counts = [max(0, day.cases or 0) for day in shown]
    frame = _Frame(len(shown), float(max(3, *counts, 3)), width, height)
    return Chart(
        bars=tuple(
            frame.bar(at, 0, count, "all", f"{day.date}: {count}")
            for at, (day, count) in enumerate(zip(shown, counts, strict=True))
        ),
        x_ticks=frame.x_ticks([(day.date or "")[5:10] for day in shown]),
        y_ticks=frame.y_ticks(),
        width=width,
        height=height,
        right=width - RIGHT,
        bottom=height - BOTTOM,
    )
