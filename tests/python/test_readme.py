"""The example of the README."""

import re
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_the_example_finds_its_outbreak(capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    names: dict[str, Any] = {}
    exec(examples[0], names)
    first = names["result"].clusters.iloc[0]
    assert first["p_value"] == 0.001
    assert first["observed"] >= 12
    assert "p_value" in capsys.readouterr().out
