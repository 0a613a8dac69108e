"""Pictures show what the tables say, without a warning and without a network."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from enteroscan import DataError, PoissonScan, ScanResult, SpaceTimePermutation

mpl.use("agg")


@pytest.fixture
def result() -> ScanResult:
    random = np.random.default_rng(3)
    places = pd.DataFrame(
        {
            "location": [f"P{i}" for i in range(20)],
            "lat": random.random(20),
            "lon": random.random(20),
        }
    )
    cases = pd.DataFrame(
        {
            "location": [*random.choice(places["location"], 100), *["P3"] * 8],
            "date": [*random.choice(pd.date_range("2024-01-01", periods=30), 100)]
            + [pd.Timestamp("2024-01-30")] * 8,
        }
    )
    spec = SpaceTimePermutation(max_duration_days=7, replicates=99)
    return spec.scan(cases, locations=places, start="2024-01-01")


@pytest.fixture(autouse=True)
def _close_figures() -> object:
    yield
    plt.close("all")


def test_map(result: ScanResult) -> None:
    axes = result.plot()
    axes.figure.canvas.draw()
    [points] = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    offsets = np.asarray(points.get_offsets())
    np.testing.assert_allclose(offsets, result.places[["longitude", "latitude"]])
    largest = result.places["observed"].argmax()
    assert points.get_sizes().argmax() == largest
    labels = [text.get_text() for text in axes.texts]
    assert labels == [str(number) for number in result.clusters["cluster"]]
    latitude = result.places["latitude"].mean()
    assert axes.get_aspect() == pytest.approx(1 / np.cos(np.radians(latitude)))


def test_graph_over_time(result: ScanResult) -> None:
    axes = result.plot_time()
    axes.figure.canvas.draw()
    heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
    timeline = result.timeline.query("cluster == 1")
    assert sum(heights[: len(timeline)]) == timeline["observed"].sum()
    assert result.clusters["location"][0] in axes.get_title()


def test_axes_can_be_given(result: ScanResult) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert result.plot(left) is left
    assert result.plot_time(1, right) is right
    figure.canvas.draw()


def test_graph_of_generic_time() -> None:
    cases = pd.DataFrame({"location": ["A"] * 9, "date": [1] * 4 + [9] * 5})
    spec = PoissonScan(analysis="temporal", time_unit="generic", replicates=19)
    axes = spec.scan(cases).plot_time()
    axes.figure.canvas.draw()
    assert axes.get_xlim()[0] < 1 < 10 < axes.get_xlim()[1]


def test_what_cannot_be_drawn_is_said(result: ScanResult) -> None:
    with pytest.raises(DataError, match="there is no cluster 99"):
        result.plot_time(99)
    cases = pd.DataFrame({"location": ["A"] * 9, "date": [1] * 4 + [9] * 5})
    spec = PoissonScan(analysis="temporal", time_unit="generic", replicates=19)
    with pytest.raises(DataError, match="there is no map"):
        spec.scan(cases).plot()
    people = pd.DataFrame({"location": ["A", "B"], "population": 5, "x": [0.0, 1.0], "y": 0.0})
    spatial = PoissonScan(analysis="spatial", replicates=19, max_size_share=1.0)
    found = spatial.scan(cases[["location"]], locations=people, population=people)
    with pytest.raises(DataError, match="the cases have no dates"):
        found.plot_time()
