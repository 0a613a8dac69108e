"""What a simulation returns: the tables of case reports, and the truth behind them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from enteroscan._workdays import read_day
from enteroscan.errors import SpecError
from enteroscan.simulate import form

__all__ = ["SimulatedReports", "Truth"]


@dataclass(frozen=True)
class Truth:
    """What nobody knows in life.

    Attributes
    ----------
    outbreaks
        One row an outbreak: `outbreak` (1, 2, ...), `agent`, `serotype`, `food`, `food_class`,
        `brand`, `venue_type`, `venue`, `street_code`, `latitude` and `longitude` (WGS-84) of the
        venue or household, `first_meal`, `duration_days`, `n_exposed`, `n_ill`, `n_reported`.
    cases
        One row a report: `case_id`, `person`, `duplicate_of` (case_id of the first report of the
        same illness), `agent` (missing: unspecified), `outbreak` (missing: sporadic), `eaten` (the
        meal that did it, in outbreaks), `onset` to the minute, `incubation_h`, `home_distance_km`
        (to the hospital).
    """

    outbreaks: pd.DataFrame
    cases: pd.DataFrame

    @property
    def members(self) -> pd.DataFrame:
        """The rows of `cases` that belong to an outbreak."""
        return self.cases[self.cases["outbreak"].notna()].reset_index(drop=True)


@dataclass(frozen=True, repr=False)
class SimulatedReports:
    """Simulated case reports, in the order in which they were reported.

    Attributes
    ----------
    frame, exposures, specimens
        The tables that `enteroscan.read_cases` makes of an export, without `source_row` and
        `source`. In `specimens` the column `resulted` says when the result was there.
    identifiers
        Names, numbers and addresses of the patients, all invented, one row a report.
    truth
        Outbreaks and who belongs to them; see `Truth`.
    places
        Code, name, latitude and longitude (WGS-84) of districts and streets.
    boundaries
        Boundaries of the streets as GeoJSON.
    """

    frame: pd.DataFrame
    exposures: pd.DataFrame
    specimens: pd.DataFrame
    identifiers: pd.DataFrame
    truth: Truth
    places: pd.DataFrame
    boundaries: dict[str, Any]

    def __repr__(self) -> str:
        """Say how much there is."""
        return (
            f"SimulatedReports({len(self.frame):,} reports, {len(self.exposures):,} exposures, "
            f"{len(self.specimens):,} specimens, {len(self.truth.outbreaks):,} outbreaks)"
        )

    def __len__(self) -> int:
        """Return the number of reports."""
        return len(self.frame)

    def as_known_on(self, date: str | pd.Timestamp) -> "SimulatedReports":
        """Return what the system held at the end of a day.

        Reports made later are left out, and results of the laboratory that came later are missing.
        The truth is that of the reports left; ``outbreaks`` stays whole.
        """
        end = read_day("date", date) + pd.Timedelta(days=1)
        kept = self.frame["reported"] < end
        known = self.of_cases(self.frame.loc[kept, "case_id"])
        late = known.specimens["resulted"] >= end
        specimens = known.specimens.copy()
        for name in ("result", "positive", "agent", "serotype"):
            specimens[name] = specimens[name].mask(late)
        specimens["resulted"] = specimens["resulted"].mask(late)
        gone = known.frame["death"] >= end
        frame = known.frame.copy()
        for name in ("death", "death_hour_known"):
            frame[name] = frame[name].mask(gone)
        return replace(known, frame=frame, specimens=specimens)

    def of_cases(self, case_ids: "pd.Series[Any]") -> "SimulatedReports":
        """Return the reports of some cases alone."""
        wanted = set(case_ids)

        def chosen(table: pd.DataFrame) -> pd.DataFrame:
            return table[table["case_id"].isin(wanted)].reset_index(drop=True)

        return replace(
            self,
            frame=chosen(self.frame),
            exposures=chosen(self.exposures),
            specimens=chosen(self.specimens),
            identifiers=chosen(self.identifiers),
            truth=Truth(self.truth.outbreaks, chosen(self.truth.cases)),
        )

    def to_excel(self, path: str | Path, **options: Unpack[form.SheetOptions]) -> None:
        """Write a workbook (.xlsx) with the columns of the national case form.

        Parameters
        ----------
        path
            File to write.
        layout
            How a case with several exposures stands there: ``"repeated"`` (default) on every row,
            ``"merged"`` with cells that span its rows, ``"numbered"`` in one row with 食品名称1,
            食品名称2, ...
        mess
            What is not as the form wants it. Default: a clean export. Text of the dates, spellings,
            missing values, ...; see `Mess`.
        crs
            System of the coordinates, ``"wgs84"`` by default: those of Amap and Tencent
            (``"gcj02"``) or Baidu (``"bd09"``) lie some 100 m off.
        coordinates, identifiers
            False: without the columns of coordinates, and of names, numbers and addresses. Default
            True.

        Raises
        ------
        SpecError
            If an option is not known, or a sheet of Excel is too short.
        """
        if Path(path).suffix.lower() != ".xlsx":
            message = f"{path}: workbooks are written as .xlsx"
            raise SpecError(message)
        form.write_excel(form.sheet(self, **options), Path(path))

    def to_csv(
        self,
        path: str | Path,
        *,
        encoding: str = "gb18030",
        separator: str = ",",
        **options: Unpack[form.SheetOptions],
    ) -> None:
        """Write text with the columns of the national case form, as `to_excel` does.

        Parameters
        ----------
        path, layout, mess, crs, coordinates, identifiers
            As in `to_excel`; cells that would be merged are empty.
        encoding
            ``"gb18030"`` and ``"gbk"`` as Excel in China writes it, ``"utf-8-sig"``, ``"utf-8"``.
        separator
            Between the cells: a comma, a semicolon or a tab.
        """
        form.write_csv(form.sheet(self, **options), Path(path), encoding, separator)

    def to_parquet(self, path: str | Path, **options: Unpack[form.SheetOptions]) -> None:
        """Write a Parquet file with the columns of the national case form; see `to_excel`.

        Rows above the header and the row below are left out, and empty columns must not be wanted.
        """
        form.write_parquet(form.sheet(self, **options), Path(path))
