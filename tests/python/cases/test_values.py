"""What is written in one of many forms is read as what it was."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enteroscan.cases._columns import from_objects
from enteroscan.cases._headers import letter, split_number
from enteroscan.cases._moments import parse_moment, parse_moments
from enteroscan.cases._values import (
    NO,
    YES,
    parse_yes_no,
    read_age,
    read_count,
    read_result,
    read_symptoms,
    read_temperature,
)

moments = st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
WIDE = str.maketrans("0123456789:-/.", "０１２３４５６７８９：－／．")


def half_day(moment: datetime) -> str:
    hour = moment.hour % 12 or 12
    return f"{moment:%Y/%m/%d} {hour}:{moment.minute:02d} {'PM' if moment.hour >= 12 else 'AM'}"


def chinese_half_day(moment: datetime) -> str:
    word = "下午" if moment.hour >= 12 else "上午"
    hour = moment.hour - 12 if moment.hour > 12 else moment.hour
    return f"{moment.year}年{moment.month}月{moment.day}日{word}{hour}时{moment.minute}分"


def serial(moment: datetime) -> str:
    return repr((moment - datetime(1899, 12, 30)) / timedelta(days=1))


def weekday(moment: datetime) -> str:
    name = "一二三四五六日"[moment.weekday()]
    clock = f"{moment.hour}:{moment.minute:02d}"
    return f"{moment.year}年{moment.month}月{moment.day}日 星期{name} {clock}"


FORMS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda m: f"{m:%Y-%m-%d %H:%M}",
    "iso_seconds": lambda m: f"{m:%Y-%m-%dT%H:%M:%S}",
    "slashes": lambda m: f"{m.year}/{m.month}/{m.day} {m.hour}:{m.minute:02d}",
    "dots": lambda m: f"{m.year}.{m.month}.{m.day} {m.hour}:{m.minute:02d}",
    "compact": lambda m: f"{m:%Y%m%d%H%M%S}",
    "chinese": lambda m: f"{m.year}年{m.month}月{m.day}日{m.hour}时{m.minute}分",
    "chinese_points": lambda m: f"{m.year}年{m.month}月{m.day}日 {m.hour}点{m.minute}分",
    "chinese_half_day": chinese_half_day,
    "english": lambda m: f"{m.day} {m:%b} {m.year} {m:%H:%M}",
    "american": lambda m: f"{m:%B} {m.day}, {m.year} {m:%H:%M}",
    "half_day": half_day,
    "wide": lambda m: f"{m:%Y-%m-%d %H:%M}".translate(WIDE),
    "zone": lambda m: f"{m:%Y-%m-%dT%H:%M:%S}+08:00",
    "weekday": weekday,
}


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None)
@given(moment=moments)
def test_moments_in_all_forms(form: str, moment: datetime) -> None:
    read = parse_moment(FORMS[form](moment))
    assert read.value == moment
    assert read.problem is None
    assert read.hour_known is ((moment.hour, moment.minute) != (0, 0))


@given(
    moment=st.datetimes(datetime(1930, 1, 1), datetime(2099, 12, 31)).map(
        lambda m: m.replace(microsecond=0)
    )
)
def test_serial_numbers_of_spreadsheets(moment: datetime) -> None:
    assert parse_moment(float(serial(moment))).value == moment
    assert parse_moment(serial(moment)).value == moment


@settings(deadline=None)
@given(moments=st.lists(moments, min_size=1, max_size=30))
def test_the_fast_way_is_the_slow_way(moments: list[datetime]) -> None:
    texts = np.array(
        [f"{m:%Y-%m-%d %H:%M:%S}" for m in moments] + ["2024-03-05", "x"], dtype=object
    )
    fast = parse_moments(texts)
    for text, value, hour_known, problem in zip(
        texts, fast.times, fast.hour_known, fast.problem, strict=True
    ):
        slow = parse_moment(text)
        assert (pd.Timestamp(value).to_pydatetime() if slow.value else None) == slow.value
        assert (hour_known, problem) == (slow.hour_known, slow.problem)


@given(moment=moments)
def test_buddhist_years(moment: datetime) -> None:
    read = parse_moment(f"{moment.year + 543}{moment:%m%d%H%M%S}")
    assert read.value == moment
    assert read.problem == "date_buddhist"


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_no_text_breaks_a_parser(text: str) -> None:
    parse_moment(text)
    read_age(text.lower())
    read_count(text.lower())
    read_temperature(text.lower())
    read_symptoms(text)
    read_result(text)
    split_number(text)


@given(
    number=st.integers(0, 9999),
    unit=st.sampled_from(["", "次", " 次", "次/日", "人", "次/24小时", "次/天"]),
)
def test_counts(number: int, unit: str) -> None:
    assert read_count(f"{number}{unit}") == (number, None)


@given(number=st.integers(1, 199))
def test_chinese_counts(number: int) -> None:
    assert read_count(f"{chinese(number)}次") == (number, None)


def chinese(number: int) -> str:
    digits = "零一二三四五六七八九"
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and units:
        text += "零"
    return text + (digits[units] if units else "")


@given(
    tenths=st.integers(340, 430), form=st.sampled_from(["{}", "{}℃", "{}度", "T：{}", "体温{} °C"])
)
def test_temperatures(tenths: int, form: str) -> None:
    text = form.format(tenths / 10).lower().replace("℃", "°c")
    assert read_temperature(text) == (tenths / 10, None)


@given(years=st.integers(0, 119), months=st.integers(0, 11))
def test_ages(years: int, months: int) -> None:
    age, problem = read_age(f"{years}岁{months}个月")
    assert age == pytest.approx(years + months / 12)
    assert problem is None
    assert read_age(f"{years}") == (years, None)
    assert read_age(f"{months}月")[0] == pytest.approx(months / 12)
    assert read_age(f"{months + 1} months")[0] == pytest.approx((months + 1) / 12)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("35", 35),
        ("35岁", 35),
        ("35 years", 35),
        ("1岁半", 1.5),
        ("15天", 15 / 365.25),
        ("3周", 21 / 365.25),
        ("新生儿", 0),
        ("三十五岁", 35),
        ("八个月", 8 / 12),
        ("半岁", 0.5),
    ],
)
def test_ages_by_hand(text: str, age: float) -> None:
    assert read_age(text)[0] == pytest.approx(age)


@pytest.mark.parametrize("text", ["岁", "十来岁", "-5", "130", "5个人", "abc"])
def test_what_is_no_age(text: str) -> None:
    value, problem = read_age(text)
    assert value is None
    assert problem in ("age", "age_range")


def test_yes_and_no_exclude_each_other() -> None:
    assert not YES & NO
    for words, wanted in ((YES, True), (NO, False)):
        column = from_objects(np.array(sorted(words), dtype=object))
        assert set(parse_yes_no(column).results.tolist()) == {wanted}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "腹痛、腹泻3次，水样便，无发热",
            {"abdominal_pain": True, "diarrhoea": True, "fever": False},
        ),
        ("无发热、恶心，有呕吐", {"fever": False, "nausea": False, "vomiting": True}),
        ("否认腹痛;发烧", {"abdominal_pain": False, "fever": True}),
        ("发热但无呕吐", {"fever": True, "vomiting": False}),
        ("没有发热。腹泻", {"fever": False, "diarrhoea": True}),
        ("fever, vomiting", {"fever": True, "vomiting": True}),
        ("发热：是；腹泻：否；呕吐：是", {"fever": True, "diarrhoea": False, "vomiting": True}),
        ("发热(-)、腹泻(+)", {"fever": False, "diarrhoea": True}),
        ("发热(无)、腹痛", {"fever": False, "abdominal_pain": True}),
        (
            "Denies fever, nausea and vomiting, but has diarrhoea",
            {"fever": False, "nausea": False, "vomiting": False, "diarrhoea": True},
        ),
        ("上吐下泻", {"vomiting": True, "diarrhoea": True}),
        ("", {}),
    ],
)
def test_symptoms_in_free_text(text: str, wanted: dict[str, bool]) -> None:
    assert read_symptoms(text).mentioned == wanted


@pytest.mark.parametrize(
    ("text", "positive", "agent"),
    [
        ("阳性", True, None),
        ("(+)", True, None),
        ("阴性", False, None),
        ("未检出", False, None),
        ("/", False, None),
        ("待检", None, None),
        ("肠炎沙门氏菌", True, "salmonella"),
        ("检出副溶血性弧菌", True, "vibrio_parahaemolyticus"),
        ("未检出沙门氏菌、志贺氏菌", False, None),
        ("沙门氏菌阴性，诺如病毒阳性", True, "norovirus"),
        ("送检中", None, None),
        ("阳 性", True, None),
        ("pathogen detected", True, None),  # no dETECted
        ("none detected", False, None),
        ("Salmonella Enteritidis", True, "salmonella"),
        ("no Salmonella isolated", False, None),
    ],
)
def test_results(text: str, positive: bool | None, agent: str | None) -> None:
    result = read_result(text)
    assert result.positive is positive
    assert result.agent == agent


def test_numbers_in_free_text() -> None:
    found = read_symptoms("恶心，呕吐2次，腹泻（水样便，10次），伴发热，体温最高38.2℃")
    assert (found.fever_c, found.vomit_n, found.stool_n) == (38.2, 2, 10)
    assert found.stool_type == "watery"


@pytest.mark.parametrize(
    ("text", "answer", "is_problem"),
    [
        ("☑是 □否", True, False),
        ("□是 ☑否", False, False),
        ("是☑ 否□", True, False),
        ("是（ ） 否（√）", False, False),
        ("□1.是 ☑2.否", False, False),
        ("□是 □否", None, True),
        ("☑是 ☑否", None, True),
        ("是/否", None, True),
        ("1、是", True, False),
        ("（否）", False, False),
        ("无明显", False, False),
        ("未明确", None, False),
        ("轻度", True, False),
        ("Yes (3 times)", True, False),
    ],
)
def test_answers_of_forms(text: str, answer: bool | None, is_problem: bool) -> None:
    parsed = parse_yes_no(from_objects(np.array([text], dtype=object)))
    assert parsed.results.tolist() == [answer]
    assert (parsed.problem[0] == "yes_no") is is_problem


@pytest.mark.parametrize(
    ("clock", "wanted"),
    [
        ("晚上8点", "2024-05-01 20:00"),
        ("晚上12点", "2024-05-02 00:00"),
        ("晚12时30分", "2024-05-02 00:30"),
        ("夜里2点", "2024-05-01 02:00"),
        ("半夜1点半", "2024-05-01 01:30"),
        ("深夜11点", "2024-05-01 23:00"),
        ("凌晨12点", "2024-05-01 00:00"),
        ("中午12点", "2024-05-01 12:00"),
        ("中午1点", "2024-05-01 13:00"),
        ("下午12:30", "2024-05-01 12:30"),
        ("上午12:30", "2024-05-01 00:30"),
        ("12:00 AM", "2024-05-01 00:00"),
        ("约13时", "2024-05-01 13:00"),
        ("13:00-14:00", "2024-05-01 13:00"),
    ],
)
def test_hours_of_the_day(clock: str, wanted: str) -> None:
    moment = parse_moment(f"2024年5月1日 {clock}")
    assert moment.value == datetime.fromisoformat(wanted)
    assert moment.problem == ("time_range" if "-" in clock else None)


@pytest.mark.parametrize("text", ["2024050113", "20240501 13:00"])
def test_compact_dates_with_hours(text: str) -> None:
    assert parse_moment(text).value == datetime(2024, 5, 1, 13)


@pytest.mark.parametrize("text", ["几十次", "数十次", "多次", "5次/2天"])
def test_what_is_no_count(text: str) -> None:
    assert read_count(text) == (None, "count")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("食品名称2", ("食品名称", 2)),
        ("第3次进食场所", ("进食场所", 3)),
        ("食品（10）", ("食品", 10)),
        ("食品一", ("食品", 1)),
        ("食品", None),
    ],
)
def test_numbers_of_headers(header: str, wanted: tuple[str, int] | None) -> None:
    found = split_number(header)
    assert (found if found is None else (found[0].strip(), found[1])) == wanted


def test_letters_of_columns() -> None:
    assert [letter(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
