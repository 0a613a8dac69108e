"""The table of specimens."""

import numpy as np
import pandas as pd

from enteroscan.cases._arrays import (
    bool_array,
    joined,
    texts_of,
    times_of,
)
from enteroscan.cases._columns import objects_of
from enteroscan.cases._details import Details, detail_keys, details, drop_repeated
from enteroscan.cases._export import Export
from enteroscan.cases._readings import RESULTS
from enteroscan.cases._rows import Grouping
from enteroscan.cases._understand import Readings
from enteroscan.cases._values import read_result


def specimen_frame(
    export: Export, readings: Readings, cases: Grouping, frame: pd.DataFrame
) -> tuple[pd.DataFrame, Details]:
    """Make the table of specimens; return also its rows."""
    table = details("specimen", export.fields, export.mapping, readings.by_place, cases)
    table = drop_repeated(table, export.numbers, "specimen_repeated", export.problems)
    n = len(table.case)
    columns = detail_keys(table, frame, "specimen", export.numbers)
    for name in ("specimen_id", "specimen_type"):
        columns[name] = texts_of(table.readings.get(name), n)
    columns["sampled"] = times_of("sampled", table.readings.get("sampled"), n)["sampled"]
    # The class of a result stands before its text.
    parts = [table.readings[name] for name in reversed(RESULTS) if name in table.readings]
    texts = joined(parts, n, "; ")
    codes, distinct = pd.factorize(texts)
    found = [read_result(str(text)) for text in distinct]
    unclear = np.array([*(not result.is_clear for result in found), False])[codes]
    export.problems.add(
        "result_unclear",
        export.numbers[table.row[unclear]],
        next((header for name in RESULTS for _, _, header in export.of(name)), ""),
        objects_of(pd.Series(texts[unclear])),
        field="result",
    )
    columns["result"] = texts
    positive = np.array([result.positive for result in found] + [None], dtype=object)
    agent = np.array([result.agent for result in found] + [None], dtype=object)
    columns["positive"] = bool_array(positive[codes])
    columns["agent"] = pd.array(agent[codes], dtype="string")
    columns["serotype"] = texts_of(table.readings.get("serotype"), n)
    return pd.DataFrame(columns), table
