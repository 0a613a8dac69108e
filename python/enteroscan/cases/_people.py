"""Who the reports are about: a keyed hash, birth date and sex."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._language import Texts
from enteroscan.cases._columns import Values
from enteroscan.cases._export import Export
from enteroscan.cases._identity import HIDDEN, get_salt, parse_id_numbers, person_keys
from enteroscan.cases._readings import Reader, take
from enteroscan.cases._rows import Grouping
from enteroscan.cases._understand import Readings
from enteroscan.cases._values import MISSING

Births = NDArray[np.datetime64]


@dataclass(frozen=True)
class People:
    """The person of every report; None where unknown."""

    person: Values  # keyed hash
    key: Values  # what it is the hash of: id_number, name_birth_date, ...
    birth: Births | None
    sex: Values | None


def find_people(
    export: Export,
    reader: Reader,
    readings: Readings,
    reports: Grouping,
    salt: str | bytes | None,
    texts: Texts,
) -> People:
    """Hash identities, and learn birth dates and sexes from identity numbers."""
    sex = readings.of_report("sex", reports)
    birth = _birth_dates(export, reader, reports)
    number = None
    id_column = export.column("id_number")
    if id_column is not None:
        table = parse_id_numbers(id_column)
        of, _, header = export.of("id_number")[0]
        reader.report(id_column, table["problem"].to_numpy(dtype=object), of, header)
        codes = reports.first(id_column.codes)
        number = take(table["number"].to_numpy(dtype=object), codes)
        id_birth = take(table["birth_date"].to_numpy(), codes)
        id_sex = take(table["sex"].to_numpy(dtype=object), codes)
        row = export.numbers[reports.first_row]
        if sex is not None:
            wrong = pd.notna(id_sex) & pd.notna(sex) & (id_sex != sex)
            export.problems.add("id_sex", row[wrong], header, HIDDEN, field="sex")
        if birth is not None:
            wrong = ~np.isnat(birth) & ~np.isnat(id_birth) & (birth != id_birth)
            export.problems.add("id_birth", row[wrong], header, HIDDEN, field="birth_date")
            birth = np.where(np.isnat(birth), id_birth, birth)
        else:
            birth = id_birth
        sex = id_sex if sex is None else np.where(pd.isna(sex), id_sex, sex)
    n = reports.n_cases
    if number is None and not export.mapping.has("name"):
        nobody = np.full(n, None, dtype=object)
        return People(nobody, nobody, birth, sex)
    person, key = person_keys(
        id_number=number,
        birth_date=birth,
        sex=sex,
        texts=lambda name: _identity_text(name, export, reports),
        salt=get_salt(salt, texts),
        n=n,
    )
    return People(person, key, birth, sex)


def _identity_text(name: str, export: Export, reports: Grouping) -> Values | None:
    """Return the first text of an identifying field in every report."""
    column = export.column(name)
    if column is None:
        return None
    texts = column.texts()
    blank = [len(text) < 12 and text.lower() in MISSING for text in texts.tolist()]
    codes = np.where(np.array([*blank, True])[column.codes], np.int32(-1), column.codes)
    return take(texts, reports.first(codes))


def _birth_dates(export: Export, reader: Reader, reports: Grouping) -> Births | None:
    for of, place, header in export.of("birth_date"):
        reading = reader.moments(export.columns[place], of, header)
        return np.asarray(take(reading.distinct, reports.first(reading.codes)))
    return None
