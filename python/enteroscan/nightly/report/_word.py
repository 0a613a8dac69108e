"""The Word file: a draft of the preliminary investigation report of each signal with news."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from enteroscan._language import Texts
from enteroscan.errors import MissingExtra
from enteroscan.nightly.report._charts import epidemic_curve
from enteroscan.nightly.report._document import Case, Document, SignalPart
from enteroscan.nightly.report._maps import Area, read_area, signal_map
from enteroscan.nightly.report._pictures import chart_png, map_png
from enteroscan.nightly.report._plain import age, chance, number, percent, when

if TYPE_CHECKING:
    from docx.document import Document as Word

MOST_ROWS = 200  # of a line list
MOST_EXPOSURES = 10
AGE_BANDS = ((0, 6), (7, 19), (20, 59), (60, 200))
CASE_COLUMNS = ("case", "onset", "sex", "age", "home", "symptoms", "exposures", "laboratory")


def investigation_note(document: Document, boundaries: Mapping[str, Any] | None) -> bytes:
    """Return the Word file.

    Raises
    ------
    MissingExtra
        python-docx is not installed.
    """
    news = [signal for signal in document.signals if signal.is_news]
    area = read_area(boundaries, [case for signal in news for case in signal.cases])
    note = _Note(document)
    note.opening(n_news=len(news))
    for signal in news:
        note.signal(signal, area)
    return note.written()


class _Note:
    """Writes one file, part by part."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._texts = Texts(document.language, "report")
        self._word = _empty(document.language)

    def written(self) -> bytes:
        file = io.BytesIO()
        self._word.save(file)
        return file.getvalue()

    def opening(self, n_news: int) -> None:
        document = self._document
        self._word.add_heading(self._texts("word.title", area=document.area), level=0)
        self._say("word.draft", date=document.as_of)
        if document.failed:
            self._say("word.failed", n=len(document.failed))
        if n_news == 0:
            self._say("word.nothing")

    def signal(self, signal: SignalPart, area: Area) -> None:
        self._word.add_heading(signal.title[self._document.language], level=1)
        self._basics(signal)
        self._distribution(signal, area)
        self._suspects(signal)
        self._evidence(signal)
        self._verify(signal)
        self._cases(signal)

    def _basics(self, signal: SignalPart) -> None:
        self._head("word.basics")
        language = self._document.language
        for sentence in (signal.news, *(part.reason for part in signal.evidence[:1])):
            if sentence[language]:
                self._word.add_paragraph(sentence[language])
        self._say(
            "word.facts",
            id=signal.signal_id,
            state=self._named("state", signal.state),
            n=signal.n_cases,
            new=signal.n_new_cases,
            first=when(signal.first_onset),
            last=when(signal.last_onset),
            night=signal.first_night,
            streams=", ".join(signal.streams),
        )

    def _distribution(self, signal: SignalPart, area: Area) -> None:
        self._head("word.distribution")
        curve = epidemic_curve(signal.cases)
        if curve is None:
            self._say("word.no_time")
        else:
            self._say("word.time", first=when(signal.first_onset), last=when(signal.last_onset))
            self._picture(chart_png(curve))
        self._say("word.place")
        homes = Counter(case.home_region or "–" for case in signal.cases)
        self._table(("home", "n_cases"), homes.most_common(MOST_EXPOSURES))
        drawn = signal_map(signal, area)
        if drawn is None:
            self._say("word.no_map")
        else:
            self._picture(map_png(drawn, area))
        sexes = Counter(case.sex for case in signal.cases)
        known = {name: sexes[name] for name in ("male", "female")}
        self._say("word.person", **known, unknown=len(signal.cases) - sum(known.values()))
        self._table(("age", "n_cases"), self._ages(signal.cases))

    def _ages(self, cases: Sequence[Case]) -> list[tuple[str, int]]:
        ages = [case.age_years for case in cases if case.age_years is not None]
        rows = [
            (
                f"{low}-{high}" if high < 200 else f"{low}+",
                sum(low <= age < high + 1 for age in ages),
            )
            for low, high in AGE_BANDS
        ]
        unknown = (self._texts("word.age_unknown"), len(cases) - len(ages))
        return [row for row in (*rows, unknown) if row[1]]

    def _suspects(self, signal: SignalPart) -> None:
        self._head("word.suspects")
        named = Counter(what for case in signal.cases for what in dict.fromkeys(case.suspects))
        if named:
            self._table(("food", "n_cases"), named.most_common(MOST_EXPOSURES))
        else:
            self._say("word.no_suspects")

    def _evidence(self, signal: SignalPart) -> None:
        self._head("word.evidence")
        if not signal.evidence:
            self._say("word.no_reason")
            return
        for part in signal.evidence:
            if part.reason[self._document.language]:
                self._bullet(part.reason[self._document.language])
        names = ("evidence", "stream", "period", "observed", "expected", "p_value", "outbreak")
        rows = [
            (
                self._named("kind_of", part.kind) + (f" ({part.source})" if part.source else ""),
                f"{part.stream}, {part.detector}",
                f"{part.start} – {part.end}",
                number(part.observed),
                number(part.expected),
                chance(part.p_value),
                percent(part.outbreak_probability),
            )
            for part in signal.evidence
        ]
        self._table(names, rows)

    def _verify(self, signal: SignalPart) -> None:
        self._head("word.verify")
        for key, values in to_verify(signal):
            self._bullet(self._texts(f"verify.{key}", **values))

    def _cases(self, signal: SignalPart) -> None:
        self._head("word.cases")
        rows = [
            (
                case.case_id or "–",
                when(case.onset),
                self._named("sex", case.sex),
                age(case.age_years),
                case.home_region or "–",
                "、".join(case.symptoms),
                "；".join(case.exposures),
                case.laboratory or "",
            )
            for case in signal.cases[:MOST_ROWS]
        ]
        self._table(CASE_COLUMNS, rows)
        if signal.n_cases > MOST_ROWS:
            self._say("word.more", n=signal.n_cases - MOST_ROWS)

    def _say(self, key: str, **values: object) -> None:
        self._word.add_paragraph(self._texts(key, **values))

    def _head(self, key: str) -> None:
        self._word.add_heading(self._texts(key), level=2)

    def _bullet(self, text: str) -> None:
        self._word.add_paragraph(text, style="List Bullet")

    def _picture(self, png: bytes) -> None:
        from docx.shared import Cm

        self._word.add_picture(io.BytesIO(png), width=Cm(12))

    def _table(self, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        table = self._word.add_table(rows=1 + len(rows), cols=len(names), style="Table Grid")
        cells = iter(table._cells)
        for name in names:
            next(cells).paragraphs[0].add_run(self._texts(f"head.{name}")).bold = True
        for row in rows:
            for value in row:
                next(cells).text = str(value)
        self._word.add_paragraph()

    def _named(self, section: str, name: str | None) -> str:
        key = f"{section}.{name}"
        return self._texts(key) if key in self._texts else name or "–"


def to_verify(signal: SignalPart) -> list[tuple[str, dict[str, object]]]:
    """Return what is worth asking, by what is not known yet: keys of texts, and their values."""
    lacking = {
        "exposures": sum(not case.exposures for case in signal.cases),
        "onset": sum(case.onset is None for case in signal.cases),
        "laboratory": sum(case.laboratory is None for case in signal.cases),
    }
    sources = dict.fromkeys(part.source for part in signal.evidence if part.source)
    found: list[tuple[str, dict[str, object]]] = [("diagnosis", {})]
    found += [("source", {"source": source}) for source in sources]
    found += [(key, {"n": n}) for key, n in lacking.items() if n]
    return [*found, ("contacts", {}), ("food_safety", {}), ("emergency", {})]


def _empty(language: str) -> "Word":
    """Return an empty file whose fonts hold Chinese."""
    try:
        import docx
    except ImportError as error:
        package = "python-docx"
        raise MissingExtra(package, "report") from error
    from docx.oxml.ns import qn

    word = docx.Document()
    word.core_properties.author, word.core_properties.language = "enteroscan", language
    for style in word.styles:
        fonts = getattr(style.element.rPr, "rFonts", None)
        if fonts is not None or style.name == "Normal":
            properties = style.element.get_or_add_rPr().get_or_add_rFonts()
            heading = style.name != "Normal"
            properties.set(qn("w:eastAsia"), "黑体" if heading else "宋体")
            for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
                properties.attrib.pop(qn(f"w:{theme}"), None)
    return word
