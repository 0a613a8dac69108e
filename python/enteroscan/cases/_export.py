"""The part of a file that is read: its rows that are reports, its columns that are fields."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enteroscan.cases._columns import Column
from enteroscan.cases._fields import Field, Fields
from enteroscan.cases._headers import letter
from enteroscan.cases._mapping import ColumnMapping
from enteroscan.cases._quality import Problems
from enteroscan.cases._rows import set_aside
from enteroscan.cases._sources import Source

# Identifiers that are read even if they are not kept: to tell people apart, and to hide them.
FOR_KEYS = ("id_number", "name", "birth_date", "phone", "address")
FOR_HIDING = ("guardian",)


@dataclass(frozen=True)
class Export:
    """Rows and columns of a file, and where what is wrong with them is entered."""

    source: Source
    fields: Fields
    mapping: ColumnMapping
    problems: Problems
    numbers: NDArray[np.int64]  # of the rows in the file
    columns: dict[int, Column]  # by position
    n_listed: int | None  # rows of the sheet of cases, where others follow
    n_set_aside: int  # rows that are no reports

    def of(self, name: str) -> list[tuple[Field, int, str]]:
        """Return field, position and header of the columns of a field that were read."""
        return [
            (self.fields[name], column.position, column.header or letter(column.position))
            for column in self.mapping.of_field(name)
            if column.position in self.columns
        ]

    def column(self, name: str) -> Column | None:
        """Return the first column of a field."""
        places = self.of(name)
        return self.columns[places[0][1]] if places else None

    def header(self, name: str, otherwise: str = "") -> str:
        """Return the header of the first column of a field."""
        return next((header for _, _, header in self.of(name)), otherwise)

    def headers(self, *names: str) -> list[str]:
        """Return the headers of the columns of fields that were read."""
        return list(dict.fromkeys(header for name in names for _, _, header in self.of(name)))

    @property
    def header_row(self) -> int:
        """The row of the header in the file."""
        return _header_row(self.source)


def load(
    source: Source,
    fields: Fields,
    mapping: ColumnMapping,
    keep: tuple[str, ...],
    problems: Problems,
) -> Export:
    """Read the columns that are needed, and find the rows that are reports."""
    for column in mapping.columns:
        if column.match == "fuzzy":
            row = np.array([_header_row(source)])
            problems.add("fuzzy_column", row, column.header, column.field, field=column.field)
    wanted = [
        column.position
        for column in mapping.columns
        if not fields[column.field].is_identifier or column.field in (*keep, *FOR_KEYS, *FOR_HIDING)
    ]
    rows = source.read(wanted if 0 in wanted else [0, *wanted])
    margin = rows.columns[0] if 0 in wanted else rows.columns.pop(0)  # totals are named there
    if rows.ragged:
        numbers = np.array([number for number, _ in rows.ragged], dtype=np.int64)
        shown = np.array([str(n) for _, n in rows.ragged], dtype=object)
        problems.add("row_ragged", numbers, "", shown)
    if rows.cut is not None:
        number, n_fields = rows.cut
        problems.add("row_cut", np.array([number]), "", np.array([str(n_fields)], dtype=object))
    kept = set_aside(rows, margin, dict(enumerate(mapping.header)), problems)
    everything = bool(kept.all())
    return Export(
        source=source,
        fields=fields,
        mapping=mapping,
        problems=problems,
        numbers=rows.numbers if everything else rows.numbers[kept],
        columns=rows.columns
        if everything
        else {place: column.keep(kept) for place, column in rows.columns.items()},
        n_listed=None if rows.n_listed is None else int(kept[: rows.n_listed].sum()),
        n_set_aside=len(rows.ragged) + int((~kept).sum()),
    )


def _header_row(source: Source) -> int:
    return getattr(source, "header_row", 1)
