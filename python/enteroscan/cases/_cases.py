"""Case reports as three tables: cases, exposures, specimens."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from enteroscan.cases._quality import QualityReport


@dataclass(frozen=True, eq=False, repr=False)
class Cases:
    """Case reports that were read and checked; `read_cases` makes them.

    Every frame is a copy, in the order of the file. Missing means unknown.

    `frame` has one row a case:

    - `case_id`: unique and never missing; `row-<n>` where the file has none. `source_row`: the
      first row of the case in the file, `source`: the file.
    - `person`: a keyed hash that is the same for all reports of one person on one installation,
      missing where nobody can be told.
    - `reported`, `onset`, `visit`, `death`: times; `<name>_hour_known` is False where only the date
      is known, midnight exactly included.
    - `sex` (male, female), `age_years`, `occupation`, `hospital`.
    - `residence_class`, `home_code` (digits as a text), `home_region` (parts joined by /),
      `latitude`, `longitude` (WGS-84), `located_by` (coordinates, place_table, none).
    - `revisit`, `inpatient`, `antibiotic`, `antibiotic_name`, `history`.
    - `symptom_<key>` for the symptoms that the file speaks of; `fever_c`, `vomit_n`, `stool_n`,
      `stool_type`, `diagnosis`.

    `exposures` has one row for what a case ate: `case_id`, `exposure` (1, 2, ... in the case),
    `source_row`, `food`, `food_class`, `packaging`, `brand`, `maker`, `venue`, `venue_type`,
    `purchase_venue`, `purchase_venue_type`, `eat_region`, `eat_code`, `eat_address`,
    `eat_latitude`, `eat_longitude`, `n_ate`, `eaten`, `eaten_hour_known`, `others_ill`.

    `specimens` has one row a specimen: `case_id`, `specimen`, `source_row`, `specimen_id`,
    `specimen_type`, `sampled`, `result`, `positive`, `agent`, `serotype`.

    `quality` says what was wrong with the file and what was done.
    """

    _frame: pd.DataFrame
    _exposures: pd.DataFrame
    _specimens: pd.DataFrame
    quality: QualityReport = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a case."""
        return self._frame.copy(deep=False)

    @property
    def exposures(self) -> pd.DataFrame:
        """No, one or several rows a case: what was eaten, where and when."""
        return self._exposures.copy(deep=False)

    @property
    def specimens(self) -> pd.DataFrame:
        """No, one or several rows a case: what the laboratory found."""
        return self._specimens.copy(deep=False)

    @property
    def mapping(self) -> pd.DataFrame:
        """Which column of the file was read as which field; missing: it was not read."""
        return self.quality.mapping.copy(deep=False)

    def for_scan(
        self, columns: Mapping[str, str] | None = None
    ) -> tuple[pd.DataFrame, dict[str, str]]:
        """Return the frame as scans take it, and what its columns are to them.

        The date is the onset and the place the coordinates, or, where no case has any, the
        administrative code or the region of the home; ``columns`` says otherwise.
        """
        roles = {"date": "onset", **(columns or {})}
        frame = self.frame
        if frame["latitude"].isna().all():
            frame = frame.drop(columns=["latitude", "longitude"])
            has_code = frame["home_code"].notna().any()
            roles.setdefault("location", "home_code" if has_code else "home_region")
        return frame, roles

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self._frame)

    def __repr__(self) -> str:
        """Say what was read."""
        return f"<Cases: {self.quality.verdict()}>"

    def _repr_html_(self) -> str:
        return self.quality._repr_html_()
