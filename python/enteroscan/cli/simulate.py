"""`enteroscan simulate`: a made-up district to practise on, with outbreaks whose truth is known."""

import json
from pathlib import Path
from typing import Annotated

import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.simulate.form import CoordinateSystem, Layout, check_encoding

say = Texts(section="simulate")  # of the help; the output follows --lang

TABLE_ENCODING = "utf-8-sig"  # which Excel opens without asking


def command(
    out: Annotated[Path, typer.Option(help=say("out"))],
    cases_per_year: Annotated[float, typer.Option(help=say("cases_per_year"))] = 2_000,
    districts: Annotated[int, typer.Option(help=say("districts"))] = 1,
    streets: Annotated[int, typer.Option(help=say("streets"))] = 12,
    start: Annotated[str, typer.Option(help=say("start"))] = "2024-01-01",
    end: Annotated[str, typer.Option(help=say("end"))] = "2024-12-31",
    outbreaks: Annotated[float, typer.Option(help=say("outbreaks"))] = 20,
    seed: Annotated[int, typer.Option(help=say("seed"))] = 0,
    layout: Annotated[Layout, typer.Option(help=say("layout"))] = "repeated",
    encoding: Annotated[str, typer.Option(help=say("encoding"))] = "gb18030",
    crs: Annotated[CoordinateSystem, typer.Option(help=say("crs"))] = "wgs84",
    mess: Annotated[bool, typer.Option("--mess/--clean", help=say("mess"))] = True,
    excel: Annotated[bool, typer.Option("--excel/--no-excel", help=say("excel"))] = True,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
) -> None:
    """Simulate case reports of a district, and write them with their truth."""
    with errors_explained():
        from enteroscan.simulate import District, Mess, random_outbreaks

        texts = Texts(lang, "simulate")
        check_encoding(encoding)  # before anything is made
        spec = District(n_districts=districts, n_streets=streets, cases_per_year=cases_per_year)
        events = random_outbreaks(outbreaks, start=start, end=end, random_state=seed)
        with progress_bar(texts("progress")) as progress:
            reports = spec.simulate(
                start=start, end=end, outbreaks=events, random_state=seed, progress=progress
            )
        out.mkdir(parents=True, exist_ok=True)
        members = reports.truth.members
        typer.echo(
            texts(
                "summary",
                reports=f"{len(reports):,}",
                second=f"{int(reports.truth.cases['duplicate_of'].notna().sum()):,}",
                outbreaks=f"{len(reports.truth.outbreaks):,}",
                members=f"{members['person'].nunique():,}",
            )
        )
        spelling = Mess.typical(seed) if mess else Mess()

        def written(name: str) -> Path:
            typer.echo(f"{out / name}: {texts(name.replace('.', '_'))}")
            return out / name

        if excel:
            reports.to_excel(written("reports.xlsx"), layout=layout, mess=spelling, crs=crs)
        reports.to_csv(
            written("reports.csv"), encoding=encoding, layout=layout, mess=spelling, crs=crs
        )
        reports.places.to_csv(written("places.csv"), index=False, encoding=TABLE_ENCODING)
        boundaries = json.dumps(reports.boundaries, ensure_ascii=False)
        written("boundaries.geojson").write_text(boundaries, encoding="utf-8")
        reports.truth.outbreaks.to_csv(
            written("outbreaks.csv"), index=False, encoding=TABLE_ENCODING
        )
        reports.truth.cases.to_csv(written("truth.csv"), index=False, encoding=TABLE_ENCODING)
