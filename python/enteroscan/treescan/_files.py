"""TreeScan's data files: columns between commas, without a header."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from enteroscan.errors import DataError
from enteroscan.satscan._parameters import Parameters
from enteroscan.satscan._text import decode

Ints = npt.NDArray[np.int64]

LONGEST_NUMBER = 9  # digits
MOST_DAYS = 100_000

# What may stand beside the cases.
POPULATION, CONTROLS = "population", "controls"


@dataclass(frozen=True)
class Row:
    """A line of a file, with what is needed to say where it is."""

    path: Path
    line: int
    fields: tuple[str, ...]

    def refuse(self, reason: str) -> DataError:
        """Return the error that names the line."""
        return DataError(f"{self.path}: line {self.line}: {reason}; correct this line")

    def text(self, column: int) -> str:
        """Return a field, blank where the line is shorter."""
        return self.fields[column] if column < len(self.fields) else ""

    def whole(self, column: int, what: str) -> int:
        """Return a number of cases or controls."""
        text = self.text(column)
        if not text.isdecimal() or len(text) > LONGEST_NUMBER:
            message = f"{what} must be a whole number below 10^{LONGEST_NUMBER}, not {text!r}"
            raise self.refuse(message)
        return int(text)

    def number(self, column: int, what: str) -> float:
        """Return a number >= 0."""
        try:
            value = float(self.text(column))
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            message = f"{what} must be a number >= 0, not {self.text(column)!r}"
            raise self.refuse(message)
        return value


def read_rows(parameters: Parameters, setting: str) -> list[Row]:
    """Read the file that a setting names."""
    path = parameters.file(setting)
    if path is None:
        parameters.refuse(setting, "names no file; the analysis needs it")
    lines = csv.reader(io.StringIO(decode(path)))
    try:
        rows = [
            Row(path, number, tuple(field.strip() for field in line))
            for number, line in enumerate(lines, 1)
        ]
    except csv.Error as error:
        message = f"{path}: line {lines.line_num}: {error}; correct this line"
        raise DataError(message) from error
    return [row for row in rows if any(row.fields)]


@dataclass(frozen=True)
class TreeFile:
    """Nodes by name, and the edges between them."""

    names: tuple[str, ...]
    children: tuple[int, ...]
    parents: tuple[int, ...]

    @classmethod
    def read(cls, parameters: Parameters) -> "TreeFile":
        """Read the tree."""
        rows = read_rows(parameters, "tree-filename")
        number = {name: i for i, name in enumerate(dict.fromkeys(row.text(0) for row in rows))}
        edges: list[tuple[int, int]] = []
        for row in rows:
            name, parent = row.text(0), row.text(1)
            if not name:
                message = f"the child of {parent!r} has no name"
                raise row.refuse(message)
            if not parent:
                continue
            if parent not in number:
                message = f"the parent {parent!r} is no node of this file"
                raise row.refuse(message)
            edges.append((number[name], number[parent]))
        edges = list(dict.fromkeys(edges))
        tree = cls(tuple(number), tuple(e[0] for e in edges), tuple(e[1] for e in edges))
        tree._check(parameters)
        return tree

    def _check(self, parameters: Parameters) -> None:
        path = parameters.file("tree-filename")
        if not self.names:
            message = f"{path}: there are no nodes in it; write one line a node: node, parent"
            raise DataError(message)
        above: dict[int, list[int]] = {}
        for child, parent in zip(self.children, self.parents, strict=True):
            above.setdefault(child, []).append(parent)
        try:
            TopologicalSorter(above).prepare()
        except CycleError as error:
            cycle = " < ".join(self.names[node] for node in error.args[1])
            message = f"{path}: nodes are above themselves: {cycle}; remove one of these lines"
            raise DataError(message) from error
        several = len(self.children) - len(set(self.children))
        if several and not parameters.flag("allow-multi-parent-nodes"):
            reason = f"but the tree has nodes with several parents ({several} further edges); set y"
            parameters.refuse("allow-multi-parent-nodes", reason)
        roots = len(self.names) - len(set(self.children))
        if roots > 1 and not parameters.flag("allow-multiple-roots"):
            parameters.refuse("allow-multiple-roots", f"but the tree has {roots} roots; set y")


class Clock:
    """Times in the files as days from the start of the study period."""

    def __init__(self, parameters: Parameters) -> None:
        self.is_dated = parameters.text("date-precision") == "4"
        self.first, last = self.range(parameters, "data-time-range")
        self.n_days = last - self.first + 1
        if self.n_days < 1:
            parameters.refuse("data-time-range", "ends before it starts")
        if self.n_days > MOST_DAYS:
            parameters.refuse("data-time-range", f"is longer than {MOST_DAYS:,} days")

    def range(self, parameters: Parameters, setting: str) -> tuple[int, int]:
        """Return first and last time of a range."""
        parts = parameters.text(setting).strip("[] ").split(",")
        try:
            first, last = (self.number(part) for part in parts)
        except ValueError:
            parameters.refuse(setting, "must be [first,last]")
        return first, last

    def number(self, text: str) -> int:
        """Return a time as a whole number."""
        if not self.is_dated:
            return int(text)
        year, month, day = text.strip().replace("-", "/").split("/")
        return date(int(year), int(month), int(day)).toordinal()

    def label(self, day: int) -> "int | str":
        """Return a day of the study period as it is reported."""
        number = self.first + day
        return date.fromordinal(number).isoformat() if self.is_dated else number


@dataclass(frozen=True)
class Counts:
    """Rows of node, day, count; what is expected in each row, if that is there; rows left out."""

    rows: Ints
    measures: npt.NDArray[np.float64]
    n_dropped: int = 0


def read_counts(
    parameters: Parameters,
    setting: str,
    names: Mapping[str, int],
    clock: Clock | None,
    *,
    what: str,
    measure: str | None = None,
) -> Counts:
    """Read cases or controls, and what stands beside them.

    An empty name of a node stands for a file without nodes.
    """
    counts: list[tuple[int, int, int]] = []
    measures: list[float] = []
    n_dropped = 0
    relaxed = parameters.flag("relaxed-study-data-period-checking")
    first = 0 if "" in names else 1
    for row in read_rows(parameters, setting):
        node = names.get(row.text(0) if first else "")
        if node is None:
            message = f"{row.text(0)!r} is no node of the tree"
            raise row.refuse(message)
        day = 0
        if clock is not None:
            day = _day(row, first + 1, clock)
            if not 0 <= day < clock.n_days:
                if not relaxed:
                    message = f"{row.text(first + 1)} is outside the data-time-range"
                    raise row.refuse(message)
                n_dropped += 1
                continue
            if row.text(first + 2):
                message = "a censoring time (third number) is not supported"
                raise row.refuse(message)
        counts.append((node, day, row.whole(first, what)))
        measures.append(_measure(row, first + 1, measure))
    table = np.array(counts, np.int64).reshape(-1, 3)
    return Counts(table, np.array(measures), n_dropped)


def _measure(row: Row, column: int, what: str | None) -> float:
    if what is None:
        return 0.0
    return float(row.whole(column, what)) if what == CONTROLS else row.number(column, what)


def _day(row: Row, column: int, clock: Clock) -> int:
    try:
        return clock.number(row.text(column)) - clock.first
    except ValueError:
        message = f"{row.text(column)!r} is no time"
        raise row.refuse(message) from None
