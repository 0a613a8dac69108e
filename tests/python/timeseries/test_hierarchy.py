"""Series of several levels, and one alarm at the level that explains it best."""

import numpy as np
import pandas as pd
import pytest

from enteroscan import timeseries as ts
from enteroscan.errors import DataError, SpecError

WEEKS = pd.date_range("2017-01-02", periods=370, freq="W-MON")
LEVELS = ["province", "city", "district"]
SPEC = ts.FarringtonFlexible(alpha=0.001)


def leaves(excess: dict[tuple[str, str, str], int]) -> pd.DataFrame:
    """Two provinces of two cities of four districts; an excess in the last week."""
    random = np.random.default_rng(3)
    parts = []
    for province in "AB":
        for city in "xy":
            for number in range(4):
                key = (province, city, str(number))
                count = random.poisson(5, len(WEEKS))
                count[-1] = 5 + excess.get(key, 0)
                names = dict(zip(LEVELS, key, strict=True))
                parts.append(pd.DataFrame({"date": WEEKS, "count": count, **names}))
    return pd.concat(parts, ignore_index=True)


def reported(excess: dict[tuple[str, str, str], int]) -> list[tuple[str, ...]]:
    found = ts.detect_hierarchy(leaves(excess), levels=LEVELS, method=SPEC)
    return sorted(tuple(row) for row in found.alarms[LEVELS].to_numpy())


def test_all_levels_are_what_each_alone_would_be() -> None:
    counts = leaves({("A", "x", "1"): 30})
    found = ts.detect_hierarchy(counts, levels=LEVELS, method=SPEC, last=3)
    frame = found.frame
    assert found.result.n_series == 2 + 4 + 16
    for depth in (1, 2, 3):
        own, lower = LEVELS[:depth], LEVELS[depth:]
        summed = counts.groupby([*own, "date"])["count"].sum().reset_index()
        alone = SPEC.detect(summed, by=own, last=3).frame
        rows = frame[(frame[lower] == "").all(axis=1) & (frame[own] != "").all(axis=1)]
        for column in ("observed", "expected", "upper_bound", "p_value", "alarm"):
            np.testing.assert_array_equal(rows[column], alone[column])


def test_no_outbreak_no_alarm() -> None:
    assert reported({}) == []


def test_an_outbreak_of_one_district_is_reported_there() -> None:
    counts = leaves({("A", "x", "1"): 40})
    found = ts.detect_hierarchy(counts, levels=LEVELS, method=SPEC)
    assert [tuple(row) for row in found.alarms[LEVELS].to_numpy()] == [("A", "x", "1")]
    higher = found.frame[(found.frame["decision"] == "explained").to_numpy()]
    assert [tuple(row) for row in higher[LEVELS].to_numpy()] == [("A", "", ""), ("A", "x", "")]
    assert set(higher["because"]) <= {"A, x", "A, x, 1"}


def test_an_outbreak_of_a_whole_city_is_reported_once() -> None:
    city = {("A", "x", str(i)): 16 for i in range(4)}
    counts = leaves(city)
    found = ts.detect_hierarchy(counts, levels=LEVELS, method=SPEC)
    assert [tuple(row) for row in found.alarms[LEVELS].to_numpy()] == [("A", "x", "")]
    covered = found.frame[(found.frame["decision"] == "covered").to_numpy()]
    assert len(covered) > 0
    assert set(covered["because"]) == {"A, x"}


def test_a_thin_excess_everywhere_is_seen_only_high_up() -> None:
    thin = {("B", city, str(i)): 5 for city in "xy" for i in range(4)}
    assert reported(thin) == [("B", "", "")]


def test_two_outbreaks_are_two_alarms() -> None:
    assert reported({("A", "x", "1"): 40, ("B", "y", "3"): 40}) == [
        ("A", "x", "1"),
        ("B", "y", "3"),
    ]


def test_every_alarm_has_one_decision_and_no_reported_one_lies_within_another() -> None:
    random = np.random.default_rng(5)
    excess = {
        (p, c, str(i)): int(random.choice([0, 0, 8, 25]))
        for p in "AB"
        for c in "xy"
        for i in range(4)
    }
    found = ts.detect_hierarchy(leaves(excess), levels=LEVELS, method=SPEC, last=30)
    frame = found.frame
    assert ((frame["decision"] != "") == frame["alarm"]).all()
    for _, at_once in found.alarms.groupby("date"):
        keys = [tuple(name for name in row if name) for row in at_once[LEVELS].to_numpy()]
        assert not any(a != b and b[: len(a)] == a for a in keys for b in keys)


def test_columns_apart_and_automatic_choice() -> None:
    counts = pd.concat(
        [leaves({}).assign(agent="S"), leaves({("A", "x", "1"): 60}).assign(agent="V")]
    )
    found = ts.detect_hierarchy(counts, levels=LEVELS, by="agent")
    assert ("V", "A", "x", "1") in {
        tuple(row) for row in found.alarms[["agent", *LEVELS]].to_numpy()
    }
    assert "S" not in set(found.alarms["agent"])
    assert "alarms reported" in repr(found)
    assert "<table" in found._repr_html_()


def test_bad_levels_are_refused() -> None:
    counts = leaves({})
    with pytest.raises(SpecError, match="each of them once"):
        ts.detect_hierarchy(counts, levels=["city", "city"])
    with pytest.raises(DataError, match="empty texts stand for no level"):
        ts.detect_hierarchy(counts.assign(city=""), levels=LEVELS)
