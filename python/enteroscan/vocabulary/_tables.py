"""The tables of the vocabulary: read, checked, and overridden by a folder of the user."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from enteroscan.errors import DataError
from enteroscan.vocabulary._files import csv_lines, read_text
from enteroscan.vocabulary._text import normalise_text

TableName = Literal[
    "symptoms",
    "stool_types",
    "agents",
    "agent_symptoms",
    "food_classes",
    "foods",
    "packagings",
    "venue_types",
    "venues",
    "residence_classes",
    "specimen_types",
    "result_words",
    "diagnoses",
]

_NAMES = ("key", "zh", "en", "aliases")
# Columns beside key, zh, en and aliases, and what they hold.
_COLUMNS: dict[TableName, dict[str, str]] = {
    "symptoms": {"system": "string", "on_form": "bool"},
    "stool_types": {},
    "agents": {
        "incubation_min_h": "float64",
        "incubation_median_h": "float64",
        "incubation_max_h": "float64",
        "symptoms": "string",
        "vehicles_zh": "string",
        "icd10": "string",
        "kind": "string",
        "source": "string",
        "note": "string",
        "outbreak_share": "float64",
    },
    "agent_symptoms": {
        "agent": "string",
        "symptom": "string",
        "frequency": "float64",
        "source": "string",
    },
    "food_classes": {"verified": "bool"},
    "foods": {"parent": "string", "rank": "string", "verified": "bool"},
    "packagings": {"verified": "bool"},
    "venue_types": {"kind": "string", "pattern": "string", "order": "float64", "verified": "bool"},
    "venues": {"parent": "string"},
    "residence_classes": {},
    "specimen_types": {},
    "result_words": {},
    "diagnoses": {},
}
_IDENTITY: dict[TableName, tuple[str, ...]] = {"agent_symptoms": ("agent", "symptom")}
_SHOWN = 5
_KEY = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, kw_only=True, eq=False)
class Vocabulary:
    """Names, codes and properties of what case reports are about; see `load`.

    Every table has the columns `key` (English, to compute with), `zh`, `en`, and `aliases` (other
    spellings, separated by |), and some more:

    - `symptoms`: `system`, and whether it is `on_form`, the national case form;
    - `agents`: the incubation `incubation_min_h`, `_median_h` and `_max_h` in hours,
      discriminating `symptoms` (keys, separated by |), `vehicles_zh`, `icd10`, `kind`, `source`,
      `outbreak_share` (of outbreaks of known cause, missing where rare);
    - `agent_symptoms`: the share of cases of an `agent` with a `symptom` (without names);
    - `foods`: a tree under `food_classes`; `parent` is a food or a class, `food_class` the class
      at its top, `path` the way there, `rank` whether it is a group or a food, `verified` whether
      its place is that of an official list;
    - `venue_types`: `kind`, and the `pattern` that recognises names of such venues, tried in
      `order`;
    - `venues`: chains; `parent` is the venue type.

    `sources` says where each table comes from, its version, and whether it was verified.
    """

    symptoms: pd.DataFrame
    stool_types: pd.DataFrame
    agents: pd.DataFrame
    agent_symptoms: pd.DataFrame
    food_classes: pd.DataFrame
    foods: pd.DataFrame
    packagings: pd.DataFrame
    venue_types: pd.DataFrame
    venues: pd.DataFrame
    residence_classes: pd.DataFrame
    specimen_types: pd.DataFrame
    result_words: pd.DataFrame
    diagnoses: pd.DataFrame
    sources: pd.DataFrame

    def __repr__(self) -> str:
        rows = (f"{name} {len(self.table(name))}" for name in get_args(TableName))
        return f"Vocabulary({', '.join(rows)})"

    def table(self, name: TableName) -> pd.DataFrame:
        """Return a copy of a table."""
        if name not in _COLUMNS:
            message = f"there is no table {name!r}; choose from {', '.join(_COLUMNS)}"
            raise DataError(message)
        frame: pd.DataFrame = getattr(self, name)
        return frame.copy()

    def keys(self, name: TableName) -> Mapping[str, str]:
        """Return what keys the names and aliases of a table have, by their normalised spelling."""
        return self._keys[name]

    def to_keys(self, values: "pd.Series[Any]", table: TableName) -> "pd.Series[Any]":
        """Return the keys of texts of a form, missing where a text is no name of the table.

        >>> texts = pd.Series(["家庭自制", "ＰＲＥＰＡＣＫＥＤ", "?"])
        >>> load().to_keys(texts, "packagings").to_list()
        ['home_made', 'prepacked', <NA>]
        """
        return normalise_text(values).map(self.keys(table)).astype("string")

    @cached_property
    def _keys(self) -> dict[TableName, dict[str, str]]:
        return {
            name: _spellings(getattr(self, name), name)
            for name in get_args(TableName)
            if name not in _IDENTITY
        }


def load(folder: str | Path | None = None) -> Vocabulary:
    """Return the vocabulary, with what the files of a folder override and add.

    Parameters
    ----------
    folder
        CSV files (UTF-8 or GB18030) called like the tables, `foods.csv` for example. A row whose
        `key` is there already replaces the cells that it fills; other rows are added. Columns may
        be left out. `sources.toml` in the folder says where its rows come from.

    Raises
    ------
    DataError
        A file is not that of a table, a key stands twice, a name belongs to two keys, a parent or
        symptom is unknown, a tree has a circle, or an incubation is not minimum <= median <=
        maximum. The message names the file, the column and the first rows.

    Examples
    --------
    >>> vocabulary = load()
    >>> vocabulary.agents.set_index("key").loc["norovirus", "incubation_median_h"]
    np.float64(33.0)
    """
    return _built_in() if folder is None else _read(Path(folder))


@cache
def _built_in() -> Vocabulary:
    return _read(None)


def _read(folder: Path | None) -> Vocabulary:
    data = files("enteroscan.vocabulary").joinpath("data")
    sources = tomllib.loads(data.joinpath("sources.toml").read_text(encoding="utf-8"))
    added: dict[str, Path] = {}
    if folder is not None:
        added = _files_of(folder)
        if (folder / "sources.toml").is_file():
            sources = _with_sources(sources, folder / "sources.toml")
    tables: dict[str, pd.DataFrame] = {}
    for name in get_args(TableName):
        text = data.joinpath(f"{name}.csv").read_text(encoding="utf-8")
        rows = _rows(text, name, f"{name}.csv")
        if name in added:
            path = added[name]
            rows = _override(rows, _rows(read_text(path), name, str(path)), name)
        tables[name] = _typed(rows, name, str(added.get(name, f"{name}.csv")))
    where = {name: str(added.get(name, f"{name}.csv")) for name in tables}
    tables["foods"] = _with_paths(tables["foods"], tables["food_classes"], where["foods"])
    _check(tables, where)
    return Vocabulary(**tables, sources=_source_table(sources))


def _files_of(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        message = f"{folder}: there is no such folder"
        raise DataError(message)
    found = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    unknown = [path.name for name, path in found.items() if name not in _COLUMNS]
    if unknown:
        message = (
            f"{folder}: no table is called like {', '.join(unknown)}; files may be called "
            f"{', '.join(f'{name}.csv' for name in _COLUMNS)}"
        )
        raise DataError(message)
    return found


def _with_sources(sources: dict[str, Any], path: Path) -> dict[str, Any]:
    try:
        added = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: {error}; write a [table] with version, source and verified"
        raise DataError(message) from error
    unknown = sorted(set(added) - set(_COLUMNS))
    if unknown:
        message = (
            f"{path}: no table is called {', '.join(unknown)}; there are {', '.join(_COLUMNS)}"
        )
        raise DataError(message)
    return {name: {**entry, **added.get(name, {})} for name, entry in sources.items()}


def _source_table(sources: Mapping[str, Mapping[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": pd.array(list(sources), dtype="string"),
            "version": pd.array([str(s["version"]) for s in sources.values()], dtype="string"),
            "source": pd.array([str(s["source"]) for s in sources.values()], dtype="string"),
            "verified": [bool(s["verified"]) for s in sources.values()],
        }
    )


def _rows(text: str, name: TableName, where: str) -> list[dict[str, str]]:
    lines = csv_lines(text, where)
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    known = _columns(name)
    wrong = [column for column in header if column not in known]
    identity = _IDENTITY.get(name, ("key",))
    missing = [column for column in identity if column not in header]
    if wrong or missing or len(set(header)) < len(header):
        message = (
            f"{where}: the columns are {', '.join(header) or 'none'}; there must be "
            f"{', '.join(identity)}, and there may be {', '.join(known)}, each once"
        )
        raise DataError(message)
    rows = []
    for number, line in lines:
        if len(line) != len(header):
            message = (
                f"{where}, line {number}: {len(line)} cells where the header has "
                f'{len(header)}; put texts with a comma between double quotes (")'
            )
            raise DataError(message)
        rows.append({column: cell.strip() for column, cell in zip(header, line, strict=True)})
    _check_keys(rows, name, where)
    return rows


def _columns(name: TableName) -> list[str]:
    return [*(() if name in _IDENTITY else _NAMES), *_COLUMNS[name]]


def _check_keys(rows: list[dict[str, str]], name: TableName, where: str) -> None:
    identity = _IDENTITY.get(name, ("key",))
    seen: set[tuple[str, ...]] = set()
    twice = []
    for row in rows:
        key = tuple(row[column] for column in identity)
        if key in seen:
            twice.append(" ".join(key))
        seen.add(key)
    _refuse(where, "/".join(identity), "stand twice", twice, "keep one row of each")
    bad = [part for key in seen for part in key if not _KEY.match(part)]
    remedy = "write small English letters, digits and _, beginning with a letter"
    _refuse(where, "/".join(identity), "are no keys", sorted(bad), remedy)


def _override(
    rows: list[dict[str, str]], added: list[dict[str, str]], name: TableName
) -> list[dict[str, str]]:
    identity = _IDENTITY.get(name, ("key",))
    table = {tuple(row[column] for column in identity): row for row in rows}
    for row in added:
        key = tuple(row[column] for column in identity)
        filled = {column: cell for column, cell in row.items() if cell}
        table[key] = {**table.get(key, {}), **filled}
    return list(table.values())


def _typed(rows: list[dict[str, str]], name: TableName, where: str) -> pd.DataFrame:
    cells = {column: [row.get(column, "") for row in rows] for column in _columns(name)}
    kinds = _COLUMNS[name]
    return pd.DataFrame(
        {
            column: _column(texts, kinds.get(column, "string"), column, where)
            for column, texts in cells.items()
        }
    )


def _column(
    texts: list[str], kind: str, column: str, where: str
) -> "pd.api.extensions.ExtensionArray | pd.Series[Any]":
    if kind == "string":
        return pd.array(texts, dtype="string")
    if kind == "bool":
        words = {"true": True, "false": False, "": False}
        bad = [text for text in texts if text.casefold() not in words]
        _refuse(where, column, "are neither true nor false", bad, "write true or false")
        return pd.Series([words[text.casefold()] for text in texts], dtype="bool")
    numbers = pd.to_numeric(pd.Series(texts, dtype=object).replace("", None), errors="coerce")
    bad = [text for text, no in zip(texts, numbers.isna(), strict=True) if text and no]
    _refuse(where, column, "are no numbers", bad, "write numbers")
    return numbers.astype("float64")


def _refuse(where: str, column: str, problem: str, bad: Iterable[str], remedy: str) -> None:
    values = list(bad)
    if not values:
        return
    shown = ", ".join(repr(value) for value in values[:_SHOWN])
    more = ", ..." if len(values) > _SHOWN else ""
    message = f"{where}, column {column!r}: {len(values)} {problem} ({shown}{more}); {remedy}"
    raise DataError(message)


def _spellings(frame: pd.DataFrame, where: str) -> dict[str, str]:
    """Return the key of every normalised name; a name of two keys is an error."""
    found: dict[str, str] = {}
    twice = []
    rows = zip(frame["key"], frame["zh"], frame["en"], frame["aliases"], strict=True)
    for key, chinese, english, aliases in rows:
        for name in (key, chinese, english, *aliases.split("|")):
            spelling = normalise_text(name)
            if spelling and found.setdefault(spelling, key) != key:
                twice.append(f"{name} of {found[spelling]} and {key}")
    _refuse(where, "aliases", "names belong to two keys", twice, "leave each with one key")
    return found


def _with_paths(foods: pd.DataFrame, classes: pd.DataFrame, where: str) -> pd.DataFrame:
    """Add the class and the path of every food, or say why there is none."""
    parents = dict(zip(foods["key"], foods["parent"], strict=True))
    tops = set(classes["key"])
    both = sorted(tops & set(parents))
    _refuse(where, "key", "are food classes as well", both, "give the foods other keys")
    unknown = [
        f"{key}: {top}" for key, top in parents.items() if top not in parents and top not in tops
    ]
    remedy = "name a key of foods or food_classes"
    _refuse(where, "parent", "are unknown", unknown, remedy)
    paths = {}
    for key in parents:
        path = [key]
        while path[0] not in tops:
            parent = parents[path[0]]
            if parent in path:
                circle = " -> ".join([*reversed(path), parent])
                _refuse(where, "parent", "goes round in a circle", [circle], "correct a parent")
            path.insert(0, parent)
        paths[key] = path
    return foods.assign(
        food_class=pd.array([paths[key][0] for key in foods["key"]], dtype="string"),
        path=pd.array(["/".join(paths[key]) for key in foods["key"]], dtype="string"),
    )


def _check(tables: Mapping[str, pd.DataFrame], where: Mapping[str, str]) -> None:
    for name, frame in tables.items():
        if name not in _IDENTITY:
            empty = frame.loc[(frame["zh"] == "") | (frame["en"] == ""), "key"]
            _refuse(where[name], "zh/en", "keys lack a name", empty, "fill in both languages")
            _spellings(frame, where[name])
    symptoms = set(tables["symptoms"]["key"])
    agents, pairs = tables["agents"], tables["agent_symptoms"]
    unknown = [
        f"{key}: {symptom}"
        for key, listed in zip(agents["key"], agents["symptoms"], strict=True)
        for symptom in listed.split("|")
        if symptom and symptom not in symptoms
    ]
    remedy = "name keys of symptoms, separated by |"
    _refuse(where["agents"], "symptoms", "are unknown", unknown, remedy)
    low, middle, high = (agents[f"incubation_{part}_h"] for part in ("min", "median", "max"))
    ordered = (low > 0) & (low <= middle) & (middle <= high)
    remedy = "write hours, 0 < minimum <= median <= maximum"
    _refuse(where["agents"], "incubation", "are out of order", agents.loc[~ordered, "key"], remedy)
    for column, known in (("agent", set(agents["key"])), ("symptom", symptoms)):
        bad = pairs.loc[~pairs[column].isin(known), column]
        _refuse(where["agent_symptoms"], column, "are unknown", bad, f"name keys of {column}s")
    outside = pairs.loc[~pairs["frequency"].between(0, 1), "agent"]
    remedy = "write shares between 0 and 1"
    _refuse(where["agent_symptoms"], "frequency", "are no shares", outside, remedy)
    shares = agents["outbreak_share"]
    outside = agents.loc[shares.notna() & ~shares.between(0, 1), "key"]
    remedy = "write shares between 0 and 1"
    _refuse(where["agents"], "outbreak_share", "are no shares", outside, remedy)
    types = tables["venue_types"]
    broken = [pattern for pattern in types["pattern"] if not _compiles(pattern)]
    _refuse(where["venue_types"], "pattern", "are no regular expressions", broken, "correct them")
    homeless = types.loc[types["kind"] == "", "key"]
    _refuse(where["venue_types"], "kind", "keys lack a kind", homeless, "fill it in")
    venues = tables["venues"]
    bad = venues.loc[~venues["parent"].isin(types["key"]), "parent"]
    _refuse(where["venues"], "parent", "are unknown", bad, "name keys of venue_types")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
