"""A browser, and nights written into files."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from enteroscan.nightly.night import Night
from enteroscan.nightly.report import write
from reference import nights

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

Open = Callable[[Night], "Page"]


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium; nothing is downloaded."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed: apt-get install chromium")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a night; afterwards nothing may have gone wrong or out."""
    wrong: list[str] = []
    page = browser.new_page(viewport={"width": 1180, "height": 900})
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda request: wrong.append(f"request: {request.url}"))

    def dismiss(dialog: "Dialog") -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)

    def open_night(night: Night) -> "Page":
        path = write(night, into=tmp_path, formats=["html"])["html"]
        page.goto(path.as_uri())
        assert wrong == [f"request: {path.as_uri()}"]
        wrong.clear()
        return page

    yield open_night
    page.close()
    assert wrong == []


@pytest.fixture(scope="session")
def night() -> Night:
    return nights.night()
