"""Dates and times as people and spreadsheets write them."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from enteroscan.cases._columns import Values, as_text
from enteroscan.cases._values import MISSING, NOTHING

EARLIEST_YEAR, LATEST_YEAR = 1900, 2100
BUDDHIST_YEARS = range(2443, 2644)  # 1900 to 2100 by the Christian calendar
BUDDHIST_OFFSET = 543
FIRST_SERIAL, LAST_SERIAL = 1.0, 73_415.0  # days of Excel up to 2100
LEAST_BARE_SERIAL = 10_000  # below, a number alone is more likely a mistake (1927)
EPOCH = np.datetime64("1899-12-30", "ns")
CHINA = timezone(timedelta(hours=8))
LEAP_YEAR = 2000  # stands for the year where there is none

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?$"
_DATE_YMD = re.compile(
    r"^(\d{4})\s*[-/.年\s]\s*(\d{1,2})\s*[-/.月\s]\s*(\d{1,2})\s*(?:[日号]|(?!\d))"
)
_DATE_MD = re.compile(r"^(\d{1,2})\s*月\s*(\d{1,2})\s*(?:[日号]|(?!\d))")
_DATE_XXY = re.compile(r"^(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?!\d)")
_DATE_DMONY = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?[\s\-/]*([a-z]{3,9})\.?[\s\-/,]*(\d{4})(?!\d)")
_DATE_MONDY = re.compile(r"^([a-z]{3,9})\.?[\s\-]*(\d{1,2})(?:st|nd|rd|th)?[\s,\-]+(\d{4})(?!\d)")
_TWO_DIGITS = re.compile(
    r"^\d{1,2}(?:\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*|[\s-]*[a-z]{3,9}[\s-]*)\d{1,2}(?!\d)"
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[\st]?(\d{2})(?:(\d{2})(\d{2})?)?)?$")
_DATE_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?=[\st])")
_NUMBER = re.compile(r"^\d{1,5}(?:\.\d+)?$")
_WEEKDAY = re.compile(
    r"[(（]?\s*(?:星期|周|礼拜)[一二三四五六日天]\s*[)）]?|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s"
)
_HALF_DAYS = {
    "凌晨": "am",
    "早上": "am",
    "早晨": "am",
    "清晨": "am",
    "上午": "am",
    "早": "am",
    "am": "am",
    "a.m.": "am",
    "中午": "noon",
    "午间": "noon",
    "下午": "pm",
    "午后": "pm",
    "傍晚": "pm",
    "pm": "pm",
    "p.m.": "pm",
    "晚上": "night",
    "晚间": "night",
    "夜间": "night",
    "夜里": "night",
    "半夜": "night",
    "深夜": "night",
    "午夜": "night",
    "晚": "night",
}
_DAWN = 5  # o'clock; before, an hour of the night is of the date itself
_ABOUT = re.compile(r"大?约|大概|左右|前后")
_UNTIL = re.compile(r"(?<=[\d时点分])\s*(?:-|~|至|到|—|–)\s*\d{1,2}\s*[:时点][\s\d时点分]*$")
_HALF_DAY = "|".join(re.escape(word) for word in sorted(_HALF_DAYS, key=len, reverse=True))
_TIME = re.compile(
    rf"^[\st,]*(?:(?P<before>{_HALF_DAY})[\s:]*)?"
    r"(?:(?P<h>\d{1,2})\s*(?:[:时点.]|h(?:rs?)?)?\s*(?P<half>半|整|一刻)?\s*(?:(?P<m>\d{1,2})\s*[:分]?\s*"
    r"(?:(?P<s>\d{1,2})(?:\.\d+)?\s*秒?)?)?)?"
    rf"\s*(?P<after>{_HALF_DAY})?\s*(?P<zone>z|utc|gmt|[+-]\d{{2}}:?\d{{2}})?\s*许?$"
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_CHINESE = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_TEN = re.compile(r"([1-9])?十([1-9])?")


@dataclass(frozen=True)
class Moment:
    """A moment in time as it was written; ``problem`` names why there is none, or what was done."""

    value: datetime | None = None
    hour_known: bool = False
    has_year: bool = True
    order: str = ""  # "dmy", "mdy" or "?" where day and month could be either
    swapped: datetime | None = None  # read the other way round
    problem: str | None = None


@dataclass(frozen=True)
class Moments:
    """Moments of distinct values."""

    times: NDArray[np.datetime64]
    hour_known: NDArray[np.bool_]
    has_year: NDArray[np.bool_]
    problem: NDArray[Any]  # None, or the kind of the problem


def parse_moments(values: Values, day_first: bool | None = None) -> Moments:
    """Read distinct values: dates, Excel serial numbers, texts."""
    n = len(values)
    times = np.full(n, "NaT", dtype="datetime64[ns]")
    hour_known = np.zeros(n, dtype=bool)
    has_year = np.ones(n, dtype=bool)
    problem = np.full(n, None, dtype=object)
    if values.dtype.kind == "M":
        years = _years(values)
        wrong = (years < EARLIEST_YEAR) | (years > LATEST_YEAR)
        problem[wrong] = "date_range"
        times = np.where(wrong, np.datetime64("NaT"), values).astype("datetime64[ns]")
        return Moments(times, _has_hour(times), has_year, problem)
    rest = np.arange(n)
    if values.dtype.kind == "O" and n:
        is_text = np.array([isinstance(value, str) for value in values.tolist()])
        texts = pa.array(values[is_text].tolist(), pa.string())
        iso = np.zeros(n, dtype=bool)
        iso[is_text] = pc.match_substring_regex(texts, _ISO).to_numpy(zero_copy_only=False)
        if iso.any():
            written = [text[:19].replace("T", " ") for text in values[iso].tolist()]
            read = pd.to_datetime(written, format="ISO8601", errors="coerce").to_numpy()
            years = _years(read)  # of years far away there are no nanoseconds
            good = ~np.isnat(read) & (years >= EARLIEST_YEAR) & (years <= LATEST_YEAR)
            read = np.where(good, read, np.datetime64("NaT")).astype("datetime64[ns]")
            place = np.flatnonzero(iso)[good]
            times[place] = read[good]
            hour_known[place] = _has_hour(read[good])
            iso[np.flatnonzero(iso)[~good]] = False
        rest = np.flatnonzero(~iso)
    moments = [parse_moment(value) for value in values[rest].tolist()]
    order = _decide_order(moments, day_first)
    for position, moment in zip(rest.tolist(), moments, strict=True):
        value = moment.value
        if moment.order == "?":
            if order is None:
                problem[position] = "date_order"
                continue
            value = moment.value if order == "mdy" else moment.swapped
        problem[position] = moment.problem
        if value is not None:
            times[position] = np.datetime64(value, "ns")
            hour_known[position] = moment.hour_known
            has_year[position] = moment.has_year
    return Moments(times, hour_known, has_year, problem)


def _years(times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    years: NDArray[np.int64] = times.astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _has_hour(times: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Whether it is not midnight exactly, which stands for a date alone."""
    known: NDArray[np.bool_] = ~np.isnat(times) & (times != times.astype("datetime64[D]"))
    return known


def _decide_order(moments: list[Moment], day_first: bool | None) -> str | None:
    """Return what 3/4/2024 means: what was given, else what the other values of the column show."""
    if day_first is not None:
        return "dmy" if day_first else "mdy"
    shown = {moment.order for moment in moments} & {"dmy", "mdy"}
    return shown.pop() if len(shown) == 1 else None


def parse_moment(value: object) -> Moment:
    """Read one value."""
    if isinstance(value, datetime | date):
        if not isinstance(value, datetime):
            return _checked(value.year, value.month, value.day, None)
        value = value.replace(tzinfo=None)
        clock = value.time().replace(microsecond=0)
        return _checked(
            value.year, value.month, value.day, clock if value.time() != time(0) else None
        )
    if isinstance(value, bool | time | timedelta):
        return Moment(problem="date_unreadable")
    if isinstance(value, int | float):
        return _serial(float(value))
    return _parse_text(as_text(value))


def _serial(days: float) -> Moment:
    """Read a day number of Excel's (1900 system)."""
    if not LEAST_BARE_SERIAL <= days <= LAST_SERIAL:
        text = as_text(days)
        return _compact(text) or Moment(problem="date_unreadable")
    seconds = round((days % 1) * 86_400)
    moment = datetime(1899, 12, 30) + timedelta(days=int(days), seconds=seconds)
    return Moment(moment, hour_known=seconds not in (0, 86_400))


def _compact(text: str) -> Moment | None:
    match = _COMPACT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else None for part in match.groups()
    )
    assert year is not None
    assert month is not None
    assert day is not None
    if hour is None:
        return _checked(year, month, day, None)
    return _with_clock(_checked(year, month, day, None), hour, minute or 0, second or 0)


def _parse_text(text: str) -> Moment:
    text = unicodedata.normalize("NFKC", text).strip().lower().strip("'\"`")
    if text in MISSING or text in NOTHING or text.startswith("0000-00-00"):
        return Moment()
    text = _ABOUT.sub("", _WEEKDAY.sub(" ", text)).strip()
    text = _TEN.sub(lambda match: f"{match[1] or 1}{match[2] or 0}", text.translate(_CHINESE))
    if _NUMBER.match(text):
        return _serial(float(text))
    if (moment := _compact(text)) is not None:
        return moment
    for pattern, order in (
        (_DATE_YMD, "ymd"),
        (_DATE_COMPACT, "ymd"),
        (_DATE_MD, "md"),
        (_DATE_XXY, "xxy"),
    ):
        if match := pattern.match(text):
            numbers = [int(part) for part in match.groups()]
            return _dated(order, numbers, text[match.end() :])
    for pattern, order in ((_DATE_DMONY, "dby"), (_DATE_MONDY, "bdy")):
        if match := pattern.match(text):
            parts = match.groups()
            month = _MONTHS.get(parts[1] if order == "dby" else parts[0])
            if month is not None:
                day = int(parts[0] if order == "dby" else parts[1])
                return _dated("ymd", [int(parts[2]), month, day], text[match.end() :])
    if _TWO_DIGITS.match(text):
        return Moment(problem="date_two_digit_year")
    return Moment(problem="date_unreadable")


def _dated(order: str, numbers: list[int], rest: str) -> Moment:
    """Put date and clock together."""
    if order == "md":
        found = _checked(LEAP_YEAR, numbers[0], numbers[1], None)
        return _clocked(Moment(found.value, has_year=False, problem=found.problem), rest)
    if order == "ymd":
        return _clocked(_checked(numbers[0], numbers[1], numbers[2], None), rest)
    first, second, year = numbers
    if first > 12 or second > 12:
        as_dmy = first > 12
        month, day = (second, first) if as_dmy else (first, second)
        moment = _clocked(_checked(year, month, day, None), rest)
        return Moment(
            moment.value,
            moment.hour_known,
            order="dmy" if as_dmy else "mdy",
            problem=moment.problem,
        )
    moment = _clocked(_checked(year, first, second, None), rest)
    other = _clocked(_checked(year, second, first, None), rest)
    if first == second or moment.value is None:
        return moment
    return Moment(
        moment.value, moment.hour_known, order="?", swapped=other.value, problem=moment.problem
    )


def _checked(year: int, month: int, day: int, clock: time | None) -> Moment:
    """Make a moment of a date that may not exist, or be of the Buddhist calendar."""
    problem = None
    if year in BUDDHIST_YEARS:
        year, problem = year - BUDDHIST_OFFSET, "date_buddhist"
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return Moment(problem="date_range")
    try:
        day_begin = datetime(year, month, day)
    except ValueError:
        return Moment(problem="date_impossible")
    if clock is None:
        return Moment(day_begin, problem=problem)
    return Moment(datetime.combine(day_begin, clock), hour_known=True, problem=problem)


def _clocked(moment: Moment, rest: str) -> Moment:
    """Add the clock that stands behind a date."""
    if moment.value is None or not rest.strip(" ,t"):
        return moment
    if (until := _UNTIL.search(rest)) and not rest.startswith("t"):
        begin = _clocked(moment, rest[: until.start()])
        return replace(begin, problem=begin.problem or "time_range")
    match = _TIME.match(rest)
    if match is None:
        return Moment(problem="date_unreadable")
    half_day = _HALF_DAYS.get(match["before"] or match["after"] or "", "")
    if match["h"] is None:  # 上午 without an hour says too little
        return moment
    hour = int(match["h"])
    minute = int(match["m"] or {"半": 30, "一刻": 15}.get(match["half"] or "", 0))
    if half_day == "pm" and hour < 12:
        hour += 12
    if half_day == "night" and hour == 12:  # the end of the day
        moment, hour = replace(moment, value=moment.value + timedelta(days=1)), 0
    elif half_day == "night" and _DAWN <= hour < 12:
        hour += 12
    if half_day == "noon" and hour < 3:
        hour += 12
    if half_day == "am" and hour == 12:
        hour = 0
    clocked = _with_clock(moment, hour, minute, int(match["s"] or 0))
    zone = match["zone"]
    if zone is None or clocked.value is None:
        return clocked
    offset = "+0000" if zone in ("z", "utc", "gmt") else zone.replace(":", "")
    try:
        aware = datetime.strptime(
            f"{clocked.value:%Y-%m-%dT%H:%M:%S}{offset}", "%Y-%m-%dT%H:%M:%S%z"
        )
        local = aware.astimezone(CHINA).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return Moment(problem="date_unreadable")
    return Moment(local, local.time() != time(0), moment.has_year, problem=moment.problem)


def _with_clock(moment: Moment, hour: int, minute: int, second: int) -> Moment:
    if moment.value is None:
        return moment
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        return Moment(problem="date_impossible")
    value = moment.value + timedelta(hours=hour, minutes=minute, seconds=second)
    known = value.time() != time(0)
    return Moment(value, known, moment.has_year, problem=moment.problem)
