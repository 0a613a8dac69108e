"""Which column is which field: the user's word, then exact aliases, then near ones."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rapidfuzz import fuzz, process

from enteroscan._language import Texts, why_unusable
from enteroscan.cases._fields import Fields
from enteroscan.cases._headers import kind_of, letter, plain, split_number, variants
from enteroscan.errors import DataError

ColumnMap = Mapping[str, str | Sequence[str] | None]

LEAST_SIMILARITY = 80.0  # per cent
LEAST_SIMILARITY_LATIN = 85.0  # letters say less than characters do
LEAST_LEAD = 5.0  # before the next field
SHORTEST_FUZZY = 4  # characters
SHOWN_HEADERS = 12
# Words that are near the name of a field, and mean something else.
_OTHER_THINGS = frozenset(
    ["country", "count", "nationality", "sample", "samples", "causeofdeath", "deathcause"]
)


@dataclass(frozen=True)
class Mapped:
    """A column that is read."""

    position: int
    header: str
    field: str
    number: int  # of the exposure or specimen in a row, from 1; 0 where the header has none
    match: str  # "given", "exact", "fuzzy"
    score: float


@dataclass(frozen=True)
class ColumnMapping:
    """All columns of a table, and the fields of those that are read."""

    header: tuple[str, ...]
    columns: tuple[Mapped, ...]

    def of_field(self, field: str) -> list[Mapped]:
        """Return the columns of a field in the order of their numbers."""
        return sorted(
            (column for column in self.columns if column.field == field),
            key=lambda column: (column.number, column.position),
        )

    def has(self, field: str) -> bool:
        """Whether a field has a column."""
        return any(column.field == field for column in self.columns)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a column of the file: letter, header, field, number, match, score."""
        known = {column.position: column for column in self.columns}
        rows = [
            (
                letter(place),
                header,
                column.field if (column := known.get(place)) else None,
                column.number or None if column else None,
                column.match if column else None,
                column.score if column else None,
            )
            for place, header in enumerate(self.header)
        ]
        frame = pd.DataFrame(
            rows, columns=["column", "header", "field", "number", "match", "score"]
        )
        return frame.astype(
            {
                "column": "string",
                "header": "string",
                "field": "string",
                "number": "Int64",
                "match": "string",
                "score": "Float64",
            }
        )


def read_column_map(columns: ColumnMap | str | Path | None, texts: Texts) -> ColumnMap:
    """Return which field has which header, as given or as a TOML file says under [columns]."""
    if columns is None:
        return {}
    if isinstance(columns, Mapping):
        return columns
    path = Path(columns)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        message = texts("no_file", file=path, error=why_unusable(error, texts.language))
        raise DataError(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = texts("toml", file=path, error=error)
        raise DataError(message) from None
    table = values.get("columns", values)
    if not isinstance(table, dict) or not all(
        isinstance(value, str)
        or (isinstance(value, list) and all(isinstance(v, str) for v in value))
        for value in table.values()
    ):
        message = texts("toml", file=path, error='onset = "发病时间"')
        raise DataError(message)
    return table


def map_columns(
    header: Sequence[str], fields: Fields, given: ColumnMap, file: str, texts: Texts
) -> ColumnMapping:
    """Decide which column is which field."""
    found: dict[int, Mapped] = {}
    _take_given(header, fields, given, file, texts, found)
    fixed = set(given)
    claims: dict[tuple[str, int], list[int]] = {}
    order = sorted(range(len(header)), key=lambda place: len(fields.candidates(header[place])))
    for place in order:
        if place in found or not header[place]:
            continue
        names = [name for name in fields.candidates(header[place]) if name not in fixed]
        if not names:
            continue
        number = _number_of(header[place], fields)
        free = [name for name in names if (name, number) not in claims]
        claims.setdefault((free[0] if free else names[0], number), []).append(place)
    for (name, number), places in claims.items():
        strong = [place for place in places if not fields.is_weak(header[place], name)]
        _claim(name, number, strong or places, header, fields, file, texts, found)
    _match_fuzzily(header, fields, fixed, file, texts, found)
    return ColumnMapping(tuple(header), tuple(found[place] for place in sorted(found)))


def _take_given(
    header: Sequence[str],
    fields: Fields,
    given: ColumnMap,
    file: str,
    texts: Texts,
    found: dict[int, Mapped],
) -> None:
    """Enter what the user said."""
    by_plain: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        by_plain.setdefault(plain(name), []).append(place)
    for field, names in given.items():
        if field not in fields:
            near = fields.candidates(field) or [
                name for name, _, _ in process.extract(field, list(fields.by_name), limit=3)
            ]
            message = texts("unknown_field", field=field, fields=", ".join(near))
            raise DataError(message)
        if not names:
            continue
        one = isinstance(names, str)
        for number, name in enumerate([names] if isinstance(names, str) else names, start=1 - one):
            exact = [place for place, cell in enumerate(header) if cell == name.strip()]
            places = exact or by_plain.get(plain(name), [])
            if not places:
                places = [place for place in range(len(header)) if letter(place) == name.strip()]
            if len(places) != 1:
                message = texts(
                    "given_column",
                    file=file,
                    field=field,
                    header=name,
                    n=len(places),
                    headers=_list_headers(header),
                )
                raise DataError(message)
            found[places[0]] = Mapped(places[0], header[places[0]], field, number, "given", 100.0)


def _number_of(header: str, fields: Fields) -> int:
    """Return the number of a header like 食品2, 0 where it has none."""
    if any(form in fields.index for form in variants(header)):
        return 0
    numbered = split_number(header)
    return numbered[1] if numbered is not None else 0


def _claim(
    name: str,
    number: int,
    places: list[int],
    header: Sequence[str],
    fields: Fields,
    file: str,
    texts: Texts,
    found: dict[int, Mapped],
) -> None:
    """Give columns their field: one column, or for exposures as many as repeat the header."""
    field = fields[name]
    places.sort()
    is_repeated = len({plain(header[place]) for place in places}) == 1
    if field.table == "case":
        is_ambiguous = len(places) > 1 and not field.is_identifier
    else:
        is_ambiguous = len(places) > 1 and not (is_repeated and number == 0)
    if is_ambiguous:
        candidates = ", ".join(f"{header[place]!r} ({letter(place)})" for place in places)
        message = texts(
            "ambiguous_field",
            file=file,
            field=name,
            title=field.title(texts.language),
            candidates=candidates,
            example=letter(places[0]),
        )
        raise DataError(message)
    for count, place in enumerate(places):
        if field.table != "case" and len(places) > 1:
            number = count + 1
        found[place] = Mapped(place, header[place], name, number, "exact", 100.0)


def _match_fuzzily(
    header: Sequence[str],
    fields: Fields,
    fixed: set[str],
    file: str,
    texts: Texts,
    found: dict[int, Mapped],
) -> None:
    """Give what is left the fields whose names are near."""
    taken = {column.field for column in found.values()} | fixed
    spellings = {
        spelling: names[0]
        for spelling, names in fields.index.items()
        if names[0] not in taken and len(spelling) >= SHORTEST_FUZZY and spelling not in fields.weak
    }
    if not spellings:
        return
    claims: dict[str, list[tuple[int, float]]] = {}
    for place, name in enumerate(header):
        if place in found:
            continue
        best = _nearest(name, spellings)
        if not best:
            continue
        (first, score), *others = best
        rivals = [other for other in others if other[1] > score - LEAST_LEAD]
        if rivals:
            candidates = ", ".join(
                f"{field} ({fields[field].title(texts.language)}, {near:.0f} %)"
                for field, near in [(first, score), *rivals]
            )
            message = texts(
                "ambiguous_column",
                file=file,
                header=name,
                column=letter(place),
                candidates=candidates,
                field=first,
            )
            raise DataError(message)
        claims.setdefault(first, []).append((place, score))
    for field, places in claims.items():
        if len(places) > 1:
            candidates = ", ".join(
                f"{header[place]!r} ({letter(place)}, {score:.0f} %)" for place, score in places
            )
            message = texts(
                "ambiguous_field",
                file=file,
                field=field,
                title=fields[field].title(texts.language),
                candidates=candidates,
                example=letter(places[0][0]),
            )
            raise DataError(message)
        place, score = places[0]
        found[place] = Mapped(place, header[place], field, 0, "fuzzy", round(score, 1))


def _nearest(header: str, spellings: Mapping[str, str]) -> list[tuple[str, float]]:
    """Return fields with their best similarity, the nearest first."""
    scores: dict[str, float] = {}
    for form in variants(header)[:4]:
        if not SHORTEST_FUZZY <= len(form) <= 40 or form in _OTHER_THINGS:
            continue
        least = LEAST_SIMILARITY_LATIN if form.isascii() else LEAST_SIMILARITY
        alike = [spelling for spelling in spellings if kind_of(spelling) == kind_of(form)]
        for spelling, score, _ in process.extract(
            form, alike, scorer=fuzz.ratio, score_cutoff=least, limit=8
        ):
            field = spellings[spelling]
            scores[field] = max(scores.get(field, 0.0), float(score))
    return sorted(scores.items(), key=lambda pair: -pair[1])


def _list_headers(header: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in header[:SHOWN_HEADERS])
    return f"{shown}, ..." if len(header) > SHOWN_HEADERS else shown
