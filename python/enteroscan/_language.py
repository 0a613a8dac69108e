"""The language that enteroscan speaks, and its texts, which stand in texts/*.toml."""

import errno
import locale
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from enteroscan.errors import SpecError

Language = Literal["en", "zh"]
LANGUAGES: tuple[str, ...] = get_args(Language)
VARIABLE = "ENTEROSCAN_LANG"
_spoken: ContextVar[Language | None] = ContextVar("spoken", default=None)


@contextmanager
def speaking(language: Language | None = None) -> Iterator[None]:
    """Use a language in everything that is said within, errors, too, unless another is given.

    What `speak` chooses within ends with it.
    """
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def speak(language: Language) -> None:
    """Use a language from here on."""
    _spoken.set(language)


def choose_language(given: str | None = None) -> Language:
    """Return the language given or spoken, else that of ENTEROSCAN_LANG, else the locale's.

    Everything that begins with ``zh`` is Chinese, every other locale English.

    Raises
    ------
    SpecError
        The language given, or in ENTEROSCAN_LANG, is neither ``"en"`` nor ``"zh"``.
    """
    given = given or _spoken.get()
    for name, value in (("language", given), (VARIABLE, os.environ.get(VARIABLE))):
        if not value:
            continue
        short = value.lower().replace("_", "-").partition("-")[0]
        if short not in LANGUAGES:
            message = f"{name}={value!r} is unknown; choose from {', '.join(LANGUAGES)}"
            raise SpecError(message)
        return "zh" if short == "zh" else "en"
    return "zh" if _locale().lower().startswith(("zh", "chinese")) else "en"


def _locale() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value
    return locale.getlocale()[0] or ""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return all texts of a language, by keys like ``cases.problem.future``."""
    path = resources.files("enteroscan") / "texts" / f"{language}.toml"
    return dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{prefix}{name}"
        pairs += _flat(value, f"{key}.") if isinstance(value, Mapping) else [(key, value)]
    return pairs


class Texts:
    """Texts of one language: ``texts("cases.rows", n=3)``; ``section`` goes before every key."""

    def __init__(self, language: str | None = None, section: str = "") -> None:
        self.language = choose_language(language)
        self._texts = catalogue(self.language)
        self._prefix = f"{section}." if section else ""

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled."""
        return self._texts[f"{self._prefix}{key}"].format(**values)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a text."""
        return f"{self._prefix}{key}" in self._texts


def why_unusable(error: OSError, language: str | None = None) -> str:
    """Say why a file cannot be read or written; the operating system says it in English."""
    forbidden, full = (errno.EACCES, errno.EPERM), (errno.ENOSPC, errno.EDQUOT)
    keys = {errno.ENOENT: "absent", **dict.fromkeys(forbidden, "forbidden")}
    key = (keys | dict.fromkeys(full, "full")).get(error.errno or 0)
    return (error.strerror or str(error)) if key is None else Texts(language, "file")(key)
