"""The report about the quality of what was read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from enteroscan._language import Texts
from enteroscan.cases import _checks as checks
from enteroscan.cases._columns import Column
from enteroscan.cases._export import Export
from enteroscan.cases._exposures import EAT_PARTS
from enteroscan.cases._fields import SYMPTOM
from enteroscan.cases._frame import HOME_PARTS
from enteroscan.cases._options import Options
from enteroscan.cases._people import People
from enteroscan.cases._quality import QualityReport
from enteroscan.cases._readings import take
from enteroscan.cases._reports import Merging

COORDINATES = ("latitude", "longitude", "coordinates", "eat_latitude", "eat_longitude")
# Columns that are never missing for want of an answer.
NOT_ANSWERS = ("case_id", "source", "source_row", "exposure", "specimen", "located_by")
# Which fields of a file a column of the tables can come from, where not from that of its name.
SOURCES = {
    "home_region": (*HOME_PARTS, "home_region"),
    "eat_region": (*EAT_PARTS, "eat_region"),
    "latitude": ("latitude", "coordinates"),
    "longitude": ("longitude", "coordinates"),
    "age_years": ("age_years", "birth_date", "id_number"),
    "person": ("id_number", "name"),
    "positive": ("result", "result_class"),
    "agent": ("result", "result_class"),
    "result": ("result", "result_class"),
}


@dataclass(frozen=True)
class Summary:
    """Counts what became of the rows and columns of a file."""

    export: Export
    options: Options
    tables: checks.Tables
    merging: Merging
    people: People
    case_ids: Column | None
    n_addresses: int  # of meals that were dropped
    texts: Texts

    def quality(self) -> QualityReport:
        """Check the tables, and make the report."""
        self._check()
        frame, problems = self.tables.frame, self.export.problems
        merged = self._merged()
        problems.add(
            "duplicate",
            merged["merged_row"].to_numpy(dtype=np.int64),
            "",
            merged["case_id"].to_numpy(dtype=object),
        )
        dropped = self._dropped()
        return QualityReport(
            source=self.export.source.name,
            facts=self._facts(dropped),
            n_cases=len(frame),
            n_exposures=len(self.tables.exposures),
            n_specimens=len(self.tables.specimens),
            rows=self._rows(),
            problems=problems.frame(),
            missing=self._missing(),
            merged=merged,
            delays=checks.delays(frame),
            usable=checks.usable(self.tables),
            dropped=dropped,
            language=self.texts.language,
            mapping=self.export.mapping.to_frame(),
        )

    def _check(self) -> None:
        names = ("onset", "visit", "reported", "death", "eaten", "sampled")
        headers = {name: self.export.header(name) for name in names}
        checks.orders(self.tables, headers, self.export.problems)
        row, problems = self.export.header_row, self.export.problems
        checks.mixed(self.tables.exposures, row, problems)
        checks.named_systems(self.export.headers(*COORDINATES), self.options.crs, row, problems)

    def _rows(self) -> pd.DataFrame:
        """Return what became of the rows."""
        n, n_merged = self.merging.cases.n_cases, self.merging.n_rows_merged
        fates = {
            "case": n,
            "more": len(self.export.numbers) - n - n_merged,
            "merged": n_merged,
            "set_aside": self.export.n_set_aside,
        }
        counts = np.array(list(fates.values()), dtype=np.int64)
        return pd.DataFrame({"fate": list(fates), "rows": counts})

    def _dropped(self) -> dict[str, int]:
        """Return how many columns, or addresses of meals, were dropped to protect people."""
        dropped = {"eat_address": self.n_addresses} if self.n_addresses else {}
        for name in self.export.fields.identifiers:
            if self.export.mapping.has(name) and name not in self.options.keep:
                dropped[name] = len(self.export.mapping.of_field(name))
        return dropped

    def _facts(self, dropped: dict[str, int]) -> dict[str, str]:
        facts = dict(self.export.source.facts)
        if any(self.export.mapping.has(name) for name in COORDINATES):
            facts["crs"] = self.options.crs
        if dropped:
            facts["dropped"] = ", ".join(
                self.export.fields[name].title(self.texts.language) for name in dropped
            )
        return facts

    def _merged(self) -> pd.DataFrame:
        """Return which reports were merged into which cases."""
        merging = self.merging
        case, target = (merging.merged[name].to_numpy(np.int64) for name in ("case", "target"))
        ids = self.tables.frame["case_id"].to_numpy(dtype=object)
        own = np.full(len(case), None, dtype=object)
        if self.case_ids is not None and len(case):
            own = take(self.case_ids.distinct, merging.reports.first(self.case_ids.codes)[case])
        rows = self.export.numbers[merging.reports.first_row]
        named = [
            f"row-{row}" if pd.isna(value) else value
            for value, row in zip(own, rows[case], strict=True)
        ]
        gaps = merging.merged["gap_days"].to_numpy(np.int64)
        return pd.DataFrame(
            {
                "case_id": pd.array(ids[merging.case_of_report[target]], dtype="string"),
                "merged_case_id": pd.array(named, dtype="string"),
                "key": pd.array(self.people.key[case], dtype="string"),
                "gap_days": pd.array(gaps, dtype="Int64"),
                "row": pd.array(rows[target], dtype="Int64"),
                "merged_row": pd.array(rows[case], dtype="Int64"),
            }
        )

    def _missing(self) -> pd.DataFrame:
        """Return how often each column is missing."""
        tables = self.tables
        rows = []
        for table, data in (
            ("case", tables.frame),
            ("exposure", tables.exposures),
            ("specimen", tables.specimens),
        ):
            for name in map(str, data.columns):
                if name in NOT_ANSWERS or name.endswith("_hour_known"):
                    continue
                n_missing = int(data[name].isna().sum())
                share = n_missing / len(data) if len(data) else 0.0
                rows.append((table, name, self._has_column(name), n_missing, share))
        return pd.DataFrame(
            rows, columns=["table", "field", "has_column", "n_missing", "share_missing"]
        )

    def _has_column(self, name: str) -> bool:
        usual = (name, "symptoms") if name.startswith(SYMPTOM) else (name,)
        return any(self.export.mapping.has(source) for source in SOURCES.get(name, usual))
