"""The table of cases."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import vocabulary
from enteroscan.cases import _checks as checks
from enteroscan.cases._arrays import (
    categories_of,
    days_of,
    floats_of,
    joined,
    no_texts,
    number_array,
    text_array,
    texts_of,
    times_of,
)
from enteroscan.cases._case_values import CaseValues
from enteroscan.cases._columns import Column, Values, choose, objects
from enteroscan.cases._options import Options
from enteroscan.cases._people import People
from enteroscan.cases._readings import Reader, take
from enteroscan.cases._symptoms import symptoms

SEXES = ("male", "female")
LOCATED_BY = ("coordinates", "place_table", "none")
HOME_PARTS = ("home_province", "home_city", "home_county", "home_street")
AGE_IN_MONTHS = 5  # years, below which an age from a birth date has months
AGES_DIFFER = 1.01  # years between an age given and that from the birth date


def case_frame(
    values: CaseValues, people: People, case_ids: Column | None, reader: Reader, options: Options
) -> pd.DataFrame:
    """Make the table of cases."""
    n, export, merging = values.n, values.export, values.merging
    columns: dict[str, Any] = {
        "case_id": pd.array(unique_ids(values, case_ids), dtype="string"),
        "source_row": pd.array(export.numbers[merging.cases.first_row], dtype="Int64"),
        "source": text_array(
            np.array([export.source.name], dtype=object), np.zeros(n, dtype=np.int32)
        ),
        "person": pd.array(people.person[merging.report_of_case], dtype="string"),
    }
    for name in ("reported", "onset", "visit", "death"):
        columns |= times_of(name, values.first(name), n)
    values.first("sex")  # for its contradictions
    sex = merging.first(people.sex)
    columns["sex"] = pd.Categorical(sex if sex is not None else [None] * n, categories=list(SEXES))
    birth = merging.first(people.birth)
    columns["age_years"] = _ages(values, birth, columns)
    for name in ("occupation", "hospital"):
        columns[name] = texts_of(values.first(name), n)
    classes = vocabulary.residence_classes()["key"].tolist()
    columns["residence_class"] = categories_of(values.first("residence_class"), n, classes)
    columns["home_code"] = texts_of(values.first("home_code"), n)
    columns["home_region"] = _home_region(values)
    columns |= _coordinates(values, columns, options)
    for name in ("revisit", "inpatient", "antibiotic"):
        columns[name] = values.truth(name, any_of=name != "revisit")
    for name in ("antibiotic_name", "history"):
        columns[name] = texts_of(values.first(name), n)
    columns |= symptoms(values, reader)
    columns["diagnosis"] = texts_of(values.first("diagnosis"), n)
    for name in options.keep:
        if name == "birth_date":
            columns[name] = days_of(None, n) if birth is None else birth
        elif name != "eat_address":
            columns[name] = _identifier(name, values)
    return pd.DataFrame(columns)


def unique_ids(values: CaseValues, case_ids: Column | None) -> Values:
    """Make case numbers unique and never missing."""
    cases = values.merging.cases
    ids = np.full(cases.n_cases, None, dtype=object)
    if case_ids is not None:
        ids = take(case_ids.distinct, cases.first(case_ids.codes))
    ids = choose(pd.isna(ids), None, ids)
    missing = np.array([value is None for value in ids.tolist()], dtype=bool)
    rows = values.export.numbers[cases.first_row]
    ids[missing] = [f"row-{row}" for row in rows[missing]]
    again = pd.Series(ids, dtype=object).duplicated()
    taken = set(ids) if again.any() else set()
    for place in np.flatnonzero(again):
        number = 2
        while f"{ids[place]}-{number}" in taken:
            number += 1
        ids[place] = f"{ids[place]}-{number}"
        taken.add(ids[place])
    return ids


def _ages(values: CaseValues, birth: NDArray[np.datetime64] | None, columns: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the ages given, else those from birth dates at onset, visit or report."""
    ages = floats_of(values.first("age_years"), values.n)
    if birth is None:
        return number_array(ages, "Float64")
    reference = days_of(None, values.n)
    for name in ("onset", "visit", "reported"):
        reference = np.where(np.isnat(reference), columns[name], reference)
    computed = age_between(birth, reference)
    wrong = np.abs(ages - computed) > AGES_DIFFER
    values.export.problems.add(
        "age_birth",
        values.export.numbers[values.merging.cases.first_row][wrong],
        values.export.header("age_years"),
        objects(f"{age:g}" for age in ages[wrong]),
        field="age_years",
    )
    return number_array(np.where(np.isnan(ages), computed, ages), "Float64")


def age_between(birth: NDArray[np.datetime64], day: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return completed years, for small children completed months as parts of a year."""
    months = day.astype("datetime64[M]").astype(np.float64) - birth.astype("datetime64[M]").astype(
        np.float64
    )
    missing = np.isnat(birth) | np.isnat(day)
    of_month = [
        (times - times.astype("datetime64[M]")).astype("timedelta64[D]").astype(np.int64)
        for times in (birth.astype("datetime64[D]"), day.astype("datetime64[D]"))
    ]
    months = months - (of_month[1] < of_month[0])
    years = np.where(months < 12 * AGE_IN_MONTHS, np.round(months / 12, 2), np.floor(months / 12))
    return np.where(missing | (months < 0), np.nan, years)


def _home_region(values: CaseValues) -> Any:  # noqa: ANN401
    """Join province, city, county and street, whichever are there."""
    names = (*HOME_PARTS, "home_region")
    found = [r for name in names if (r := values.readings.of_case(name)) is not None]
    return joined([values.pick(reading) for reading in found], values.n)


def _coordinates(values: CaseValues, columns: dict[str, Any], options: Options) -> dict[str, Any]:
    """Return checked coordinates in WGS-84, and how they were found."""
    latitude, longitude = checks.coordinates(
        floats_of(values.first("latitude"), values.n),
        floats_of(values.first("longitude"), values.n),
        values.export.numbers[values.merging.cases.first_row],
        values.export.problems,
        crs=options.crs,
        area=options.area,
        field="latitude",
        column=", ".join(values.export.headers("latitude", "longitude", "coordinates")),
    )
    latitude, longitude = checks.to_wgs84(latitude, longitude, options.crs)
    located = np.where(np.isnan(latitude), "none", "coordinates").astype(object)
    if options.places is not None and values.n:
        from enteroscan.cases._places import locate

        found = locate(
            options.places, columns["home_code"], columns["home_region"], np.isnan(latitude)
        )
        use = np.isnan(latitude) & ~np.isnan(found[0])
        latitude = np.where(use, found[0], latitude)
        longitude = np.where(use, found[1], longitude)
        located[use] = "place_table"
    return {
        "latitude": number_array(latitude, "Float64"),
        "longitude": number_array(longitude, "Float64"),
        "located_by": pd.Categorical(located, categories=list(LOCATED_BY)),
    }


def _identifier(name: str, values: CaseValues) -> Any:  # noqa: ANN401
    """Return an identifier that was asked for."""
    column = values.export.column(name)
    if column is None:
        return no_texts(values.n)
    return text_array(column.texts(), values.merging.cases.first(column.codes))
