"""The page of a night in a real browser."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from enteroscan.nightly.night import Night
from enteroscan.nightly.report import document, write
from enteroscan.nightly.report._plain import readable
from reference import nights

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from .conftest import Open


def shown(page: "Page") -> list[str]:
    states = page.eval_on_selector_all(
        "article.signal:not([hidden])", "all => all.map(one => one.dataset.state)"
    )
    return [str(state) for state in states]


def size(locator: "Locator") -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["width"], box["height"]


def test_news_stand_first_and_quiet_ones_are_folded(opened: "Open", night: Night) -> None:
    page = opened(night)
    assert shown(page) == ["new", "growing", "unchanged", "quiet", "closed"]
    assert "2" in page.locator("#verdict").inner_text()
    assert page.locator("section:has(#news) article").count() == 2
    assert page.locator("article.new").is_visible()
    assert not page.locator("article.quiet").is_visible()
    assert not page.locator("article.closed").is_visible()


def test_map_and_curve_are_drawn(opened: "Open", night: Night) -> None:
    page = opened(night)
    signal = next(signal for signal in document(night).signals if signal.state == "growing")
    article = page.locator("article.growing")
    assert min(size(article.locator("svg.map"))) > 150
    assert min(size(article.locator(".pictures svg.chart"))) > 150
    boxes = {
        kind: article.locator(f".pictures svg.chart rect.{kind}").count()
        for kind in ("new", "earlier")
    }
    dated = [case for case in signal.cases if case.onset]
    assert boxes["new"] == sum(case.is_new for case in dated) > 0
    assert boxes["earlier"] == sum(not case.is_new for case in dated) > 0
    places = {(case.latitude, case.longitude) for case in signal.cases if case.latitude}
    assert article.locator("svg.map circle").count() == len(places) > 3
    assert min(size(article.locator("svg.map circle").first)) > 5
    assert min(size(article.locator("svg.map path.zone").first)) > 50
    assert article.locator("svg.map use.land").count() >= 1
    assert min(size(article.locator("svg.map use.land").first)) > 50
    assert page.locator("#area path").count() == len(nights.reports().boundaries["features"])


def test_points_lie_where_the_cases_live(opened: "Open", night: Night) -> None:
    """North is up and east is right: the order of dots on the screen is that of coordinates."""
    page = opened(night)
    signal = next(signal for signal in document(night).signals if signal.state == "growing")
    centres = page.eval_on_selector_all(
        "article.growing svg.map circle",
        "all => all.map(one => [one.cx.baseVal.value, one.cy.baseVal.value])",
    )
    places = {(c.longitude, c.latitude) for c in signal.cases if c.latitude and c.longitude}
    assert len({x for x, _ in places}) == len(places)
    by_east = [at for at in sorted(places)]
    norths = sorted(range(len(by_east)), key=lambda at: -by_east[at][1])
    drawn = sorted(map(tuple, centres))
    assert sorted(range(len(drawn)), key=lambda at: drawn[at][1]) == norths


def test_series_line_list_history_and_verdicts(opened: "Open", night: Night) -> None:
    page = opened(night)
    article = page.locator("article.new")
    article.locator("details.evidence > summary").click()
    assert article.locator("svg.chart rect.above").count() == 2
    assert article.locator("svg.chart path.line").count() == 2
    assert page.locator("article.growing table.bars tr").count() == 4
    article.locator("details.list > summary").click()
    assert article.locator("table.cases tbody tr").count() == len(nights.members(2))
    assert article.locator("table.cases tbody tr").first.is_visible()
    unchanged = page.locator("article.unchanged details.history")
    unchanged.locator("summary").click()
    text = unchanged.inner_text()
    assert "已通报市场监管部门" in text
    assert "暴发" in text
    assert "S-2024-0011" in text
    rows = unchanged.locator("table").first.locator("tbody tr").count()
    assert rows < 24  # nights without a change are counted only
    assert f"{24 - rows}" in text


def test_filters(opened: "Open", night: Night) -> None:
    page = opened(night)
    page.fill("#text", "s-2024-0012")
    assert shown(page) == ["unchanged"]
    assert page.locator("#shown b").inner_text() == "1"
    page.fill("#text", "四月的聚集")
    assert shown(page) == ["quiet"]
    assert page.locator("article.quiet").is_visible()  # a find is not left folded
    page.click("#clear")
    assert len(shown(page)) == 5
    assert not page.locator("article.quiet").is_visible()
    page.select_option("#stream", label="感染性腹泻")
    assert shown(page) == ["new", "closed"]
    page.uncheck("input[value=new]")
    assert shown(page) == ["closed"]


def test_everything_works_by_keyboard(opened: "Open", night: Night) -> None:
    page = opened(night)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#text")
    page.keyboard.type("S-2024-0019")
    assert shown(page) == ["new"]
    page.focus("#clear")
    page.keyboard.press("Enter")
    assert len(shown(page)) == 5
    page.focus("input[value=growing]")
    page.keyboard.press("Space")
    assert "growing" not in shown(page)
    page.keyboard.press("Space")
    fold = page.locator("article.new details.list")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    page.focus("#unfold")
    page.keyboard.press("Space")
    assert page.locator("#signals details:not([open])").count() == 0
    page.focus("#language")
    page.keyboard.press("Enter")
    assert page.locator("#verdict").inner_text() == "Tonight: 2 with news"


@pytest.mark.parametrize(("language", "words"), [("zh", "新情况"), ("en", "What is new")])
def test_languages(opened: "Open", night: Night, language: str, words: str) -> None:
    page = opened(replace(night, language=language))
    assert page.locator("#news").inner_text() == words
    page.click("#language")
    assert page.locator("#news").inner_text() != words


def test_pictures_are_named_in_the_language_shown(opened: "Open", night: Night) -> None:
    page = opened(replace(night, language="zh"))
    chinese, english = "病例居住地", "Where the cases live"
    for name, other in ((chinese, english), (english, chinese)):
        assert page.get_by_role("img", name=name, exact=True).count() >= 1
        assert page.get_by_role("img", name=other).count() == 0
        page.click("#language")


def test_details_are_said_in_the_language_shown(opened: "Open", night: Night) -> None:
    agents = [{"agent": {"en": "norovirus", "zh": "诺如病毒"}, "probability": 0.9}]
    details = {"source_kind": {"en": "venue", "zh": "进食场所"}, "agents": agents}
    signals = list(night.signals)
    at = next(i for i, signal in enumerate(signals) if signal.state == "new")
    evidence = replace(signals[at].evidence[0], details=details)
    signals[at] = replace(signals[at], evidence=(evidence,))
    page = opened(replace(night, language="zh", signals=tuple(signals)))
    page.click("#unfold")
    part = page.locator("article.new .part")
    assert "诺如病毒" in part.inner_text()
    assert "进食场所" in part.inner_text()
    assert "norovirus" not in part.inner_text()
    page.click("#language")
    assert "norovirus" in part.inner_text()
    assert "诺如病毒" not in part.inner_text()


def test_every_control_has_a_name_and_every_table_a_head(opened: "Open", night: Night) -> None:
    page = opened(night)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('input, select, button, svg[role=img]')]
            .filter(one => !(one.labels?.length || one.textContent.trim()
                || one.ariaLabel || document.getElementById(one.getAttribute('aria-labelledby'))))
            .map(one => one.outerHTML)"""
    )
    assert unnamed == []
    headless = page.evaluate(
        "() => [...document.querySelectorAll('table')]"
        ".filter(one => !one.querySelector('th[scope]')).length"
    )
    assert headless == 0
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_texts_can_be_read_against_their_ground(opened: "Open", night: Night) -> None:
    """WCAG AA: a contrast of 4.5."""
    page = opened(night)
    page.click("#unfold")
    faint = page.evaluate(
        """() => {
            const light = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
                    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const ground = one => {
                for (; one; one = one.parentElement) {
                    const colour = getComputedStyle(one).backgroundColor;
                    if (!/rgba.*, 0\\)$/.test(colour)) return colour;
                }
                return 'rgb(255, 255, 255)';
            };
            const found = new Set();
            for (const one of document.querySelectorAll('main *:not(svg *), header *, footer *')) {
                if (![...one.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
                const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
                const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (contrast < 4.5) found.add(`${one.className} ${contrast.toFixed(1)}`);
            }
            return [...found];
        }"""
    )
    assert faint == []


@pytest.mark.parametrize("width", [360, 768])
def test_narrow_screens_do_not_scroll_sideways(opened: "Open", night: Night, width: int) -> None:
    page = opened(night)
    page.set_viewport_size({"width": width, "height": 800})
    page.click("#unfold")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printing_unfolds_the_news(opened: "Open", night: Night) -> None:
    page = opened(night)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("article.new table.cases").is_visible()
    assert not page.locator("#filters").is_visible()
    assert not page.locator("article.quiet").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("article.new details[open]").count() == 0


def test_the_policy_lets_nothing_in_or_out(
    browser: "Browser", tmp_path: Path, night: Night
) -> None:
    """What a tampered page would try is stopped by the page's own policy."""
    path = write(night, into=tmp_path, formats=["html"])["html"]
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(
            "<main>",
            "<main><script>window.tampered = 1</script><img src='http://127.0.0.1:9/x.gif' "
            "onerror='window.tampered = 2'>",
        ),
        encoding="utf-8",
    )
    page = browser.new_page()
    sent: list[str] = []
    page.on("requestfinished", lambda request: sent.append(request.url))
    page.goto(path.as_uri())
    fetched = page.evaluate(
        "fetch('http://127.0.0.1:9/').then(() => 'sent', error => String(error))"
    )
    assert "Failed to fetch" in fetched
    assert page.evaluate("window.tampered") is None
    assert sent == [path.as_uri()]
    page.close()


@pytest.mark.parametrize("text", nights.HOSTILE, ids=range(len(nights.HOSTILE)))
def test_hostile_texts_stay_texts(opened: "Open", text: str) -> None:
    page = opened(nights.hostile_night(text))
    page.click("#unfold")
    words = readable(text)
    assert page.locator("h1").text_content() == words
    assert page.locator("article.new h3").text_content() == words
    cell = page.locator("article.new table.cases tbody tr").first.locator("td").nth(4)
    assert cell.text_content() == readable(nights.in_frame(text))
    assert page.locator("img, iframe, object, embed, base, link").count() == 0
    assert page.locator("script").count() == 1
    assert page.locator("svg svg:not(.inset)").count() == 0
    attributes = page.evaluate(
        "() => [...document.querySelectorAll('*')].flatMap(o => [...o.attributes])"
        ".map(a => a.name).filter(name => name.startsWith('on') || name === 'style')"
    )
    assert attributes == []
    links = page.eval_on_selector_all("a", "all => all.map(one => one.getAttribute('href')[0])")
    assert set(links) == {"#"}


def test_an_empty_night(opened: "Open", night: Night) -> None:
    empty = {
        name: getattr(night, name).iloc[:0] for name in ("streams", "problems", "unseen", "curve")
    }
    page = opened(replace(night, signals=(), boundaries=None, **empty))
    assert page.locator("#verdict").inner_text() == "今晚没有新情况"


def test_many_signals_stay_below_the_limit_of_size(tmp_path: Path) -> None:
    path = write(nights.large_night(100, 30), into=tmp_path, formats=["html"])["html"]
    assert path.stat().st_size < 8_000_000
    assert path.read_text(encoding="utf-8").count('<tr class="new">') > 1_000
    path = write(nights.large_night(200, 100), into=tmp_path, formats=["html"])["html"]
    assert path.stat().st_size < 8_000_000
