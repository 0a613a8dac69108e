"""The page: one file that opens without internet, in Chinese and English."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from enteroscan._language import LANGUAGES, Texts
from enteroscan.nightly.report._charts import daily_curve, epidemic_curve, series_chart
from enteroscan.nightly.report._document import Document, HistoryRow, SignalPart
from enteroscan.nightly.report._maps import read_area, signal_map
from enteroscan.nightly.report._plain import age, chance, number, percent, when

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

MOST_IN_FULL = 150  # signals with map, curve and line list; the others in a table
MOST_ROWS = 8_000  # of line lists, in all
LONGEST_LIST, SHORTEST_LIST = 300, 10  # rows of one
MOST_DETAILS = 20  # entries of a list of details
FOLDED = ("quiet", "closed")


def page(document: Document, boundaries: Mapping[str, Any] | None) -> str:
    """Return the whole page."""
    full, rest = document.signals[:MOST_IN_FULL], document.signals[MOST_IN_FULL:]
    area = read_area(boundaries, [case for signal in full for case in signal.cases])
    streams = sorted({name for signal in document.signals for name in signal.streams})
    style, script = _part("night.css"), _part("night.js")
    return _template().render(
        night=document,
        groups=_groups(full),
        rest=rest,
        area=area,
        maps={signal.signal_id: signal_map(signal, area) for signal in full},
        curves={signal.signal_id: epidemic_curve(signal.cases) for signal in full},
        series_chart=series_chart,
        curve=daily_curve(document.curve),
        streams=streams,
        stream_number={name: number for number, name in enumerate(streams)},
        states=[state for state, n in document.n_by_state.items() if n],
        list_rows=max(SHORTEST_LIST, min(LONGEST_LIST, MOST_ROWS // max(1, len(full)))),
        most_details=MOST_DETAILS,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        other_language=next(name for name in LANGUAGES if name != document.language),
    )


def _groups(signals: Sequence[SignalPart]) -> dict[str, list[SignalPart]]:
    """Return signals by the part of the page that they stand in."""
    groups: dict[str, list[SignalPart]] = {"news": [], "ongoing": [], "quiet": [], "closed": []}
    for signal in signals:
        folded = signal.state if signal.state in FOLDED else "ongoing"
        groups["news" if signal.is_news else folded].append(signal)
    return groups


def changes(history: Sequence[HistoryRow]) -> list[HistoryRow]:
    """Return the nights on which something happened, the first and the last one, latest first."""
    last = len(history) - 1
    kept = [
        row
        for at, row in enumerate(history)
        if at in {0, last} or row.state != history[at - 1].state or row.n_new_cases
    ]
    return kept[::-1]


def both(key: str, **values: object) -> "Markup":
    """Return a text in both languages, of which the page shows one."""
    texts = {language: _texts(language) for language in LANGUAGES}
    return _spans({name: texts[name](key, **values) for name in LANGUAGES})


def said(sentence: Mapping[str, str]) -> "Markup":
    """Return a sentence of the night in both languages."""
    if len(set(sentence.values())) == 1:
        from markupsafe import escape

        return escape(next(iter(sentence.values())))
    return _spans(sentence)


def named(section: str, name: str | None) -> "Markup":
    """Return the word for a name of the program, or the name itself if there is none."""
    from markupsafe import escape

    key = f"{section}.{name}"
    return both(key) if key in _texts("en") else escape((name or "–").replace("_", " "))


def _spans(sentence: Mapping[str, str]) -> "Markup":
    from markupsafe import Markup

    one = Markup('<span lang="{}">{}</span>')
    return Markup("").join(one.format(name, sentence[name]) for name in LANGUAGES)


@cache
def _texts(language: str) -> Texts:
    return Texts(language, "report")


def path(points: Sequence[tuple[float, float]], *, closed: bool = True) -> str:
    """Return points as the path of a picture."""
    corners = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f"M{corners}Z" if closed else f"M{corners}"


def is_sentence(value: object) -> bool:
    """Whether a value is said in every language."""
    return isinstance(value, Mapping) and set(value) == set(LANGUAGES)


def scaled(details: object) -> list[tuple[str, float, float]] | None:
    """Return name, value and value over the largest one, if all of some details are numbers."""
    if not isinstance(details, Mapping) or len(details) < 2:
        return None
    if not all(type(value) in {int, float} for value in details.values()):
        return None
    largest = max(map(abs, details.values())) or 1.0
    return [(name, float(value), value / largest) for name, value in details.items()]


def written(value: object) -> str:
    """Return nested settings as people can read them."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _part(name: str) -> str:
    folder = resources.files("enteroscan.nightly.report") / "templates"
    return (folder / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash by which the page's own policy allows its style and its script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def _template() -> "jinja2.Template":
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("enteroscan.nightly.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (number, chance, percent, when, age, path, scaled, written)
    environment.filters.update({function.__name__: function for function in filters})
    environment.tests["sentence"] = is_sentence
    environment.globals.update(t=both, said=said, named=named, changes=changes)
    return environment.get_template("night.html")
