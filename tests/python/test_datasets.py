"""Data sets to try things with."""

import sys

import pandas as pd
import pytest

from enteroscan import MissingExtra
from enteroscan.datasets import load_burkitt


def test_burkitt() -> None:
    pytest.importorskip("libpysal")
    cases = load_burkitt()
    assert list(cases) == ["x", "y", "date", "age"]
    assert len(cases) == 188
    assert (cases["x"][0], cases["y"][0]) == (300.0, 302.0)
    assert cases["date"].min() == pd.Timestamp("1961-02-16")
    assert cases["date"].max() == pd.Timestamp("1975-10-23")


@pytest.mark.parametrize("module", ["libpysal"])
def test_missing_package_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'enteroscan\[demo\]'"):
        load_burkitt()
