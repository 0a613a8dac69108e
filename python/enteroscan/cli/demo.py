"""`enteroscan demo`: a simulated district, and a week of nights."""

from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.errors import DataError

LAST_NIGHT = date(2024, 6, 30)
NIGHTS = 7
CASES_PER_YEAR = 1_200
SEED = 3

say = Texts(section="demo")


def command(
    into: Annotated[Path, typer.Option(help=say("into"))],
    lang: Annotated[str | None, typer.Option(help=Texts(section="nightly")("lang"))] = None,
) -> None:
    """Simulate a district, and do a week of nights."""
    with errors_explained(lang):
        from enteroscan.nightly.config import load_config
        from enteroscan.nightly.run import run

        texts = Texts(section="demo")
        config = load_config(_district(into, texts))
        for days in reversed(range(NIGHTS)):
            night = LAST_NIGHT - timedelta(days=days)
            with progress_bar(f"{night}") as progress:
                done = run(config, as_of=night, progress=progress)
            typer.echo(texts("night", night=night, news=done.n_news, signals=done.n_signals))
        typer.echo(str(done.files["html"]))


def _district(folder: Path, texts: Texts) -> Path:
    """Write the reports of a simulated district, and the settings of its job."""
    import json

    from enteroscan.simulate import District, Outbreak

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DataError(texts("not_empty", folder=folder))
    outbreaks = [
        Outbreak(agent="salmonella", start="2024-06-20 12:00", size=16),
        Outbreak(agent="vibrio_parahaemolyticus", start="2024-06-25 18:00", size=12),
    ]
    with progress_bar(texts("simulating")) as progress:
        reports = District(cases_per_year=CASES_PER_YEAR).simulate(
            start=f"{LAST_NIGHT - timedelta(days=365)}",
            end=f"{LAST_NIGHT + timedelta(days=7)}",
            outbreaks=outbreaks,
            random_state=SEED,
            progress=progress,
        )
    reports.to_csv(folder / "reports.csv")
    reports.truth.cases.to_csv(folder / "truth.csv", index=False, encoding="utf-8-sig")
    reports.places.to_csv(folder / "places.csv", index=False, encoding="utf-8-sig")
    boundaries = json.dumps(reports.boundaries, ensure_ascii=False)
    (folder / "boundaries.geojson").write_text(boundaries, encoding="utf-8")
    settings = folder / "night.toml"
    example = resources.files("enteroscan.nightly") / "data" / "demo.toml"
    text = example.read_text(encoding="utf-8").replace("LANGUAGE", texts.language)
    settings.write_text(text, encoding="utf-8")
    return settings
