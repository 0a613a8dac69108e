"""How exports differ from the form: spellings, which lose nothing, and losses."""

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import pandas as pd

from enteroscan.errors import SpecError
from enteroscan.simulate._report import hour_known
from enteroscan.simulate._streams import Streams

if TYPE_CHECKING:
    from enteroscan.simulate.reports import SimulatedReports

__all__ = ["Mess"]

Dates = Literal["datetime", "iso", "slash", "chinese", "compact", "serial", "mixed"]
Headers = Literal["form", "sites", "marked"]
Ages = Literal["short", "long", "unit"]
Symptoms = Literal["columns", "text"]

DATED = ("onset", "visit", "eaten")
LOSABLE = {
    "frame": ("sex", "occupation", "hospital", "home_code", "diagnosis", "visit", "age_years"),
    "exposures": ("food", "venue", "brand", "n_ate", "others_ill", "packaging"),
    "specimens": ("specimen_type", "sampled"),
}
"""Columns that `missing_share` takes values from."""


@dataclass(frozen=True, kw_only=True)
class Mess:
    """What an export does to the form; the default is a clean one.

    Spellings lose nothing; date_only_share, missing_share and mangled_ids do, and `losses` returns
    the tables as far as the export still has them. All of them are seen in exports; how often is
    assumed, but for the exposures [Jiangsu 2016], which are a figure of the `District`.

    Parameters
    ----------
    headers
        ``"form"``: as in the national form; ``"sites"``: other spellings of sites, at random;
        ``"marked"``: with stars, numbers and remarks around.
    dates
        ``"datetime"``: times of Excel, ISO text in CSV; ``"iso"``: text; ``"slash"``: 2024/6/8
        12:00; ``"chinese"``: 2024年6月8日12时00分; ``"compact"``: 20240608120000; ``"serial"``:
        days of Excel; ``"mixed"``: one of the texts for every cell.
    yes_no
        What stands for yes and no.
    sexes
        What stands for male and female.
    ages
        ``"short"``: 34, 8月, 12天; ``"long"``: 34岁, 8个月, 12天; ``"unit"``: 34 and 岁 in two
        columns.
    symptoms
        ``"columns"``: one for each; ``"text"``: all in one field.
    units
        Temperatures and counts with units: 38.5℃, 3次.
    missing_as
        What stands in cells without a value, at random.
    full_width_share, padded_share
        Share of the texts with full-width digits and letters, and with blanks around.
    title_rows, footer
        Rows above the header; a row with totals at the end.
    empty_columns, shuffled_columns
        Columns without a header or values; columns in another order.
    repeated_row_share
        Share of the rows that stand twice.
    date_only_share
        Share of the times of onset, visit and meal that were entered without the hour: midnight.
    missing_share
        Share of the values of less important fields that are missing.
    mangled_ids
        Identity numbers as numbers, of which 15 digits are right.
    random_state
        Seed.
    """

    headers: Headers = "form"
    dates: Dates = "datetime"
    yes_no: tuple[str, str] = ("是", "否")
    sexes: tuple[str, str] = ("男", "女")
    ages: Ages = "short"
    symptoms: Symptoms = "columns"
    units: bool = False
    missing_as: tuple[str, ...] = ("",)
    full_width_share: float = 0.0
    padded_share: float = 0.0
    title_rows: int = 0
    footer: bool = False
    empty_columns: int = 0
    shuffled_columns: bool = False
    repeated_row_share: float = 0.0
    date_only_share: float = 0.0
    missing_share: float = 0.0
    mangled_ids: bool = False
    random_state: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        choices = {"headers": Headers, "dates": Dates, "ages": Ages, "symptoms": Symptoms}
        for name, choice in choices.items():
            if getattr(self, name) not in get_args(choice):
                message = (
                    f"{name} must be one of {', '.join(get_args(choice))}, got "
                    f"{getattr(self, name)!r}"
                )
                raise SpecError(message)
        for name in (field.name for field in fields(self) if field.name.endswith("_share")):
            if not 0 <= getattr(self, name) <= 1:
                message = f"{name} must be between 0 and 1, got {getattr(self, name)}"
                raise SpecError(message)
        if self.title_rows < 0 or self.empty_columns < 0:
            message = "title_rows and empty_columns must not be negative"
            raise SpecError(message)
        if not self.missing_as:
            message = 'missing_as needs at least one text; ("",) leaves cells empty'
            raise SpecError(message)

    @classmethod
    def typical(cls, random_state: int = 0) -> Self:
        """Return the mess of a usual export: a bit of everything."""
        return cls(
            headers="sites",
            dates="mixed",
            ages="long",
            units=True,
            missing_as=("", "", "/", "不详"),
            full_width_share=0.03,
            padded_share=0.03,
            title_rows=2,
            footer=True,
            empty_columns=1,
            date_only_share=0.1,
            missing_share=0.02,
            mangled_ids=True,
            random_state=random_state,
        )

    @property
    def streams(self) -> Streams:
        """Random numbers of the mess."""
        return Streams(self.random_state, "mess")

    def losses(self, reports: "SimulatedReports") -> "SimulatedReports":
        """Return the reports as far as an export with this mess still has them."""
        tables = {name: getattr(reports, name).copy() for name in LOSABLE}
        identifiers = reports.identifiers.copy()
        for table, names in LOSABLE.items():
            for name in names:
                self._lose(tables[table], name, f"{table} {name}")
        # Birth date and identity number would tell what is lost.
        lost = tables["frame"][["age_years", "sex"]].isna().any(axis=1)
        for name in ("birth_date", "id_number"):
            identifiers[name] = identifiers[name].mask(lost)
        for name in DATED:
            table = tables["exposures" if name == "eaten" else "frame"]
            times = table[name]
            dated = self.streams.happens(f"date only {name}", self.date_only_share, len(table))
            table[name] = times.mask(pd.Series(dated), times.dt.normalize())
            table[f"{name}_hour_known"] = hour_known(table[name])
        self._lose_noes(tables)
        tables["exposures"] = distinct_exposures(tables["exposures"])
        if self.mangled_ids:
            identifiers["id_number"] = pd.array([None] * len(identifiers), "string")
        return replace(reports, **tables, identifiers=identifiers)

    def _lose(self, table: pd.DataFrame, name: str, stream: str) -> None:
        lost = pd.Series(self.streams.happens(f"lost {stream}", self.missing_share, len(table)))
        table[name] = table[name].mask(lost)

    def _lose_noes(self, tables: dict[str, pd.DataFrame]) -> None:
        """Take away that there is no symptom, where only symptoms are told; and empty noes."""
        empty = self.yes_no[1].strip() == ""
        for table in tables.values():
            for name in [str(column) for column in table.select_dtypes("boolean")]:
                told = name.endswith("_hour_known") or name == "positive"
                listed = self.symptoms == "text" and name.startswith("symptom_")
                if not told and (empty or listed):
                    table[name] = table[name].mask(~table[name].fillna(True))

    def spell(self, values: list[Any], name: str) -> list[Any]:
        """Put blanks and full width into texts, and marks where values are missing."""
        n = len(values)
        wide = self.streams.happens(f"wide {name}", self.full_width_share, n).tolist()
        padded = self.streams.happens(f"padded {name}", self.padded_share, n).tolist()
        mark = self.streams.integers(f"missing {name}", 0, len(self.missing_as) - 1, n).tolist()
        spelled = []
        for value, is_wide, is_padded, which in zip(values, wide, padded, mark, strict=True):
            text = value
            if value is None:
                text = self.missing_as[which] or None
            elif isinstance(value, str):
                text = value.translate(FULL_WIDTH) if is_wide else value
                text = f" {text}　" if is_padded else text
            spelled.append(text)
        return spelled

    def times(self, values: "pd.Series[Any]", name: str) -> list[Any]:
        """Write times in the style of the dates."""
        if self.dates == "datetime":
            return [None if pd.isna(value) else value.to_pydatetime() for value in values]
        styles = [self.dates] * len(values)
        if self.dates == "mixed":
            which = self.streams.integers(f"style {name}", 0, len(TEXT_STYLES) - 1, len(values))
            styles = [TEXT_STYLES[i] for i in which]
        return [
            None if pd.isna(value) else write_time(value, style)
            for value, style in zip(values, styles, strict=True)
        ]


def distinct_exposures(exposures: pd.DataFrame) -> pd.DataFrame:
    """Return the exposures of every case once, and number them."""
    content = exposures.columns.difference(["exposure"]).tolist()
    once = exposures.drop_duplicates(content, ignore_index=True)
    number = once.groupby("case_id", sort=False).cumcount() + 1
    return once.assign(exposure=number.astype("Int64"))


TEXT_STYLES: tuple[Dates, ...] = ("iso", "slash", "chinese", "compact")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
EXCEL_EPOCH = pd.Timestamp("1899-12-30")


def write_time(time: pd.Timestamp, style: Dates) -> str | float:
    """Write a time; at midnight the date alone where the style can."""
    has_hour = time != time.normalize()
    match style:
        case "serial":
            return float(np.round((time - EXCEL_EPOCH) / pd.Timedelta(days=1), 8))
        case "slash":
            date = f"{time.year}/{time.month}/{time.day}"
            return f"{date} {time.hour}:{time.minute:02d}" if has_hour else date
        case "chinese":
            date = f"{time.year}年{time.month}月{time.day}日"
            return f"{date}{time.hour}时{time.minute:02d}分" if has_hour else date
        case "compact":
            return time.strftime("%Y%m%d%H%M%S" if has_hour else "%Y%m%d")
        case _:
            return time.strftime("%Y-%m-%d %H:%M:%S" if has_hour else "%Y-%m-%d")
