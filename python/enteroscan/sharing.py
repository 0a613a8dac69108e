"""Tables and cases that can be given away: small cells suppressed, points moved, people unnamed."""

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, sparse

from enteroscan.errors import DataError, SpecError

__all__ = ["SharedCases", "jitter", "share", "suppress_small_cells"]

TOTAL = "total"
# The largest radius of curvature of the WGS-84 ellipsoid: an angle of r over it is no more than r
# metres, on the ellipsoid and on a sphere of the mean radius alike.
_LARGEST_RADIUS_M = 6_399_593.7
_LARGEST_JITTER_M = 100_000.0
AGE_BANDS = ("<1", "1-6", "7-19", "20-59", "60+")
_AGE_EDGES = (-np.inf, 1, 7, 20, 60, np.inf)


def suppress_small_cells(
    table: pd.DataFrame,
    *,
    counts: str,
    by: Sequence[str] | None = None,
    min_cell: int = 5,
    totals: bool = True,
    suppress_zeros: bool = False,
) -> pd.DataFrame:
    """Hide small counts of a table, and as many others as it takes that sums do not reveal them.

    Parameters
    ----------
    table
        One row a cell: the columns `by` say which, every combination once; combinations that are
        not there count as zero.
    counts
        Column of whole numbers, 0 or more.
    by
        The dimensions of the table. None: all columns but `counts`.
    min_cell
        Counts below are hidden, above zero (and zero too with `suppress_zeros`).
    totals
        Whether the sums over each dimension are added, as rows with "total" in it. Without them
        the same cells are hidden, since totals tend to be known from elsewhere.
    suppress_zeros
        Whether to hide zeros as well. If not, a hidden count is known to be at least 1.

    Returns
    -------
    DataFrame
        The columns `by`, `counts` (Int64, missing where hidden) and `suppressed`. Which of the
        hidden counts are small is not said, for that would narrow them down.

    Raises
    ------
    DataError
        A column is missing, a cell is missing or stands twice, a count is no whole number, or a
        dimension holds the word "total".
    SpecError
        `min_cell` is below 2 or there is no dimension.

    Notes
    -----
    Small cells and small totals are hidden first (primary suppression). Then, in every line of
    the table (cells and their total) with just one hidden, the smallest other is hidden too. At
    last the table is audited as a reader with pencil and paper would: integer programmes find the
    least and the largest value that each small cell can have given everything that is shown, and
    more cells are hidden until every small cell may have been anything from 1 (or 0) to
    `min_cell - 1` (Fischetti and Salazar 2001; tau-Argus and R's sdcTable solve the same task).
    As few cells as possible are not promised. Tables of more than some thousand cells take long.

    Examples
    --------
    >>> table = pd.DataFrame({"district": list("aabb"), "agent": ["x", "y"] * 2,
    ...                       "cases": [2, 20, 9, 30]})
    >>> suppress_small_cells(table, counts="cases", totals=False)
      district agent  cases  suppressed
    0        a     x   <NA>        True
    1        a     y   <NA>        True
    2        b     x   <NA>        True
    3        b     y   <NA>        True
    """
    dimensions = _dimensions(table, counts, by)
    if min_cell < 2:
        message = f"min_cell={min_cell} hides nothing; give 2 or more"
        raise SpecError(message)
    cube = _Cube.of(table, dimensions, counts)
    hidden = cube.suppressed(min_cell, suppress_zeros=suppress_zeros)
    shown = [_labelled(cube, at) for at in cube.given]
    at_rows = list(cube.given)
    if totals:
        sums = [at for at in cube.positions if cube.is_total(at)]
        shown += [_labelled(cube, at) for at in sums]
        at_rows += sums
    values = [pd.NA if hidden[at] else int(cube.counts[at]) for at in at_rows]
    result = pd.DataFrame(shown, columns=list(dimensions), dtype=object)
    for name in dimensions:
        if not totals:
            result[name] = table[name].to_numpy()
    result[counts] = pd.array(values, dtype="Int64")
    result["suppressed"] = [bool(hidden[at]) for at in at_rows]
    return result


def _dimensions(table: pd.DataFrame, counts: str, by: Sequence[str] | None) -> tuple[str, ...]:
    dimensions = (
        tuple(name for name in table.columns if name != counts) if by is None else tuple(by)
    )
    for name in (counts, *dimensions):
        if name not in table.columns:
            listed = ", ".join(repr(column) for column in table.columns)
            message = f"table: there is no column {name!r}; there are {listed}"
            raise DataError(message)
    if not dimensions or counts in dimensions:
        message = f"by={list(dimensions)!r}: name one or more columns other than {counts!r}"
        raise SpecError(message)
    return dimensions


At = tuple[int, ...]


@dataclass(frozen=True)
class _Cube:
    """Counts in as many dimensions as there are, with the totals at the end of each."""

    counts: NDArray[np.int64]
    given: list[At]  # where the rows of the table stand
    labels: list[list[object]]

    @classmethod
    def of(cls, table: pd.DataFrame, dimensions: Sequence[str], counts: str) -> "_Cube":
        numbers = _whole_numbers(table[counts], counts)
        places, labels = [], []
        for name in dimensions:
            codes, uniques = pd.factorize(table[name], sort=False)
            _refuse_rows(table, codes < 0, name, "are missing", "fill them in")
            is_total = (table[name].astype(object) == TOTAL).to_numpy()
            remedy = "leave totals out; they are made"
            _refuse_rows(table, is_total, name, f"are {TOTAL!r}", remedy)
            places.append(codes)
            labels.append([*uniques, TOTAL])
        twice = table.duplicated(list(dimensions), keep=False).to_numpy()
        _refuse_rows(table, twice, ", ".join(dimensions), "stand twice", "add them up first")
        values = np.zeros([len(names) - 1 for names in labels], dtype=np.int64)
        values[tuple(places)] = numbers
        for axis in range(values.ndim):
            values = np.concatenate([values, values.sum(axis=axis, keepdims=True)], axis=axis)
        given = [tuple(int(code) for code in row) for row in zip(*places, strict=True)]
        return cls(values, given, labels)

    @property
    def positions(self) -> list[At]:
        return list(np.ndindex(self.counts.shape))

    def is_total(self, at: At) -> bool:
        """Whether a position is a sum over a dimension at least."""
        return any(n == size - 1 for n, size in zip(at, self.counts.shape, strict=True))

    def lines_of(self, at: At) -> list[tuple[int, At]]:
        """Name the lines through a position: the dimension, and where the line begins."""
        return [(axis, (*at[:axis], 0, *at[axis + 1 :])) for axis in range(len(at))]

    def line(self, name: tuple[int, At]) -> list[At]:
        """Return the positions of a line; the last is the total of the others."""
        axis, start = name
        size = self.counts.shape[axis]
        return [(*start[:axis], n, *start[axis + 1 :]) for n in range(size)]

    def suppressed(self, min_cell: int, *, suppress_zeros: bool) -> NDArray[np.bool_]:
        """Return which positions are hidden."""
        least = 0 if suppress_zeros else 1
        small = (self.counts < min_cell) & (self.counts >= least)
        hidden = small.copy()
        audit = _Audit(self, small, least, min_cell - 1)
        pending = [at for at in self.positions if hidden[at]]
        while True:
            self._pair_up(hidden, pending, least)
            exposed = audit.exposed(hidden)
            if exposed is None:
                return hidden
            extra = self._cheapest(hidden, exposed, least)
            if extra is None:
                return hidden  # everything that could hide it is hidden
            hidden[extra] = True
            pending = [extra]

    def _pair_up(self, hidden: NDArray[np.bool_], pending: list[At], least: int) -> None:
        """Hide a second position in every line that has one hidden."""
        while pending:
            at = pending.pop()
            for name in self.lines_of(at):
                line = self.line(name)
                if sum(bool(hidden[other]) for other in line) == 1:
                    extra = self._smallest((other for other in line if not hidden[other]), least)
                    if extra is not None:
                        hidden[extra] = True
                        pending.append(extra)

    def _smallest(self, positions: Iterable[At], least: int) -> At | None:
        """Choose what to hide: a cell before a total, the smallest count, the first."""
        able = [at for at in positions if self.counts[at] >= least]
        return min(able, key=lambda at: (self.is_total(at), self.counts[at], at), default=None)

    def _cheapest(self, hidden: NDArray[np.bool_], together: list[At], least: int) -> At | None:
        """Choose what else to hide among the lines through positions."""
        names = {name for at in together for name in self.lines_of(at)}
        near = {at for name in sorted(names) for at in self.line(name) if not hidden[at]}
        return self._smallest(sorted(near), least)

    def components(self, hidden: NDArray[np.bool_]) -> list[list[At]]:
        """Return the hidden positions that lines tie together."""
        left = {at for at in self.positions if hidden[at]}
        components = []
        while left:
            stack = [min(left)]
            found = []
            left.discard(stack[0])
            while stack:
                at = stack.pop()
                found.append(at)
                for name in self.lines_of(at):
                    for other in self.line(name):
                        if other in left:
                            left.discard(other)
                            stack.append(other)
            components.append(sorted(found))
        return sorted(components)

    def equations(self, index: Mapping[At, int]) -> tuple[sparse.csr_array, NDArray[np.float64]]:
        """Return what the lines say of the hidden positions: their signed sums."""
        names = sorted({name for at in index for name in self.lines_of(at)})
        rows, columns, signs, sums = [], [], [], []
        for row, name in enumerate(names):
            *parts, total = self.line(name)
            known = 0
            for at, sign in [*((at, 1) for at in parts), (total, -1)]:
                if at in index:
                    rows.append(row)
                    columns.append(index[at])
                    signs.append(sign)
                else:
                    known += sign * int(self.counts[at])
            sums.append(-float(known))
        shape = (len(names), len(index))
        matrix = sparse.csr_array((np.array(signs, dtype=np.float64), (rows, columns)), shape=shape)
        return matrix, np.array(sums)


class _Audit:
    """What a reader can find out about small counts from what is shown.

    Every possible table that was found for one position tells something about all others, and
    stays possible when more is hidden; so its values are remembered.
    """

    def __init__(self, cube: _Cube, small: NDArray[np.bool_], least: int, most: int) -> None:
        self._cube = cube
        self._small = small
        self._least = least  # every small count must possibly be this
        self._most = most  # and this
        self._lowest = cube.counts.copy()
        self._highest = cube.counts.copy()

    def exposed(self, hidden: NDArray[np.bool_]) -> list[At] | None:
        """Return positions tied to a small count that what is shown narrows down, if there is."""
        for together in self._cube.components(hidden):
            doubtful = [at for at in together if self._small[at] and not self._is_safe(at)]
            if not doubtful:
                continue
            index = {at: n for n, at in enumerate(together)}
            equations = self._cube.equations(index)
            for at in doubtful:
                for sign in (1.0, -1.0):
                    if not self._is_safe(at):
                        self._remember(together, self._extreme(equations, index[at], sign))
                if not self._is_safe(at):
                    return together
        return None

    def _is_safe(self, at: At) -> bool:
        return bool(self._lowest[at] <= self._least and self._highest[at] >= self._most)

    def _extreme(
        self, equations: tuple[sparse.csr_array, NDArray[np.float64]], column: int, sign: float
    ) -> NDArray[np.int64]:
        """Find a possible table where a position is lowest (or highest, as far as matters)."""
        matrix, sums = equations
        size = matrix.shape[1]
        cost = np.zeros(size)
        cost[column] = sign
        upper = np.full(size, np.inf)
        upper[column] = max(self._most, float(self._cube.counts.max()))
        # With up to two dimensions the equations are those of a network: whole without asking.
        whole = int(self._cube.counts.ndim > 2)
        found = optimize.milp(
            cost,
            integrality=np.full(size, whole, dtype=np.int64),
            bounds=optimize.Bounds(np.full(size, float(self._least)), upper),
            constraints=optimize.LinearConstraint(matrix, sums, sums),
        )
        if found.x is None:
            message = f"the audit of the table failed: {found.message}"
            raise RuntimeError(message)
        return np.rint(found.x).astype(np.int64)

    def _remember(self, together: list[At], values: NDArray[np.int64]) -> None:
        for at, value in zip(together, values.tolist(), strict=True):
            self._lowest[at] = min(self._lowest[at], value)
            self._highest[at] = max(self._highest[at], value)


def _labelled(cube: _Cube, at: At) -> list[object]:
    return [names[n] for names, n in zip(cube.labels, at, strict=True)]


def _whole_numbers(values: "pd.Series[Any]", name: str) -> NDArray[np.int64]:
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = ~(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers)))
    _refuse_rows(values.to_frame(), bad, name, "are no counts", "give whole numbers, 0 or more")
    return numbers.astype(np.int64)


def _refuse_rows(
    table: pd.DataFrame, bad: NDArray[np.bool_], column: str, problem: str, remedy: str
) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        shown = ", ".join(str(label) for label in table.index[rows[:5]])
        more = ", ..." if len(rows) > 5 else ""
        message = f"table, column {column!r}: {len(rows)} {problem} (rows {shown}{more}); {remedy}"
        raise DataError(message)


def jitter(
    frame: pd.DataFrame,
    *,
    radius_m: float,
    random_state: int,
    latitude: str = "latitude",
    longitude: str = "longitude",
) -> pd.DataFrame:
    """Move every point to a random place around it, uniform in a disc of a stated radius.

    Parameters
    ----------
    frame
        Points in degrees of WGS-84; rows without a point stay without.
    radius_m
        Radius of the disc in metres, up to 100,000. No point moves farther, on a sphere of the
        mean radius nor on the ellipsoid.
    random_state
        Seed. A point moves to the same place whenever and with whatever other rows it is moved
        with the same seed, so that neither many cases at one address nor many versions of a table
        give the address away by their mean. Who knows the seed can undo the move: keep it.

    Returns
    -------
    DataFrame
        A copy with `latitude` and `longitude` (Float64) moved.

    Raises
    ------
    SpecError
        The radius is out of range or the seed is negative.
    DataError
        A column is missing or a coordinate is impossible.

    Examples
    --------
    >>> cases = pd.DataFrame({"latitude": [39.13], "longitude": [117.25]})
    >>> moved = jitter(cases, radius_m=500, random_state=1)
    >>> bool(moved["latitude"].iloc[0] != 39.13)
    True
    """
    if not 0 < radius_m <= _LARGEST_JITTER_M:
        message = f"radius_m={radius_m!r} must lie between 0 and {_LARGEST_JITTER_M:,.0f}"
        raise SpecError(message)
    if random_state < 0:
        message = f"random_state={random_state!r} must be a whole number, 0 or more"
        raise SpecError(message)
    columns = {}
    for name, limit in ((latitude, 90.0), (longitude, 180.0)):
        if name not in frame.columns:
            listed = ", ".join(repr(column) for column in frame.columns)
            message = f"frame: there is no column {name!r}; there are {listed}"
            raise DataError(message)
        numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = frame[name].notna().to_numpy() & ~(np.abs(numbers) <= limit)
        remedy = f"give degrees between -{limit:g} and {limit:g}"
        _refuse_rows(frame, bad, name, "are no coordinates", remedy)
        columns[name] = numbers
    points = np.column_stack([columns[latitude], columns[longitude]])
    known = np.isfinite(points).all(axis=1)
    moved = np.full_like(points, np.nan)
    if known.any():
        spots, which = np.unique(points[known] + 0.0, axis=0, return_inverse=True)
        draws = np.array([_draws(spot, random_state) for spot in spots.tolist()])
        moved[known] = _moved(spots, draws, radius_m)[which.reshape(-1)]
    result = frame.copy()
    result[latitude] = pd.Series(moved[:, 0], index=frame.index).astype("Float64")
    result[longitude] = pd.Series(moved[:, 1], index=frame.index).astype("Float64")
    return result


def _draws(spot: Sequence[float], seed: int) -> tuple[float, float]:
    """Return two numbers in [0, 1) that depend on the point and the seed alone."""
    key = hashlib.blake2b(str(seed).encode()).digest()
    digest = hashlib.blake2b(struct.pack("<2d", *spot), key=key, digest_size=16).digest()
    one, other = struct.unpack("<2Q", digest)
    return (one >> 11) * 2.0**-53, (other >> 11) * 2.0**-53


def _moved(
    spots: NDArray[np.float64], draws: NDArray[np.float64], radius_m: float
) -> NDArray[np.float64]:
    """Go from each spot along a great circle: a random direction, a distance uniform by area."""
    angle = radius_m / _LARGEST_RADIUS_M * np.sqrt(draws[:, 0])
    bearing = 2 * np.pi * draws[:, 1]
    latitude, longitude = np.radians(spots).T
    sine = np.sin(latitude) * np.cos(angle) + np.cos(latitude) * np.sin(angle) * np.cos(bearing)
    north = np.arcsin(np.clip(sine, -1.0, 1.0))
    east = longitude + np.arctan2(
        np.sin(bearing) * np.sin(angle) * np.cos(latitude),
        np.cos(angle) - np.sin(latitude) * np.sin(north),
    )
    around = (np.degrees(east) + 180.0) % 360.0 - 180.0
    return np.column_stack([np.degrees(north), around])


class _Cases(Protocol):
    @property
    def frame(self) -> pd.DataFrame: ...
    @property
    def exposures(self) -> pd.DataFrame: ...
    @property
    def specimens(self) -> pd.DataFrame: ...


# What leaves; everything else stays. Symptoms leave as well.
_AS_IT_IS = {
    "frame": ("sex", "revisit", "inpatient", "antibiotic", "fever_c", "vomit_n", "stool_n",
              "stool_type"),
    "exposures": ("exposure", "food_class", "packaging", "venue_type", "purchase_venue_type",
                  "n_ate", "others_ill"),
    "specimens": ("specimen", "specimen_type", "positive", "agent", "serotype"),
}  # fmt: skip
_DAYS = {
    "frame": ("reported", "onset", "visit"),
    "exposures": ("eaten",),
    "specimens": ("sampled",),
}
_COMMON_ONLY = {
    "frame": ("occupation", "diagnosis", "residence_class"),
    "exposures": ("food", "brand"),
    "specimens": (),
}
_COUNTY_DIGITS = 6
_QUASI_IDENTIFIERS = ("age_group", "sex", "home_code")  # hidden in this order
_SYMPTOM = "symptom_"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, eq=False)
class SharedCases:
    """Cases that can be given away; see `share`.

    `frame`, `exposures` and `specimens` are as in `Cases`, with a `case` that is only a number;
    `report` says for every column what was done with it and to how many values.
    """

    frame: pd.DataFrame
    exposures: pd.DataFrame
    specimens: pd.DataFrame
    report: pd.DataFrame

    def __repr__(self) -> str:
        """Say how much there is."""
        return (
            f"SharedCases({len(self.frame):,} cases, {len(self.exposures):,} exposures, "
            f"{len(self.specimens):,} specimens)"
        )

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {
            "frame": self.frame,
            "exposures": self.exposures,
            "specimens": self.specimens,
            "report": self.report,
        }

    def to_csv(self, folder: str | Path) -> None:
        """Write frame.csv, exposures.csv, specimens.csv and report.csv (UTF-8 with BOM)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            _unformulated(table).to_csv(folder / f"{name}.csv", index=False, encoding="utf-8-sig")


def share(cases: _Cases, *, radius_m: float, random_state: int, min_cell: int = 5) -> SharedCases:
    """Return cases without what tells who they are.

    What is not on a list of columns to give away is left out: identifiers, keyed hashes, case
    numbers and rows of the file, free texts, addresses, names of venues and hospitals. Of the rest:

    - cases are shuffled and numbered anew;
    - times become days, ages the bands <1, 1-6, 7-19, 20-59 and 60+, codes those of the county;
    - homes are moved within `radius_m` metres (`jitter`);
    - an occupation, diagnosis, class of residence, food or brand that fewer than `min_cell` cases
      have is hidden;
    - where fewer than `min_cell` cases share age group, sex and county, the age group is hidden,
      then the sex, then the county with the home, until no such group is left.

    This takes away what names a person and what singles one out by those three; it is
    de-identified in the sense of GB/T 37964-2019, not anonymous: dates and symptoms that somebody
    knows still point at a case. Give it under an agreement, and publish tables only
    (`suppress_small_cells`).

    Parameters
    ----------
    cases
        `Cases`, or anything with the tables `frame`, `exposures` and `specimens`.
    radius_m
        Radius of the jitter in metres.
    random_state
        Seed of order and jitter. Who knows it can undo both: keep it.
    min_cell
        How many cases must have a thing in common for it to be shown.

    Returns
    -------
    SharedCases
        Three tables, and a report of what was done to each column.

    Raises
    ------
    DataError
        There is no `case_id`, or it stands twice in `frame`.
    SpecError
        `min_cell`, the radius or the seed is out of range.
    """
    if min_cell < 2:
        message = f"min_cell={min_cell} hides nothing; give 2 or more"
        raise SpecError(message)
    numbers = _new_numbers(cases.frame, random_state)
    report: list[tuple[str, str, str, int]] = []
    tables = {}
    for name in _AS_IT_IS:
        table: pd.DataFrame = getattr(cases, name)
        shared = _reduced(name, table, numbers, min_cell, report)
        if name == "frame":
            shared = _people(table, shared, radius_m, random_state, min_cell, report)
        kept = {column for of, column, *_ in report if of == name}
        left_out = [str(column) for column in table.columns if column not in kept]
        report += [(name, column, "left out", len(table)) for column in left_out]
        order = [column for column in ("case", "exposure", "specimen") if column in shared]
        tables[name] = shared.sort_values(order, kind="stable", ignore_index=True)
    done = pd.DataFrame(report, columns=["table", "column", "done", "values"])
    return SharedCases(**tables, report=done)


def _new_numbers(frame: pd.DataFrame, random_state: int) -> "pd.Series[Any]":
    """Give the cases numbers in a random order that does not depend on theirs."""
    if "case_id" not in frame.columns:
        message = "cases.frame: there is no column 'case_id'"
        raise DataError(message)
    twice = frame["case_id"].duplicated(keep=False).to_numpy()
    _refuse_rows(frame, twice, "case_id", "stand twice", "give every case one row")
    names = sorted(str(name) for name in frame["case_id"])
    order = np.random.default_rng(random_state).permutation(len(names))
    return pd.Series(order + 1, index=names)


def _reduced(
    name: str,
    table: pd.DataFrame,
    numbers: "pd.Series[Any]",
    min_cell: int,
    report: list[tuple[str, str, str, int]],
) -> pd.DataFrame:
    """Take over what may leave as it is, days, and what enough cases have in common."""
    case = table["case_id"].astype(str).map(numbers).astype("Int64")
    columns: dict[str, pd.Series[Any]] = {"case": case}
    for column in table.columns:
        values = table[column]
        if column in _AS_IT_IS[name] or str(column).startswith(_SYMPTOM):
            columns[column], done, changed = values, "as it is", 0
        elif column in _DAYS[name]:
            columns[column], done = values.dt.normalize(), "day only"
            changed = int((columns[column] != values).fillna(False).sum())
        elif column in _COMMON_ONLY[name]:
            columns[column], changed = _common(values, case, min_cell)
            done = f"hidden where fewer than {min_cell} cases have it"
        else:
            continue
        report.append((name, str(column), done, changed))
    return pd.DataFrame(columns)


def _common(
    values: "pd.Series[Any]", case: "pd.Series[Any]", min_cell: int
) -> "tuple[pd.Series[Any], int]":
    """Hide values that few cases have."""
    having = pd.DataFrame({"value": values.astype("string"), "case": case}).drop_duplicates()
    rare = having.groupby("value")["case"].transform("size") < min_cell
    hide = values.astype("string").isin(having.loc[rare, "value"])
    return values.astype("string").mask(hide), int(hide.sum())


def _people(
    table: pd.DataFrame,
    shared: pd.DataFrame,
    radius_m: float,
    random_state: int,
    min_cell: int,
    report: list[tuple[str, str, str, int]],
) -> pd.DataFrame:
    """Add age groups, counties, whether people died, and moved homes; hide who stands out."""
    if "age_years" in table:
        ages = table["age_years"].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        bands = pd.cut(ages, _AGE_EDGES, right=False, labels=list(AGE_BANDS))
        shared["age_group"] = pd.Series(bands, index=table.index).astype("string")
        report.append(("frame", "age_years", "band", int(shared["age_group"].notna().sum())))
    if "death" in table:
        shared["died"] = table["death"].notna()
        report.append(("frame", "death", "whether", int(shared["died"].sum())))
    if "home_code" in table:
        codes = table["home_code"].astype("string").str.slice(0, _COUNTY_DIGITS)
        shared["home_code"] = codes
        report.append(("frame", "home_code", "county only", int(codes.notna().sum())))
    if {"latitude", "longitude"} <= set(table.columns):
        points = jitter(
            table[["latitude", "longitude"]], radius_m=radius_m, random_state=random_state
        )
        shared[["latitude", "longitude"]] = points
        for column in points:
            done = f"moved within {radius_m:,.0f} m"
            report.append(("frame", str(column), done, int(points[column].notna().sum())))
    quasi = [column for column in _QUASI_IDENTIFIERS if column in shared]
    for column in quasi:
        group = shared[quasi].astype("string").fillna("").groupby(quasi)[column]
        hide = (group.transform("size") < min_cell) & shared[column].notna()
        shared[column] = shared[column].mask(hide)
        done = f"hidden where fewer than {min_cell} cases share {', '.join(quasi)}"
        report.append(("frame", column, done, int(hide.sum())))
        if column == "home_code" and "latitude" in shared:  # the point would give it away
            shared.loc[hide, ["latitude", "longitude"]] = pd.NA
            done = "hidden with the county"
            report += [("frame", name, done, int(hide.sum())) for name in ("latitude", "longitude")]
    return shared


def _unformulated(table: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would take for a formula."""
    result = table.copy()
    for column in result.columns:
        if isinstance(result[column].dtype, pd.StringDtype) or result[column].dtype == object:
            texts = result[column].astype("string")
            formula = texts.str.startswith(_FORMULA).fillna(False).astype(bool)
            result[column] = texts.mask(formula, "'" + texts)
    return result
