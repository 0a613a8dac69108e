"""The values of cases: the first that is known among the rows of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from enteroscan.cases._arrays import bool_array, no_truths, number_array
from enteroscan.cases._columns import objects
from enteroscan.cases._export import Export
from enteroscan.cases._readings import Reading
from enteroscan.cases._reports import Merging
from enteroscan.cases._understand import Readings


@dataclass(frozen=True)
class CaseValues:
    """Takes the values of cases from the readings of rows."""

    export: Export
    readings: Readings
    merging: Merging

    @property
    def n(self) -> int:
        """Number of cases."""
        return self.merging.cases.n_cases

    def pick(self, reading: Reading) -> Reading:
        """Return a reading of rows as one of cases."""
        codes = self.merging.cases.first(reading.codes)
        return Reading(codes, reading.distinct, reading.extra)

    def first(self, name: str) -> Reading | None:
        """Return a field's reading as one of cases; enter contradictions."""
        reading = self._checked(name)
        return None if reading is None else self.pick(reading)

    def truth(self, name: str, *, any_of: bool) -> Any:  # noqa: ANN401
        """Return the truths of a field; any_of: true if any row of the case says so."""
        reading = self._checked(name)
        return no_truths(self.n) if reading is None else self.truths(reading, any_of=any_of)

    def truths(self, reading: Reading, *, any_of: bool) -> Any:  # noqa: ANN401
        """Return the truths of cases of a reading of rows."""
        cases = self.merging.cases
        values = self.pick(reading).rows
        if any_of and cases.n_cases < len(cases.case):
            is_true = np.array([value is True for value in reading.distinct.tolist()] + [False])
            values = values.astype(object)
            values[cases.case[is_true[reading.codes]]] = True
        return bool_array(values)

    def number(self, name: str, dtype: str) -> Any:  # noqa: ANN401
        """Return the numbers of a field."""
        reading = self.first(name)
        return number_array(np.full(self.n, np.nan) if reading is None else reading.rows, dtype)

    def _checked(self, name: str) -> Reading | None:
        reading = self.readings.of_case(name)
        if reading is not None and self.merging.reports.n_cases < len(self.merging.reports.case):
            self._enter_conflicts(name, reading)
        return reading

    def _enter_conflicts(self, name: str, reading: Reading) -> None:
        reports = self.merging.reports
        first = reports.first(reading.codes)
        differs = (reading.codes >= 0) & (reading.codes != first[reports.case])
        rows = np.flatnonzero(differs)
        if not len(rows):
            return
        shown = objects(_show(value) for value in reading.distinct[reading.codes[rows]])
        header = self.export.header(name, otherwise=name)
        numbers = self.export.numbers[rows]
        self.export.problems.add("conflict", numbers, header, shown, field=name)


def _show(value: object) -> str:
    if isinstance(value, np.datetime64):
        return str(pd.Timestamp(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
