"""What the tests of case reports have in common."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def salt_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Keep the salt of this machine out of the tests."""
    folder = tmp_path_factory.mktemp("settings")
    monkeypatch.setenv("ENTEROSCAN_CONFIG_DIR", str(folder))
    monkeypatch.setenv("ENTEROSCAN_LANG", "en")
    return folder
