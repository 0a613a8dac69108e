"""Symptoms of cases: columns of their own, and one free text."""

from typing import Any

import numpy as np
import pandas as pd

from enteroscan import vocabulary
from enteroscan.cases._arrays import categories_of, no_truths, number_array
from enteroscan.cases._case_values import CaseValues
from enteroscan.cases._columns import Column, objects
from enteroscan.cases._fields import SYMPTOM
from enteroscan.cases._readings import Reader, make_reading
from enteroscan.cases._values import MISSING, Symptoms, read_symptoms

NUMBERS = {"fever_c": "Float64", "vomit_n": "Int64", "stool_n": "Int64"}


def symptoms(values: CaseValues, reader: Reader) -> dict[str, Any]:
    """Put symptom columns and the free text together; a column counts before the text."""
    export = values.export
    truths: dict[str, Any] = {}
    for mapped in export.mapping.columns:
        if mapped.field.startswith(SYMPTOM):
            truths[mapped.field] = values.truth(mapped.field, any_of=True)
    numbers = {name: values.number(name, dtype) for name, dtype in NUMBERS.items()}
    kinds = vocabulary.stool_types()["key"].tolist()
    stool = categories_of(values.first("stool_type"), values.n, kinds)
    for of, place, header in export.of("symptoms"):
        column = export.columns[place]
        found = [read_symptoms(text) for text in column.texts().tolist()]
        reader.report(column, _unread(found, column), of, header)
        _add_truths(truths, found, column, values)
        _add_numbers(numbers, found, column, values)
        stool = _with_told(stool, found, column, values)
    order = [f"{SYMPTOM}{key}" for key in vocabulary.symptoms()["key"]]
    return {name: truths[name] for name in order if name in truths} | {
        **numbers,
        "stool_type": stool,
    }


def _unread(found: list[Symptoms], column: Column) -> Any:  # noqa: ANN401
    return objects(
        "symptoms_unread" if not result.mentioned and text.lower() not in MISSING else None
        for result, text in zip(found, column.texts().tolist(), strict=True)
    )


def _add_truths(
    truths: dict[str, Any], found: list[Symptoms], column: Column, values: CaseValues
) -> None:
    for key in sorted({key for result in found for key in result.mentioned}):
        name = f"{SYMPTOM}{key}"
        told = objects(result.mentioned.get(key) for result in found)
        more = values.truths(make_reading(column.codes, told), any_of=True)
        truths[name] = _fill(truths.get(name, no_truths(values.n)), more)


def _add_numbers(
    numbers: dict[str, Any], found: list[Symptoms], column: Column, values: CaseValues
) -> None:
    for name, dtype in NUMBERS.items():
        told = np.array([getattr(result, name) for result in found] + [None], dtype=np.float64)
        reading = values.pick(make_reading(column.codes, told[:-1]))
        numbers[name] = _fill(numbers[name], number_array(reading.rows, dtype))


def _with_told(
    stool: pd.Categorical, found: list[Symptoms], column: Column, values: CaseValues
) -> pd.Categorical:
    told = values.pick(
        make_reading(column.codes, objects(result.stool_type for result in found))
    ).rows
    if not pd.notna(told).any():
        return stool
    filled = np.where(pd.isna(stool), told, np.asarray(stool, dtype=object))
    return pd.Categorical(filled, categories=stool.categories)


def _fill(values: Any, more: Any) -> Any:  # noqa: ANN401
    """Return values with missing ones taken from others."""
    return pd.Series(values).fillna(pd.Series(more)).array
