"""`enteroscan link`: which cases of an export ate the same thing."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enteroscan._language import Texts
from enteroscan._spreadsheets import spreadsheet_safe
from enteroscan.cli._common import errors_explained, progress_bar
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from enteroscan.linkage import LinkResult

SHOWN_GROUPS = 10
TABLES = ("groups", "members", "agents", "explanations", "links")

say = Texts(section="link")  # of the help; the output follows --lang


def command(
    file: Annotated[Path, typer.Argument(help=say("file"))],
    as_of: Annotated[str | None, typer.Option(help=say("as_of"))] = None,
    crs: Annotated[str, typer.Option(help=say("crs"))] = "wgs84",
    columns: Annotated[Path | None, typer.Option(help=say("columns"))] = None,
    max_days: Annotated[int, typer.Option(help=say("max_days"))] = 30,
    fresh_days: Annotated[int, typer.Option(help=say("fresh_days"))] = 7,
    alleles: Annotated[Path | None, typer.Option(help=say("alleles"))] = None,
    max_alleles: Annotated[int, typer.Option(help=say("max_alleles"))] = 5,
    kind: Annotated[list[str] | None, typer.Option(help=say("kind"))] = None,
    replicates: Annotated[int, typer.Option(help=say("replicates"))] = 999,
    seed: Annotated[int, typer.Option(help=say("seed"))] = 0,
    lang: Annotated[str | None, typer.Option(help=say("lang"))] = None,
    json: Annotated[bool, typer.Option("--json", help=say("json"))] = False,
    out: Annotated[Path | None, typer.Option(help=say("out"))] = None,
) -> None:
    """Find the groups of cases that a common source explains, and say how sure that is."""
    from enteroscan.cases import read_cases
    from enteroscan.linkage.spec import KIND_NAMES, SharedExposure

    with errors_explained():
        texts = Texts(lang, "link")
        spec = SharedExposure(
            max_days=max_days,
            fresh_days=fresh_days,
            max_alleles=max_alleles,
            replicates=replicates,
            random_state=seed,
            kinds=tuple(kind or KIND_NAMES),
        )
        distances = None if alleles is None else _distances(alleles)
        with progress_bar(texts("reading")) as progress:
            cases = read_cases(
                file,
                columns=columns,
                crs=crs,  # type: ignore[arg-type]
                as_of=as_of,
                language=lang,
                progress=progress,
            )
        with progress_bar(texts("linking")) as progress:
            result = spec.link(cases, as_of=as_of, alleles=distances, progress=progress)
        if json:
            typer.echo(_json(result))
        else:
            _show(result, texts)
        if out is not None:
            _write(result, out)


def _distances(path: Path) -> "pd.DataFrame":
    """Read a square table of distances; case numbers stay texts."""
    import pandas as pd

    table = pd.read_csv(path, sep=None, engine="python", dtype=str, encoding="utf-8-sig")
    return table.set_index(table.columns[0])


def _show(result: "LinkResult", texts: Texts) -> None:
    words = Texts(texts.language, "linkage")
    groups, members = result.groups, result.members
    typer.echo(result.verdict(texts.language))
    for _, group in groups.head(SHOWN_GROUPS).iterrows():
        own = members[members["group"] == group["group"]]
        typer.echo(f"\n{group['group']}. {group[f'reason_{texts.language}']}")
        cases = ", ".join(f"{row.case_id} ({row.probability:.0%})" for row in own.itertuples())
        typer.echo(f"   {words('case')}: {cases}")
    if len(groups) > SHOWN_GROUPS:
        typer.echo(words("more", n=len(groups) - SHOWN_GROUPS))
    for row in result.unseen.to_dict("records"):
        if row["n_cases"]:
            typer.echo(words(f"unseen.{row['reason']}", n=row["n_cases"]), err=True)


def _json(result: "LinkResult") -> str:
    tables = {
        name: json_format.loads(
            getattr(result, name).to_json(orient="records", date_format="iso", force_ascii=False)
        )
        for name in ("groups", "members", "agents", "explanations")
    }
    facts = {"as_of": result.as_of.isoformat(), "n_cases": result.n_cases}
    return json_format.dumps(
        {**facts, "spec": result.spec.to_dict(), **tables}, ensure_ascii=False, indent=1
    )


def _write(result: "LinkResult", folder: Path) -> None:
    if folder.is_file():
        message = f"{folder} is a file; give a folder"
        raise SpecError(message)
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        path = folder / f"{name}.csv"
        spreadsheet_safe(getattr(result, name)).to_csv(path, index=False, encoding="utf-8-sig")
        typer.echo(str(path), err=True)
