"""The case reports of the night: read once, cut to what was known, and divided into streams."""

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from enteroscan import vocabulary
from enteroscan._language import Texts, why_unusable
from enteroscan._options import unknown
from enteroscan.agents import PREFIX
from enteroscan.cases import Cases, read_cases
from enteroscan.errors import DataError
from enteroscan.nightly.config import Config, Source, StreamSpec

__all__ = ["Reports", "read_reports"]

DATE = "night_date"  # of a case, by the first of the dates that is known
_CODES = {"%Y": r"\d{4}", "%m": r"\d{2}", "%d": r"\d{2}", "%y": r"\d{2}", "%j": r"\d{3}"}


@dataclass(frozen=True, eq=False)
class Reports:
    """Case reports, with the files they came from.

    `files` maps names of files to the SHA-256 of what they hold. `tables` are the other files that
    detectors need (population, locations), by their paths in the settings.
    """

    cases: Cases
    files: Mapping[str, str]
    tables: Mapping[Path, pd.DataFrame] = field(default_factory=dict)

    def known_on(self, as_of: date) -> "Reports":
        """Return what was known at the end of a day.

        Cases reported later are left out (without a date of report: those that began later), and
        what is dated later is missing.
        """
        end = pd.Timestamp(as_of) + pd.Timedelta(days=1)
        frame = self.cases.frame
        since = frame["reported"].fillna(frame["visit"]).fillna(frame["onset"])
        frame = frame[(since < end) | since.isna()]
        for name in ("onset", "visit", "death"):
            frame = frame.assign(**{name: frame[name].mask(frame[name] >= end)})
        specimens = self.cases.specimens
        specimens = specimens[~(specimens["sampled"] >= end).fillna(value=False)]
        if "resulted" in specimens:
            late = (specimens["resulted"] >= end).fillna(value=False)
            hidden = ("result", "positive", "agent", "serotype", "resulted")
            specimens = specimens.assign(**{name: specimens[name].mask(late) for name in hidden})
        return replace(self, cases=_chosen(self.cases, frame, specimens))

    @lru_cache(maxsize=1)  # noqa: B019 - the detectors of a stream follow each other
    def of(self, stream: StreamSpec) -> Cases:
        """Return the cases of a stream."""
        frame = self.cases.frame
        chosen = pd.Series(data=True, index=frame.index)
        if stream.pathogen:
            specimens = self.cases.specimens
            known = {*vocabulary.agents()["key"], *specimens["agent"].dropna()}
            _refuse_unknown("pathogen", stream.pathogen, sorted(known))
            found = specimens["agent"].isin(stream.pathogen) & (
                specimens["positive"].fillna(value=False).astype(bool)
            )
            chosen &= frame["case_id"].isin(set(specimens.loc[found, "case_id"]))
        if stream.syndrome:
            chosen &= _has_any(frame, stream.syndrome)
        if stream.area:
            codes = frame["home_code"].fillna("").astype(str)
            chosen &= codes.str.startswith(stream.area)
        if stream.age_years:
            ages = frame["age_years"].astype("float64")
            inside = [(ages >= low) & (ages < high) for low, high in stream.age_years]
            chosen &= pd.concat(inside, axis=1).any(axis=1)
        frame = frame[chosen]
        return _chosen(self.cases, frame, self.cases.specimens)

    @property
    def fingerprint(self) -> str:
        """The same text for the same cases, exposures and specimens."""
        digest = hashlib.sha256()
        for frame in (self.cases.frame, self.cases.exposures, self.cases.specimens):
            texts = frame.drop(columns=["source", "source_row"], errors="ignore").astype(str)
            digest.update("\x1f".join(map(str, texts.columns)).encode())
            if len(texts):
                digest.update(pd.util.hash_pandas_object(texts, index=False).to_numpy().tobytes())
        return digest.hexdigest()[:16]


def dated(cases: Cases, config: Config) -> pd.DataFrame:
    """Return the cases with their day, those without any left out."""
    frame = cases.frame
    moments = frame[config.study.dates[0]]
    for name in config.study.dates[1:]:
        moments = moments.fillna(frame[name])
    return frame.assign(**{DATE: moments.dt.normalize()})[moments.notna().to_numpy()]


def study_period(config: Config, as_of: date) -> tuple[date, date]:
    """Return the first and the last day that scans look at."""
    last = as_of - timedelta(days=config.study.lag_days)
    return last - timedelta(days=config.study.period_days - 1), last


def _refuse_unknown(setting: str, names: Sequence[str], known: Sequence[str]) -> None:
    strange = [name for name in names if name not in known]
    if strange:
        said = "; ".join(unknown(name, known) for name in strange)
        message = f"streams: {setting}: {said}"
        raise DataError(message)


def _has_any(frame: pd.DataFrame, symptoms: Sequence[str]) -> "pd.Series[bool]":
    columns = {name.removeprefix(PREFIX) for name in frame.columns if name.startswith(PREFIX)}
    _refuse_unknown("syndrome", symptoms, sorted({*vocabulary.symptoms()["key"], *columns}))
    known = [f"{PREFIX}{name}" for name in symptoms if name in columns]
    if not known:
        message = (
            f"no column of the input speaks of {', '.join(symptoms)}; correct the stream's "
            "syndrome, or see enteroscan.vocabulary.symptoms()"
        )
        raise DataError(message)
    return frame[known].fillna(value=False).astype(bool).any(axis=1)


def _chosen(cases: Cases, frame: pd.DataFrame, specimens: pd.DataFrame) -> Cases:
    ids, exposures = frame["case_id"], cases.exposures
    return Cases(
        frame.reset_index(drop=True),
        exposures[exposures["case_id"].isin(ids)].reset_index(drop=True),
        specimens[specimens["case_id"].isin(ids)].reset_index(drop=True),
        cases.quality,
    )


def read_reports(
    config: Config, as_of: date, progress: Callable[[float], object] | None = None
) -> Reports:
    """Read all that the source holds.

    Raises
    ------
    DataError
        There is no file, one cannot be read, or one is being written.
    """
    source = config.source
    texts = Texts(config.output.language, "nightly")
    options: dict[str, Any] = {
        "columns": source.columns or None,
        "crs": source.crs,
        "places": None if source.places is None else config.path(source.places),
        "day_first": source.day_first,
        "as_of": max(as_of, date.today()),  # what is later than the night is cut off afterwards
        "language": config.output.language,
    }
    if source.sql is not None:
        url = source.url if source.url_env is None else os.environ.get(source.url_env)
        if not url:
            message = texts("no_source_url", name=source.url_env)
            raise DataError(message)
        cases = read_cases(sql=source.sql, connection=url, progress=progress, **options)
        return Reports(_with_lasting_ids(cases), *_tables(config))
    paths = find_files(config, as_of)
    if not paths:
        message = texts("no_files", patterns=", ".join(source.files), folder=config.folder)
        raise DataError(message)
    sheet = list(source.sheet) if isinstance(source.sheet, tuple) else source.sheet
    parts = []
    files, tables = _tables(config)
    for number, path in enumerate(paths):
        before = _digest(path)
        told = None if progress is None else _part_of(progress, number, len(paths))
        cases = read_cases(path, sheet=sheet, encoding=source.encoding, progress=told, **options)
        if _digest(path) != before:
            message = texts("being_written", file=path)
            raise DataError(message)
        _refuse_cut(cases, path, texts)
        files[path.name] = before
        parts.append(_with_lasting_ids(cases))
    return Reports(_united(parts), files, tables)


def _refuse_cut(cases: Cases, path: Path, texts: Texts) -> None:
    """Refuse a file that ends within a row: the export was not done."""
    cut = cases.quality.problems.query("kind == 'row_cut'")
    if len(cut):
        raise DataError(texts("cut", file=path, row=cut["row"].iloc[0]))


def _tables(config: Config) -> tuple[dict[str, str], dict[Path, pd.DataFrame]]:
    """Read the other files of the settings, and return their fingerprints and what they hold."""
    named = {
        path
        for detector in config.detectors.values()
        for path in (detector.population, detector.locations)
        if path is not None
    }
    files = {path.name: _digest(config.path(path)) for path in sorted(named)}
    return files, {path: _table(config.path(path)) for path in named}


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str)
    except ValueError as error:
        message = f"{path} is no CSV in UTF-8: {error}; see that it is whole"
        raise DataError(message) from error


def _part_of(
    progress: Callable[[float], object], number: int, n_parts: int
) -> Callable[[float], object]:
    return lambda share: progress((number + share) / n_parts)


def find_files(config: Config, as_of: date) -> list[Path]:
    """Return the files that the patterns mean, in order; those with a later date are left out."""
    found: list[tuple[date, Path]] = []
    for pattern in config.source.files:
        found += _matching(config, pattern, as_of, config.source)
    return [path for _, path in sorted(set(found))]


def _matching(config: Config, pattern: str, as_of: date, source: Source) -> list[tuple[date, Path]]:
    whole = Path(pattern)
    base = Path(whole.anchor) if whole.is_absolute() else config.folder
    relative = str(whole.relative_to(whole.anchor)) if whole.is_absolute() else pattern
    if "%" not in pattern:
        return [(date.min, path) for path in sorted(base.glob(relative)) if path.is_file()]
    wildcard = re.sub(r"\*?(?:%[Ymdyj]\*?)+", "*", relative)
    dates = {}
    for path in sorted(base.glob(wildcard)):
        day = _date_of(path.relative_to(base).as_posix(), relative)
        if path.is_file() and day is not None and day <= as_of:
            dates[path] = day
    pairs = [(day, path) for path, day in dates.items()]
    return pairs if source.dated == "all" else [max(pairs)] if pairs else []


def _date_of(path: str, pattern: str) -> date | None:
    """Return the date that stands in a path where the pattern has its codes."""
    codes: list[str] = []
    expression = ""
    for part in re.findall(r"%[a-zA-Z]|\*+|\?|[^%*?]+", pattern):
        if part in codes:  # the year once more, in the name of a file in the folder of the year
            expression += rf"\{codes.index(part) + 1}"
        elif part in _CODES:
            expression += f"({_CODES[part]})"
            codes.append(part)
        else:
            expression += {"*": "[^/]*", "**": ".*", "?": "[^/]"}.get(part, re.escape(part))
    match = re.fullmatch(expression, path)
    if match is None:
        return None
    try:
        return datetime.strptime(" ".join(match.groups()), " ".join(codes)).date()
    except ValueError:
        return None


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = Texts(None, "cases")("no_file", file=path, error=why_unusable(error))
        raise DataError(message) from error


def _with_lasting_ids(cases: Cases) -> Cases:
    """Give cases without a number of their own one that is the same in tomorrow's export."""
    frame = cases.frame
    numbered = frame["case_id"].str.fullmatch(r"row-\d+").astype(bool)
    if not numbered.any():
        return cases
    shown = ["person", "onset", "reported", "sex", "age_years", "home_code", "latitude"]
    texts = frame.loc[numbered, shown].astype(str).agg("\x1f".join, axis=1)
    hashed = texts.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    ids = "case-" + hashed + "-" + (hashed.groupby(hashed).cumcount() + 1).astype(str)
    renamed = dict(zip(frame.loc[numbered, "case_id"], ids, strict=True))

    def rename(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(case_id=table["case_id"].replace(renamed).astype("string"))

    return Cases(rename(frame), rename(cases.exposures), rename(cases.specimens), cases.quality)


def _united(parts: Sequence[Cases]) -> Cases:
    """Put the cases of several files together; of one with the same number the last file counts."""
    if len(parts) == 1:
        return parts[0]
    latest: dict[str, int] = {}
    for number, part in enumerate(parts):
        latest.update(dict.fromkeys(part.frame["case_id"], number))

    def join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        kept = [
            table[table["case_id"].map(latest) == number] for number, table in enumerate(tables)
        ]
        return pd.concat(kept, ignore_index=True)

    return Cases(
        join([part.frame for part in parts]),
        join([part.exposures for part in parts]),
        join([part.specimens for part in parts]),
        parts[-1].quality,
    )
