"""The settings of the night job."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from enteroscan.cli import app
from enteroscan.errors import SpecError
from enteroscan.nightly.config import Config, example, load_config, schema
from enteroscan.nightly.outbox import channels

SMALL = """
[source]
files = ["*.csv"]
[detectors.places]
kind = "scan"
[[streams]]
name = "all"
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "night.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("files", "fiels"), "source.fiels: 'fiels' is unknown; did you mean 'files'"),
        (SMALL + "pathogens = ['norovirus']", "did you mean 'pathogen'"),
        (SMALL.replace("[[streams]]", "[[stream]]"), "did you mean 'streams'"),
        (SMALL + "detectors = ['place']", "'place' is unknown; did you mean 'places'"),
        (SMALL.replace('"scan"', '"scan"\nmethod = "poison"'), "did you mean 'poisson'"),
        (SMALL.replace('"scan"', '"scan"\noptions = {max_radius = 0}'), "detectors.places"),
        (SMALL + "each = ['pathogen']", "each names pathogen, which has no values"),
        (SMALL + '[[streams]]\nname = "all"', "several streams are called all"),
        (SMALL.replace('files = ["*.csv"]', ""), "give files, or sql with url or url_env"),
        (SMALL + "[alarm]\nsignals_a_week = 0", "alarm.signals_a_week"),
        (SMALL + "[notify.email]\nhost = 'a'\nsender = 'a@b'\nto = []", "notify.email.to"),
        ("area = ", "is no TOML"),
        ("area = 'a'\nfolder = '/'", "folder"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        load(tmp_path, text)
    assert message in str(error.value)
    assert "night.toml" in str(error.value)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        load(tmp_path, SMALL.replace("files", "fiels") + "ages = []")
    assert len(str(error.value).splitlines()) >= 2


def test_a_stream_for_each_value(tmp_path: Path) -> None:
    more = 'pathogen = ["norovirus", "salmonella"]\nage_years = [[0, 5], [5, 15]]\n'
    config = load(tmp_path, SMALL + more + 'each = ["pathogen", "age_years"]')
    specs = config.stream_specs  # type: ignore[attr-defined]
    assert [spec.name for spec in specs] == [
        f"all / {agent} / {ages}"
        for agent in ("norovirus", "salmonella")
        for ages in ("0-5", "5-15")
    ]
    assert specs[1].pathogen == ("norovirus",)
    assert specs[1].age_years == ((5.0, 15.0),)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_can_be_used(tmp_path: Path, language: str) -> None:
    text = example(language)
    load(tmp_path, text)
    jsonschema.validate(tomllib.loads(text), schema())
    # What stands behind "#" as a setting is one, too.
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    settings = [line for line in lines if line.partition("=")[0].strip().isidentifier()]
    assert all(tomllib.loads(line) for line in settings if "=" in line)


def test_both_examples_say_the_same() -> None:
    assert tomllib.loads(example("en"))["detectors"] == tomllib.loads(example("zh"))["detectors"]


def test_init_and_schema(tmp_path: Path) -> None:
    path = tmp_path / "night.toml"
    done = CliRunner().invoke(app, ["nightly", "--init", str(path), "--lang", "zh"])
    assert done.exit_code == 0
    assert path.read_text(encoding="utf-8") == example("zh")
    again = CliRunner().invoke(app, ["nightly", "--init", str(path)])
    assert again.exit_code == 2
    assert path.read_text(encoding="utf-8") == example("zh")
    printed = CliRunner().invoke(app, ["nightly", "--schema"])
    assert json.loads(printed.stdout) == schema()


def test_the_schema_knows_what_the_file_may_hold() -> None:
    assert "folder" not in schema()["properties"]
    assert set(schema()["properties"]) == set(Config.model_fields) - {"folder"}


def test_without_settings_there_is_no_night() -> None:
    done = CliRunner().invoke(app, ["nightly"])
    assert done.exit_code == 2
    assert "--init" in done.stderr


def test_passwords_are_not_among_the_settings_of_the_report(tmp_path: Path) -> None:
    secret = '[notify.webhook]\nurl = "https://example.org/TOKEN"\n[ledger]\nurl = "postgresql://u:TOKEN@h/d"'
    config = load(tmp_path, SMALL + secret)
    assert "TOKEN" not in json.dumps(config.settings())  # type: ignore[attr-defined]


def test_certificates_of_the_house(tmp_path: Path) -> None:
    text = SMALL + '[notify.email]\nhost = "h"\nsender = "a@b"\nto = ["c@d"]\nca_file = "ca.pem"\n'
    config = load(tmp_path, text)
    assert isinstance(config, Config)
    with pytest.raises(SpecError, match=r"ca\.pem"):
        channels(config)
    (tmp_path / "ca.pem").touch()
    email = channels(config)["email"]
    assert email.ca_file == tmp_path / "ca.pem"
