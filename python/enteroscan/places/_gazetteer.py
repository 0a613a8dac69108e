"""Tables of places: administrative codes and names to coordinates."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._spreadsheets import is_workbook
from enteroscan.errors import DataError
from enteroscan.places._datums import CRS, Floats, to_wgs84
from enteroscan.vocabulary import normalise_text
from enteroscan.vocabulary._files import csv_lines, read_text

_SHOWN = 5
# What the columns of a table of places are called; the first that is there is taken.
_COLUMNS = {
    "code": (
        "code",
        "adcode",
        "行政区划代码",
        "区划代码",
        "国标码",
        "国标",
        "代码",
        "编码",
        "统计用区划代码",
    ),
    "name": ("name", "region", "名称", "地名", "行政区划名称", "区划名称", "全称", "街道", "地区"),
    "latitude": ("latitude", "lat", "纬度", "y"),
    "longitude": ("longitude", "lon", "lng", "经度", "x"),
}
# Digits of a canonical code -> what it is.
LEVELS = {2: "province", 4: "city", 6: "county", 9: "street", 12: "village"}
_SEPARATORS = re.compile(r"[/\\,;>|\-\s]+")
_PLACEHOLDERS = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "市辖县")
_AREAS = "省市区县州盟旗"  # what names of areas end with
_ENDINGS = re.compile(
    r"(?<=..)(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|自治州|自治县|街道办事处|办事处|街道|地区|"
    r"省|市|区|县|盟|旗|镇|乡)$"
)


def canonical_code(code: object) -> str | None:
    """Return an administrative code without the zeros that only fill it up, or None if it is none.

    2 digits are a province, 4 a city, 6 a county (GB/T 2260), 9 a street or town, 12 a village
    (GB/T 10114 and the code tables of the statistics). Numbers that Excel made of codes are read.

    >>> canonical_code("120102000000"), canonical_code("120100"), canonical_code(120102001.0)
    ('120102', '1201', '120102001')
    """
    if isinstance(code, float | np.floating):
        if not np.isfinite(code) or code != np.floor(code):
            return None
        code = int(code)
    text = normalise_text(str(code)).removesuffix(".0").replace(" ", "")
    if not (text.isascii() and text.isdigit()) or len(text) not in LEVELS or text[0] == "0":
        return None
    for length, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(text) == length and not text[shorter:].strip("0"):
            text = text[:shorter]
    return text


@dataclass(frozen=True, eq=False)
class Located:
    """Where rows were located, and how.

    `frame` is indexed like the rows: `latitude`, `longitude` (WGS-84), `by` (`code`, `name`, or
    missing where the row was not located), `level` (`province`, `city`, `county`, `street`,
    `village`, or missing for places without a code), `parent` (whether a larger area stands for the
    place itself), `place` (the code or name found) and `problem` (`no code or name`, `unknown`,
    `ambiguous name`).
    """

    frame: pd.DataFrame

    @property
    def share(self) -> float:
        """Share of the rows that were located; NaN where there are none."""
        return float(self.frame["by"].notna().mean()) if len(self.frame) else float("nan")

    @property
    def report(self) -> pd.DataFrame:
        """Rows and their share by how they were located, or why not."""
        keys = ["by", "level", "parent", "problem"]
        table = self.frame.groupby(keys, dropna=False, sort=True, observed=True).size()
        report = table.rename("rows").reset_index()
        return report.assign(share=report["rows"] / max(len(self.frame), 1))

    def __repr__(self) -> str:
        located = int(self.frame["by"].notna().sum())
        return f"Located({located:,} of {len(self.frame):,} rows)"


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """A table of places with coordinates, to locate cases that have none; see `read`.

    `places` has the columns `code` (canonical, or missing), `name`, `latitude` and `longitude`
    (WGS-84).

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "code": ["120102", "120102001"], "name": ["天津市/河东区", "天津市/河东区/大王庄街道"],
    ...     "latitude": [39.13, 39.125], "longitude": [117.25, 117.22]})
    >>> places = Gazetteer.read(table)
    >>> cases = pd.DataFrame({"home_code": ["120102001000", None],
    ...                       "home_region": [None, "天津市河东区"]})
    >>> places.locate(cases).frame[["latitude", "longitude", "by", "level"]]
       latitude  longitude    by   level
    0    39.125     117.22  code  street
    1     39.13     117.25  name  county
    """

    places: pd.DataFrame

    def __repr__(self) -> str:
        return f"Gazetteer({len(self.places):,} places)"

    @classmethod
    def read(
        cls,
        table: pd.DataFrame | str | Path,
        *,
        crs: CRS = "wgs84",
        code: str | None = None,
        name: str | None = None,
        latitude: str | None = None,
        longitude: str | None = None,
    ) -> Self:
        """Read places from a DataFrame, a CSV file (UTF-8 or GB18030) or an Excel workbook.

        Parameters
        ----------
        table
            A code or a name, and coordinates in degrees. Names may be paths (省/市/县/街道).
        crs
            System of the coordinates.
        code, name, latitude, longitude
            What the columns are called, if not code or 行政区划代码, name or 名称, latitude or
            纬度, longitude or 经度 and the like.

        Raises
        ------
        DataError
            A column is missing, coordinates are missing or impossible, codes are no codes or stand
            twice. The message names the rows.
        """
        where, frame = "places", table
        if not isinstance(frame, pd.DataFrame):
            where = str(table)
            frame = _read_table(Path(where))
        given = {"code": code, "name": name, "latitude": latitude, "longitude": longitude}
        found = {role: _find(frame, role, given[role], where) for role in _COLUMNS}
        if found["code"] is None and found["name"] is None:
            message = f"{where}: there is neither a code nor a name; there are {_listed(frame)}"
            raise DataError(message)
        points = _coordinates(frame, found, where, crs)
        codes = _codes(frame, found["code"], where)
        names = (
            pd.Series(pd.NA, index=frame.index, dtype="string")
            if found["name"] is None
            else _filled(frame[found["name"]].astype("string").str.strip())
        )
        places = pd.DataFrame(
            {
                "code": codes.array,
                "name": names.array,
                "latitude": points[0],
                "longitude": points[1],
            }
        )
        nameless = places["code"].isna() & places["name"].isna()
        _refuse(frame, nameless.to_numpy(), where, "have neither a code nor a name", "fill one in")
        return cls(places)

    def locate(
        self,
        frame: pd.DataFrame,
        *,
        code: str = "home_code",
        name: str = "home_region",
        allow_parents: bool = False,
    ) -> Located:
        """Find the places of rows by code, and by name where no code leads to one.

        Parameters
        ----------
        frame
            Rows with a column of codes, of names (parts joined by /, or all in one), or both.
        allow_parents
            Whether the county may stand for a street that is not in the table, the city for a
            county, and so on: by its own row, or by the mean of the places in it. Such rows are
            marked `parent`; many of them at one point make a cluster where there is none.

        Returns
        -------
        Located
            `.frame` with coordinates, `.share` located, `.report` by how.

        Notes
        -----
        A name is taken when just one place has it. With or without 省, 市, 区, 街道 it is the same
        name. A place given by its last parts only (大王庄街道) is found if no other has them, and
        if no part that both name contradicts it.
        """
        if code not in frame.columns and name not in frame.columns:
            message = f"there is neither {code!r} nor {name!r}; there are {_listed(frame)}"
            raise DataError(message)
        codes = _column(frame, code)
        names = _column(frame, name)
        pairs = pd.MultiIndex.from_arrays([codes.fillna(""), names.fillna("")])
        numbers, distinct = pd.factorize(pairs)
        found = [self._find(*pair, allow_parents=allow_parents) for pair in distinct]
        table = pd.DataFrame(
            found,
            columns=["latitude", "longitude", "by", "level", "parent", "place", "problem"],
        ).astype(
            {
                "latitude": "Float64",
                "longitude": "Float64",
                "by": "string",
                "level": "string",
                "parent": "boolean",
                "place": "string",
                "problem": "string",
            }
        )
        return Located(table.take(numbers).set_axis(frame.index, axis=0))

    def _find(self, code: str, name: str, *, allow_parents: bool) -> tuple[Any, ...]:
        canonical = canonical_code(code) if code else None
        if canonical is not None and canonical in self._by_code:
            return self._found(self._by_code[canonical], "code")
        parts = _region_parts(name)
        row = self._by_parts(parts)
        if row is not None and row != _AMBIGUOUS:
            return self._found(row, "name")
        above = self._above(canonical, parts) if allow_parents else None
        if above is not None:
            return above
        if not code and not parts:
            return _not_found("no code or name")
        return _not_found("unknown" if row is None else "ambiguous name")

    def _found(self, row: int, by: str) -> tuple[Any, ...]:
        latitude, longitude = self._points[row]
        code, name = self._codes[row], self._names[row]
        return latitude, longitude, by, _level(code), False, code or name, pd.NA

    def _above(self, code: str | None, parts: Sequence[str]) -> tuple[Any, ...] | None:
        """Find a larger area: its own row, or the mean of the places in it."""
        for length in sorted(LEVELS, reverse=True) if code else ():
            above = (code or "")[:length]
            if len(code or "") < length:
                continue
            if above in self._by_code:
                latitude, longitude = self._points[self._by_code[above]]
                return latitude, longitude, "code", _level(above), True, above, pd.NA
            if above in self._middles:
                latitude, longitude = self._middles[above]
                return latitude, longitude, "code", _level(above), True, above, pd.NA
        for end in range(len(parts) - 1, 0, -1):
            row = _first(self._by_name, parts[:end])
            if row is not None and row != _AMBIGUOUS:
                found = self._found(row, "name")
                return (*found[:4], True, *found[5:])
        return None

    def _by_parts(self, parts: Sequence[str]) -> int | None:
        """Find the place whose whole path ends the parts, or whose path the parts end."""
        for start in range(len(parts)):
            row = _first(self._by_name, parts[start:])
            if row is not None:
                return row
        for tail in _tails(parts[-1]) if parts else ():
            if tail in self._by_name:
                return self._by_name[tail]
        return _first(self._by_ending, parts)

    @cached_property
    def _codes(self) -> list[str | None]:
        return [None if pd.isna(code) else str(code) for code in self.places["code"]]

    @cached_property
    def _names(self) -> list[str]:
        return ["" if pd.isna(name) else str(name) for name in self.places["name"]]

    @cached_property
    def _points(self) -> list[tuple[float, float]]:
        points = self.places[["latitude", "longitude"]].to_numpy(np.float64).tolist()
        return [(latitude, longitude) for latitude, longitude in points]

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: row for row, code in enumerate(self._codes) if code is not None}

    @cached_property
    def _by_name(self) -> dict[str, int]:
        paths = [_region_parts(name) for name in self._names]
        return _unique((key, row) for row, parts in enumerate(paths) for key in _keys(parts))

    @cached_property
    def _by_ending(self) -> dict[str, int]:
        paths = [_region_parts(name) for name in self._names]
        return _unique((key, row) for row, parts in enumerate(paths) for key in _ending_keys(parts))

    @cached_property
    def _middles(self) -> dict[str, tuple[float, float]]:
        """Mean coordinates of the most detailed places below every code."""
        below: dict[str, list[int]] = {}
        for row, code in enumerate(self._codes):
            for length in LEVELS:
                if code is not None and length < len(code):
                    below.setdefault(code[:length], []).append(row)
        middles = {}
        for code, rows in below.items():
            latitude, longitude = np.mean([self._points[row] for row in rows], axis=0).tolist()
            middles[code] = (latitude, longitude)
        return middles


_AMBIGUOUS = -1


def _unique(entries: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, row in entries:
        if key:
            found[key] = row if found.get(key, row) == row else _AMBIGUOUS
    return found


def _not_found(problem: str) -> tuple[Any, ...]:
    return pd.NA, pd.NA, pd.NA, pd.NA, pd.NA, pd.NA, problem


def _level(code: str | None) -> str | None:
    return None if code is None else LEVELS[len(code)]


def _region_parts(name: str) -> list[str]:
    """Split a name at its separators, without placeholders and repetitions."""
    parts: list[str] = []
    for part in _SEPARATORS.split(normalise_text(name)):
        if part and part not in _PLACEHOLDERS and part not in parts[-1:]:
            parts.append(part)
    return parts


def _keys(parts: Sequence[str]) -> tuple[str, str]:
    """Return parts as they are and without what kind of area each is."""
    return "".join(parts), "".join(_short(part) for part in parts)


def _ending_keys(parts: Sequence[str]) -> set[str]:
    """Return the keys of all ends of a path."""
    starts = range(1, len(parts))
    return {key for start in starts for key in _keys(parts[start:])} | set(_tails("".join(parts)))


def _tails(name: str) -> list[str]:
    """Return what stands behind each area of an unseparated name, the longest first."""
    return [name[end:] for end in range(2, len(name) - 2) if name[end - 1] in _AREAS]


def _first(table: Mapping[str, int], parts: Sequence[str]) -> int | None:
    whole, short = _keys(parts)
    return table.get(whole, table.get(short))


def _short(part: str) -> str:
    """Leave out what kind of area a name is."""
    return _ENDINGS.sub("", part)


def _column(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    if name not in frame.columns:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    return frame[name].map(_text, na_action="ignore").astype("string")


def _filled(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    return texts.mask(texts == "")


def _text(value: object) -> str:
    if isinstance(value, float | np.floating) and value == np.floor(value):
        return str(int(value))
    return str(value).strip()


def _read_table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        message = f"{path}: there is no such file"
        raise DataError(message)
    with path.open("rb") as file:
        start = file.read(8)
    return _read_workbook(path) if is_workbook(start) else _read_csv(path)


def _read_workbook(path: Path) -> pd.DataFrame:
    """Read the first sheet; codes that Excel made numbers of are read as codes later."""
    import python_calamine as calamine

    try:
        return pd.read_excel(path, engine="calamine", dtype=object)
    except (calamine.CalamineError, ValueError, OSError):
        message = f"{path}: the workbook cannot be read; save it without a password, or as CSV"
        raise DataError(message) from None


def _read_csv(path: Path) -> pd.DataFrame:
    lines = csv_lines(read_text(path), str(path))
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    if not header:
        message = f"{path}: the file is empty"
        raise DataError(message)
    rows = list(lines)
    bad = [str(number) for number, row in rows if len(row) != len(header)]
    if bad:
        more = ", ..." if len(bad) > _SHOWN else ""
        message = (
            f"{path}: {len(bad)} lines have another number of cells than the header "
            f"({', '.join(bad[:_SHOWN])}{more}); correct them"
        )
        raise DataError(message)
    return pd.DataFrame([row for _, row in rows], columns=header)


def _find(frame: pd.DataFrame, role: str, given: str | None, where: str) -> str | None:
    if given is not None:
        if given not in frame.columns:
            message = f"{where}: there is no column {given!r}; there are {_listed(frame)}"
            raise DataError(message)
        return given
    written = {normalise_text(str(column)): str(column) for column in frame.columns}
    found = next((written[name] for name in _COLUMNS[role] if name in written), None)
    if found is None and role in ("latitude", "longitude"):
        message = (
            f"{where}: there is no column {role!r}; there are {_listed(frame)}. "
            f"Say which it is: {role}=..."
        )
        raise DataError(message)
    return found


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(repr(column) for column in frame.columns) or "no columns"


def _coordinates(
    frame: pd.DataFrame, found: dict[str, str | None], where: str, crs: CRS
) -> tuple[Floats, Floats]:
    numbers = []
    for role, limit in (("latitude", 90.0), ("longitude", 180.0)):
        column = str(found[role])
        values = pd.to_numeric(frame[column], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        bad = ~(np.abs(values) <= limit)
        problem = f"have no {role} between -{limit:g} and {limit:g} in column {column!r}"
        _refuse(frame, bad, where, problem, "correct them, or take these places out")
        numbers.append(values)
    return to_wgs84(*numbers, crs=crs)


def _codes(frame: pd.DataFrame, column: str | None, where: str) -> "pd.Series[Any]":
    if column is None:
        return pd.Series(pd.NA, index=frame.index, dtype="string")
    texts = _filled(_column(frame, column))
    codes = texts.map(canonical_code, na_action="ignore").astype("string")
    bad = (codes.isna() & texts.notna()).to_numpy()
    problem = f"have no code of 2, 4, 6, 9 or 12 digits in column {column!r}"
    _refuse(frame, bad, where, problem, "correct them")
    twice = (codes.duplicated(keep=False) & codes.notna()).to_numpy()
    remedy = "keep one row of each place"
    _refuse(frame, twice, where, f"have a code of another row in column {column!r}", remedy)
    return codes


def _refuse(
    frame: pd.DataFrame, bad: NDArray[np.bool_], where: str, problem: str, remedy: str
) -> None:
    rows = np.flatnonzero(bad)
    if not len(rows):
        return
    shown = ", ".join(str(label) for label in frame.index[rows[:_SHOWN]])
    more = ", ..." if len(rows) > _SHOWN else ""
    message = f"{where}: {len(rows)} rows {problem} (rows {shown}{more}); {remedy}"
    raise DataError(message)
