"""Coordinates are converted to WGS-84 and back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from enteroscan.errors import DataError, SpecError
from enteroscan.places import CRS, from_wgs84, to_wgs84

# In WGS-84 and in GCJ-02: the test points of eviltransform and coordtransform.
PUBLISHED_GCJ02 = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing
    ((39.915, 116.404), (39.91640428150164, 116.41024449916938)),  # Beijing
]
# In GCJ-02 and in BD-09.
PUBLISHED_BD09 = [((39.915, 116.404), (39.92133699351021, 116.41036949371029))]
METRE = 1 / 111_320
Numbers = NDArray[np.float64]

LATITUDES = st.floats(18.0, 53.6)
LONGITUDES = st.floats(73.4, 135.1)
SYSTEMS: list[CRS] = ["gcj02", "bd09"]


@pytest.mark.parametrize(("wgs84", "gcj02"), PUBLISHED_GCJ02)
def test_published_points_of_gcj02(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert from_wgs84(*wgs84, crs="gcj02") == pytest.approx(gcj02, abs=1e-12)
    assert to_wgs84(*gcj02, crs="gcj02") == pytest.approx(wgs84, abs=1e-9)


@pytest.mark.parametrize(("gcj02", "bd09"), PUBLISHED_BD09)
def test_published_points_of_bd09(gcj02: tuple[float, float], bd09: tuple[float, float]) -> None:
    wgs84 = to_wgs84(*gcj02, crs="gcj02")
    assert from_wgs84(*wgs84, crs="bd09") == pytest.approx(bd09, abs=1e-9)
    back = to_wgs84(*bd09, crs="bd09")
    assert np.abs(np.subtract(back, wgs84)).max() < 1e-9


@given(LATITUDES, LONGITUDES, st.sampled_from(SYSTEMS))
def test_there_and_back(latitude: float, longitude: float, crs: CRS) -> None:
    there = from_wgs84(latitude, longitude, crs=crs)
    back = to_wgs84(*there, crs=crs)
    assert np.abs(back[0] - latitude) < 1e-9
    assert np.abs(back[1] - longitude) < 1e-9
    again = from_wgs84(*back, crs=crs)
    assert np.abs(again[0] - there[0]) < 1e-9
    assert np.abs(again[1] - there[1]) < 1e-9


@pytest.mark.parametrize("crs", SYSTEMS)
def test_the_meridian_where_the_formula_is_steep(crs: CRS) -> None:
    """At 105 degrees the square root in the formula has no derivative."""
    offsets = np.concatenate([[0.0], np.logspace(-14, -3, 60), -np.logspace(-14, -3, 60)])
    latitude, longitude = np.full_like(offsets, 30.0), 105.0 + offsets
    back = to_wgs84(*from_wgs84(latitude, longitude, crs=crs), crs=crs)
    assert np.abs(back[0] - latitude).max() < 1e-9
    assert np.abs(back[1] - longitude).max() < 1e-9


def shift_m(latitude: Numbers, longitude: Numbers, crs: CRS) -> Numbers:
    there = from_wgs84(latitude, longitude, crs=crs)
    north, east = there[0] - latitude, (there[1] - longitude) * np.cos(np.radians(latitude))
    return np.asarray(np.hypot(north, east) / METRE)


@given(LATITUDES, LONGITUDES)
def test_shifts_are_at_most_kilometres(latitude: float, longitude: float) -> None:
    at = np.array([latitude]), np.array([longitude])
    assert shift_m(*at, "gcj02")[0] < 1000
    assert 300 < shift_m(*at, "bd09")[0] < 2000


def test_shifts_are_mostly_hundreds_of_metres() -> None:
    """That of GCJ-02 waves with the place, and is some tens of metres in few."""
    grid = np.meshgrid(np.linspace(18.0, 53.6, 300), np.linspace(73.4, 135.1, 300))
    shifts = shift_m(grid[0].ravel(), grid[1].ravel(), "gcj02")
    assert np.mean(shifts > 100) > 0.9
    assert 300 < np.median(shifts) < 700


@pytest.mark.parametrize("crs", ["wgs84", *SYSTEMS])
@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(40.7128, -74.0060), (0.0, 0.0), (-33.9, 151.2), (60.0, 100.0), (117.2, 39.1), (39.1, 138.0)],
)
def test_nothing_is_shifted_outside_of_china(latitude: float, longitude: float, crs: CRS) -> None:
    for convert in (to_wgs84, from_wgs84):
        stayed = convert(latitude, longitude, crs=crs)
        assert (float(stayed[0]), float(stayed[1])) == (latitude, longitude)


def test_wgs84_stays_as_it_is() -> None:
    stayed = to_wgs84([39.13], [117.25], crs="wgs84")
    assert (stayed[0].tolist(), stayed[1].tolist()) == ([39.13], [117.25])


def test_gaps_shapes_and_series() -> None:
    latitude = pd.Series([31.175304, None, np.nan, 40.7], dtype="Float64", index=list("abcd"))
    longitude = pd.Series([121.531542, 121.5, 121.5, -74.0], index=list("abcd"))
    found = to_wgs84(latitude, longitude, crs="gcj02")
    assert found[0].shape == found[1].shape == (4,)
    assert np.isnan(found[0]).tolist() == [False, True, True, False]
    assert found[0][0] == pytest.approx(31.1774276, abs=1e-6)
    assert latitude.iloc[0] == 31.175304  # what is given is not changed
    grid = to_wgs84(np.full((2, 1), 31.0), np.full((1, 3), 121.0), crs="bd09")
    assert grid[0].shape == grid[1].shape == (2, 3)
    assert to_wgs84([], [], crs="gcj02")[0].shape == (0,)


def test_many_points_are_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(18, 53, 200), rng.uniform(74, 135, 200)
    together = to_wgs84(latitude, longitude, crs="bd09")
    for n in range(200):
        alone = to_wgs84(latitude[n], longitude[n], crs="bd09")
        assert np.abs(together[0][n] - alone[0]) < 1e-9
        assert np.abs(together[1][n] - alone[1]) < 1e-9


def test_mistakes_are_named() -> None:
    with pytest.raises(SpecError, match="crs='mars' is unknown; choose from wgs84, gcj02, bd09"):
        to_wgs84(31.0, 121.0, crs="mars")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="do not fit together"):
        to_wgs84([31.0, 32.0], [121.0, 122.0, 123.0], crs="gcj02")
