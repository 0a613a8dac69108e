"""`enteroscan simulate`: a made-up district to practise on, with outbreaks whose truth is known."""

import json
from pathlib import Path
from typing import Annotated

import typer

from enteroscan._language import Texts
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.simulate.form import CoordinateSystem, Layout, check_encoding

TABLE_ENCODING = "utf-8-sig"  # which Excel opens without asking


def command(
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is not there.")],
    cases_per_year: Annotated[
        float, typer.Option(help="Sporadic cases a year, in all districts together.")
    ] = 2_000,
    districts: Annotated[int, typer.Option(help="Districts; several make a province.")] = 1,
    streets: Annotated[int, typer.Option(help="Streets or townships of a district.")] = 12,
    start: Annotated[str, typer.Option(help="First day of onset.")] = "2024-01-01",
    end: Annotated[str, typer.Option(help="Last day of onset.")] = "2024-12-31",
    outbreaks: Annotated[float, typer.Option(help="Outbreaks a year, on average.")] = 20,
    seed: Annotated[int, typer.Option(help="The same number gives the same files.")] = 0,
    layout: Annotated[
        Layout, typer.Option(help="How a case with several exposures stands in the files.")
    ] = "repeated",
    encoding: Annotated[str, typer.Option(help="Of reports.csv.")] = "gb18030",
    crs: Annotated[
        CoordinateSystem, typer.Option(help="System of the coordinates in the reports.")
    ] = "wgs84",
    mess: Annotated[
        bool, typer.Option("--mess/--clean", help="Spellings, gaps and titles as in real exports.")
    ] = True,
    excel: Annotated[
        bool, typer.Option("--excel/--no-excel", help="Write reports.xlsx, which takes longest.")
    ] = True,
    lang: Annotated[str | None, typer.Option(help="en or zh (as the locale).")] = None,
) -> None:
    """Simulate a year of case reports of a district, as hospitals would export them.

    Writes reports.xlsx and reports.csv (what surveillance sees), places.csv and boundaries.geojson
    (the map), outbreaks.csv and truth.csv (what really happened).
    """
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
