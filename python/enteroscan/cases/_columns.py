"""Columns as numbers of distinct values: what is read is read once for each of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from enteroscan.errors import DataError

Codes = NDArray[np.int32]
Values = NDArray[Any]

_KEPT_TEXT = r'^="([^"]*)"$'  # ="001" keeps a spreadsheet from reading a number
BLANKS = " \t\r\n\x0b\x0c\x00\u3000\xa0\ufeff\u200b"


@dataclass(frozen=True)
class Column:
    """For every row the number of its value, -1 where blank; the distinct values, none blank.

    Values are an array of datetime64, of floats, or of objects: texts, dates, numbers.
    """

    codes: Codes
    distinct: Values

    def __len__(self) -> int:
        return len(self.codes)

    def keep(self, rows: NDArray[Any]) -> "Column":
        """Return the rows of a mask or of positions."""
        return Column(self.codes[rows], self.distinct)

    def texts(self) -> NDArray[Any]:
        """Return the values as texts."""
        return self._texts

    @cached_property
    def _texts(self) -> NDArray[Any]:
        values = self.distinct
        if values.dtype.kind == "O" and pd.api.types.infer_dtype(values) == "string":
            return values
        if values.dtype.kind == "M":
            values = pd.Series(values).astype(object).to_numpy()
        texts = [as_text(value) for value in values.tolist()]
        return objects(texts)


def objects(values: Iterable[object]) -> Values:
    """Return an array of objects, whatever they are."""
    return np.array([*values, None], dtype=object)[:-1]


def choose(mask: NDArray[np.bool_], yes: Any, no: Any) -> Values:  # noqa: ANN401
    """Return objects: ``yes`` where the mask is set, else ``no``."""
    chosen = np.full(len(mask), None, dtype=object)
    for where, values in ((mask, yes), (~mask, no)):
        chosen[where] = values[where] if isinstance(values, np.ndarray) else values
    return chosen


def objects_of(series: Any) -> Values:  # noqa: ANN401
    """Return the values of a Series as objects, None where missing."""
    values: Values = series.to_numpy(dtype=object, na_value=None)
    return values


def as_text(value: object) -> str:
    """Write a value as a person would: whole numbers without a fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def from_arrow(column: "pa.ChunkedArray[Any] | pa.Array[Any]") -> Column:
    """Make a column of an Arrow array of any plain type."""
    if isinstance(column, pa.ChunkedArray):
        column = (
            column.unify_dictionaries().combine_chunks()
            if column.num_chunks
            else pa.array([], column.type)
        )
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0)
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _from_times(column)
    if pa.types.is_boolean(kind):
        column = pc.if_else(column, "true", "false")
    if not pa.types.is_dictionary(column.type):
        if pa.types.is_nested(kind):
            message = f"lists and structures cannot be read ({kind})"
            raise DataError(message)
        column = pc.dictionary_encode(column)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    codes = codes.astype(np.int32, copy=False)
    values = column.dictionary
    if pa.types.is_floating(values.type) or pa.types.is_integer(values.type):
        return _without_blanks(codes, values.to_numpy(zero_copy_only=False))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        trimmed = pc.utf8_trim(values, characters=BLANKS)
        if pc.any(pc.starts_with(trimmed, '="')).as_py():
            trimmed = pc.replace_substring_regex(trimmed, _KEPT_TEXT, r"\1")
        if trimmed.equals(values) and pc.index(values, "").as_py() < 0:
            return Column(codes, _objects_of_arrow(values))
        values = trimmed
    elif pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        message = "bytes cannot be read; texts are wanted"
        raise DataError(message)
    return _without_blanks(codes, _objects_of_arrow(values))


def _objects_of_arrow(values: "pa.Array[Any]") -> Values:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=object)


def _from_times(column: "pa.Array[Any]") -> Column:
    # Wall time: a time with a zone is what a clock there shows.
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = pc.local_timestamp(column)
    codes, values = pd.factorize(column.to_pandas(date_as_object=False).to_numpy())
    return Column(codes.astype(np.int32), np.asarray(values))


def from_objects(cells: NDArray[Any]) -> Column:
    """Make a column of an array of anything: texts, numbers, dates, None."""
    cells = np.array([_clean(cell) for cell in cells.tolist()] or [], dtype=object)
    codes, values = pd.factorize(cells)
    return _without_blanks(codes.astype(np.int32), np.asarray(values, dtype=object))


def _clean(cell: object) -> object:
    if isinstance(cell, str):
        cell = cell.strip(BLANKS)
        return re.sub(_KEPT_TEXT, r"\1", cell) if cell.startswith('="') else cell
    if isinstance(cell, bool):  # or they would be one with 1 and 0
        return "true" if cell else "false"
    return cell


def from_series(series: "pd.Series[Any]") -> Column:
    """Make a column of a pandas Series of any type."""
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        series = series.dt.tz_localize(None)
    if series.dtype.kind == "M":
        days, values = pd.factorize(series.to_numpy())
        return Column(days.astype(np.int32), np.asarray(values))
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = from_objects(series.cat.categories.to_numpy(dtype=object))
        codes = np.append(categories.codes, np.int32(-1))[series.cat.codes.to_numpy()]
        return Column(codes, categories.distinct)
    if series.dtype.kind in "iuf" and not isinstance(
        series.dtype, pd.api.extensions.ExtensionDtype
    ):
        places, numbers = pd.factorize(series.to_numpy())
        return _without_blanks(places.astype(np.int32), np.asarray(numbers))
    return from_objects(objects_of(series))


def _without_blanks(codes: Codes, values: Values) -> Column:
    """Leave blank values out, and merge what became equal by trimming."""
    if values.dtype.kind in "iu":
        return Column(codes, values.astype(np.float64) if _is_exact(values) else _objects(values))
    if values.dtype.kind == "f":
        number, distinct = pd.factorize(values)
    else:
        values = values.copy()
        values[values == ""] = None
        number, distinct = pd.factorize(values)
        if len(distinct) == len(values):
            return Column(codes, values)
    renumber = np.append(number, -1).astype(np.int32)
    return Column(renumber[codes], np.asarray(distinct))


def _is_exact(values: Values) -> bool:
    return not len(values) or bool(np.abs(values.astype(np.float64)).max() < 2**53)


def _objects(values: Values) -> Values:
    return np.array([str(value) for value in values.tolist()], dtype=object)
