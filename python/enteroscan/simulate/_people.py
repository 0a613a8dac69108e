"""Names, numbers and addresses of persons who do not exist."""

from typing import Any, TypeVar

import numpy as np
import pandas as pd

from enteroscan.simulate._streams import Bools, Floats, Ints, Streams, pick
from enteroscan.simulate._tables import words
from enteroscan.simulate.area import CITY, PROVINCE, Area

Dates = np.ndarray[Any, np.dtype[np.datetime64]]
Values = TypeVar("Values", Ints, Floats, Bools)

SURNAMES = words("surnames")  # the most frequent first
GIVEN = words("given_names")
DOCTOR_SURNAMES = SURNAMES[::-1]
ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])  # GB 11643-1999
ID_CHECKS = np.array(list("10X98765432"))
OCCUPATIONS = {
    "0": ("散居儿童",),
    "1_5": ("幼托儿童", "散居儿童"),
    "6_17": ("学生",),
    "18_59": (
        "工人",
        "农民",
        "商业服务",
        "干部职员",
        "餐饮食品业",
        "家务及待业",
        "学生",
        "教师",
        "民工",
    ),
    "60": ("离退人员", "农民", "家务及待业"),
}
ELSEWHERE = {
    "city": ("990181", f"{PROVINCE}/{CITY}/南湾县"),
    "province": ("990203", f"{PROVINCE}/邻江市/北岭区"),
    "other_province": ("980105", "远方省/远方市/西坪县"),
}
MINOR = 14.0  # years; a guardian is named
# Share of the households with 1, 2, ... persons [census 2020; 5 and more split by assumption].
HOUSEHOLDS = np.array([0.254, 0.297, 0.210, 0.132, 0.062, 0.045])
PERSONS = np.arange(1, len(HOUSEHOLDS) + 1)
MEAN_OTHERS = float((HOUSEHOLDS * PERSONS * (PERSONS - 1)).sum() / (HOUSEHOLDS * PERSONS).sum())
BUILDINGS, BUILDINGS_A_ROW = 30, 6
BUILDING_KM = 0.04  # from one to the next


def check_digits(numbers: "np.ndarray[tuple[int, int], np.dtype[np.int64]]") -> list[str]:
    """Return the last character of identity numbers from their 17 digits (GB 11643)."""
    return [str(value) for value in ID_CHECKS[(numbers @ ID_WEIGHTS) % 11]]


def identity_numbers(area_code: Ints, birth: Dates, male: Bools, serial: Ints) -> list[str]:
    """Return identity numbers with a valid check digit; even serials are for women."""
    odd = serial // 2 * 2 + male.astype(np.int64)
    days = pd.DatetimeIndex(birth)
    day = days.year * 10_000 + days.month * 100 + days.day
    texts = [
        f"{code:06d}{date:08d}{order:03d}"
        for code, date, order in zip(area_code, day, odd % 1000, strict=True)
    ]
    digits = np.array([list(map(int, text)) for text in texts], dtype=np.int64).reshape(-1, 17)
    return [text + check for text, check in zip(texts, check_digits(digits), strict=True)]


def next_identity_number(number: str) -> str:
    """Return the number of the next person of the same sex, birth date and area."""
    text = f"{number[:14]}{(int(number[14:17]) + 2) % 1000:03d}"
    return text + check_digits(np.array([list(map(int, text))], dtype=np.int64))[0]


def household_sizes(uniform: Floats, at_least: int = 1) -> Ints:
    """Return how many live in the households of persons, themselves among them."""
    weights = np.where(at_least <= PERSONS, HOUSEHOLDS * PERSONS, 0.0)
    return PERSONS[pick(uniform, weights)].astype(np.int64)


def names(streams: Streams, n: int, household: Ints) -> tuple[list[str], list[str]]:
    """Return names of patients and of their guardians; a household shares the surname."""
    popular = 1 / np.arange(2.0, len(SURNAMES) + 2)
    surname = pick(streams.uniform("surname", n), popular)
    surname = shared(surname, household)
    given = streams.integers("given", 0, len(GIVEN) - 1, 3 * n).reshape(n, 3)
    two = streams.happens("two characters", 0.8, n)
    patients, guardians = [], []
    for family, (a, b, c), both in zip(surname, given, two, strict=True):
        patients.append(SURNAMES[family] + GIVEN[a] + (GIVEN[b] if both else ""))
        guardians.append(SURNAMES[family] + GIVEN[c])
    return patients, guardians


def phones(streams: Streams, n: int) -> list[str]:
    """Return numbers of eleven digits that begin with 12, which no mobile number does."""
    return [f"12{number:09d}" for number in streams.integers("phone", 0, 999_999_999, n)]


def buildings(streams: Streams, household: Ints) -> Ints:
    """Return the number of the building in its quarter."""
    return shared(streams.integers("building", 1, BUILDINGS, len(household)), household)


def place_in_quarter(building: Ints) -> Floats:
    """Return x and y in km of buildings from the middle of their quarter; they stand in rows."""
    row, column = np.divmod(building - 1, BUILDINGS_A_ROW)
    rows = BUILDINGS // BUILDINGS_A_ROW
    middle = np.array([BUILDINGS_A_ROW - 1, rows - 1]) / 2
    return np.asarray((np.column_stack([column, row]) - middle) * BUILDING_KM)


def addresses(streams: Streams, area: Area, home: Ints, household: Ints) -> list[str]:
    """Return street, quarter, building, unit and room; a household lives together."""
    n = len(home)
    building = buildings(streams, household)
    unit = shared(streams.integers("unit", 1, 4, n), household)
    floor = shared(streams.integers("floor", 1, 18, n), household)
    door = shared(streams.integers("door", 1, 4, n), household)
    street = area.streets["name"].to_numpy(object)[area.homes["street"].to_numpy()[home]]
    quarter = area.homes["name"].to_numpy(object)[home]
    parts = zip(street, quarter, building, unit, floor, door, strict=True)
    return [f"{s}{q}{b}号楼{u}单元{f}{d:02d}室" for s, q, b, u, f, d in parts]


def staff(streams: Streams, hospital: Ints, what: str, n_each: int) -> list[str]:
    """Return who works in a hospital."""
    order = streams.integers(what, 0, n_each - 1, len(hospital))
    at = hospital * 31 + order * 7
    return [
        DOCTOR_SURNAMES[i % len(DOCTOR_SURNAMES)] + GIVEN[(i * 13 + len(what)) % len(GIVEN)]
        for i in at
    ]


def shared(values: Values, household: Ints) -> Values:
    """Give all of a household the value of its first member; -1 is nobody's household."""
    values = values.copy()
    inside = household >= 0
    if inside.any():
        _, first, inverse = np.unique(household[inside], return_index=True, return_inverse=True)
        values[inside] = values[inside][first][inverse]
    return values
