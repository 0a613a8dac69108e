"""Brings spellings of the same text together: width, case, script, brackets, punctuation."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, overload

import opencc
import pandas as pd

# Pairs of code points, so that the characters cannot be mistaken for one another here.
_PUNCTUATION = str.maketrans(
    {
        "【": "(",
        "】": ")",
        "〔": "(",
        "〕": ")",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
        "《": '"',
        "》": '"',
        "“": '"',
        "”": '"',
        "「": '"',
        "」": '"',
        "『": '"',
        "』": '"',
        "‘": "'",
        "’": "'",
        "。": ".",
        "、": ",",
        "·": " ",
        "•": " ",
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "―": "-",
        "−": "-",
        "\u3000": " ",
    }
)
_UNSEEN = re.compile(
    r"[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
_TRADITIONAL = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LONGEST = 8  # passes until nothing changes; two are enough for every text seen
_REMEMBERED = 65_536  # texts: the same venues and foods come in every stream, every night


@cache
def _converter() -> Callable[[str], str]:
    converter: Callable[[str], str] = opencc.OpenCC("t2s").convert
    return converter


def _one_pass(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)
    text = _UNSEEN.sub("", text).casefold()
    if _TRADITIONAL.search(text):
        text = _converter()(text)
    return _SPACES.sub(" ", text).strip()


@lru_cache(maxsize=_REMEMBERED)
def _normalise(text: str) -> str:
    for _ in range(_LONGEST):
        text, before = _one_pass(text), text
        if text == before:
            break
    return text


def by_unique(values: "pd.Series[Any]", function: Callable[[str], str]) -> "pd.Series[Any]":
    """Apply a function to every distinct value once; missing stays missing, and "" becomes so."""
    codes, uniques = pd.factorize(values)
    results = [function(str(value)) for value in uniques]
    table = pd.array([text or pd.NA for text in results] + [pd.NA], dtype="string")
    return pd.Series(table.take(codes), index=values.index, name=values.name)


@overload
def normalise_text(text: str) -> str: ...
@overload
def normalise_text(text: "pd.Series[Any]") -> "pd.Series[Any]": ...
def normalise_text(text: "str | pd.Series[Any]") -> "str | pd.Series[Any]":
    """Return a text, or every text of a Series, in one spelling.

    Full width becomes half width (Unicode NFKC), capitals become small, Traditional Chinese
    becomes Simplified (OpenCC's `t2s`), brackets, quotes, dashes and spaces become one kind of
    each, and characters that cannot be seen are left out. Doing it twice changes nothing more.
    A Series gives a Series of dtype string; a text of which nothing is left becomes missing.

    >>> normalise_text("海底撈（河東店）")
    '海底捞(河东店)'
    >>> normalise_text(" ＫＦＣ  餐厅")
    'kfc 餐厅'
    """
    if isinstance(text, str):
        return _normalise(text)
    return by_unique(text, _normalise)
