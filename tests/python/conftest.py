"""What several test files need."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder with inputs and the answers of reference tools, which are not part of the project."""
    beside = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("ENTEROSCAN_REFERENCE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no reference data in {folder}; ENTEROSCAN_REFERENCE_DATA names the folder")
    return folder
