"""The fields of a case report, and what exports call them: data/fields.csv."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Literal

from enteroscan import vocabulary
from enteroscan.cases._headers import plain, segments, split_number, variants

TableName = Literal["case", "exposure", "specimen"]
LONGEST_HEADER = 60  # characters
WEAK = "?"  # stands behind aliases that yield to others
_ASKED = re.compile("^(?:是否有?|有无|有没有|has|had|any)")  # before a symptom
SYMPTOM = "symptom_"  # goes before the key of a symptom in the names of fields and columns


@dataclass(frozen=True)
class Field:
    """One field: its name here, its table, how its values are read, and its names elsewhere."""

    name: str
    table: TableName
    kind: str
    is_identifier: bool
    zh: str
    en: str
    aliases: tuple[str, ...]
    weak_aliases: tuple[str, ...] = ()  # count where no column has another name of the field

    @property
    def spellings(self) -> tuple[str, ...]:
        """Everything that a header may call the field."""
        return (self.name, self.zh, self.en, *self.aliases, *self.weak_aliases)

    def title(self, language: str) -> str:
        """Return the name in a language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Fields:
    """All fields by name, and the index of their spellings."""

    by_name: dict[str, Field]

    def __getitem__(self, name: str) -> Field:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def of_table(self, table: TableName) -> list[Field]:
        """Return the fields of a table in the order of the form."""
        return [field for field in self.by_name.values() if field.table == table]

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Names of the fields that say who somebody is."""
        return tuple(field.name for field in self.by_name.values() if field.is_identifier)

    @cached_property
    def index(self) -> dict[str, list[str]]:
        """Fields by plain spelling. Where there are several, the first that is free is meant."""
        index: dict[str, list[str]] = {}
        for field in self.by_name.values():
            for spelling in field.spellings:
                names = index.setdefault(plain(spelling), [])
                if field.name not in names:
                    names.append(field.name)
        index.pop("", None)
        return index

    @cached_property
    def weak(self) -> dict[str, str]:
        """Fields by plain spelling, of those that yield to any other name of the field."""
        return {
            plain(spelling): field.name
            for field in self.by_name.values()
            for spelling in field.weak_aliases
        }

    def is_weak(self, header: str, name: str) -> bool:
        """Whether a header is a name of a field that yields to others, like 序号 to 病例编号."""
        form = next((form for form in variants(header) if form in self.index), "")
        return self.weak.get(form) == name

    def count(self, cells: Sequence[str]) -> int:
        """Return how many cells are names of fields; symptoms count when others do."""
        found = {name for cell in cells if (name := self.find(cell)) is not None}
        return len(found)

    @cached_property
    def _found(self) -> dict[str, str | None]:
        return {}

    def find(self, header: str) -> str | None:
        """Return the field that a header names by an exact alias."""
        if len(header) > LONGEST_HEADER:
            return None
        if header not in self._found:
            names = self.candidates(header)
            self._found[header] = names[0] if names else None
        return self._found[header]

    def candidates(self, header: str) -> list[str]:
        """Return the fields that a header may name, by its most literal form that is known.

        What stands behind a separator has to say by itself what it is: phone_no is no number of a
        case.
        """
        if len(header) > LONGEST_HEADER:
            return []
        forms = variants(header)
        for form in forms:
            if form in self.index:
                return self.index[form]
        for depth in segments(header):
            if depth in self.index and depth not in self.weak:
                return self.index[depth]
        for form in forms:
            names = self.index.get(_ASKED.sub("", form), [])
            if names and self.by_name[names[0]].kind == "yes_no":
                return names
        numbered = split_number(header)
        if numbered is not None:
            names = self.candidates(numbered[0])
            return [name for name in names if self.by_name[name].table != "case"]
        return []


@cache
def fields() -> Fields:
    """Return the fields of the table and one for each symptom of the vocabulary."""
    text = (resources.files("enteroscan.cases") / "data" / "fields.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    known = {row["field"]: _field(row) for row in rows}
    for row in vocabulary.symptoms().itertuples(index=False):
        name = f"{SYMPTOM}{row.key}"
        aliases = tuple(str(row.aliases).split("|")) if isinstance(row.aliases, str) else ()
        known[name] = Field(
            name, "case", "yes_no", False, str(row.zh), str(row.en), (str(row.key), *aliases)
        )
    return Fields(known)


def _field(row: dict[str, str]) -> Field:
    table = row["table"]
    assert table in ("case", "exposure", "specimen")
    aliases = tuple(filter(None, row["aliases"].split("|")))
    return Field(
        name=row["field"],
        table=table,  # type: ignore[arg-type]
        kind=row["kind"],
        is_identifier=row["identifier"] == "yes",
        zh=row["zh"],
        en=row["en"],
        aliases=tuple(alias for alias in aliases if not alias.endswith(WEAK)),
        weak_aliases=tuple(alias.removesuffix(WEAK) for alias in aliases if alias.endswith(WEAK)),
    )
