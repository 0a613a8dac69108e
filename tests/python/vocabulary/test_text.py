"""Spellings of the same text become one."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enteroscan.vocabulary import normalise_text

TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("海底捞撈店饭飯（）()【】　 -—·.,、。ＡaＢb１1①Ⅱ㎏『』"),
    ),
    max_size=20,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("海底撈（河東店）", "海底捞(河东店)"),
        ("【海底捞】", "(海底捞)"),
        ("ＫＦＣ", "kfc"),
        ("２００ｍｌ", "200ml"),
        ("  张记　烧烤 ", "张记 烧烤"),
        ("张记\u200b烧烤\ufeff", "张记烧烤"),
        ("张记—烧烤", "张记-烧烤"),
        ("“张记”", '"张记"'),
        ("乾煸四季豆、滷肉飯。", "干煸四季豆,卤肉饭."),
        ("裡脊麵條", "里脊面条"),
        ("", ""),
    ],
)
def test_spellings(text: str, expected: str) -> None:
    assert normalise_text(text) == expected


@given(TEXTS)
def test_twice_is_as_once(text: str) -> None:
    once = normalise_text(text)
    assert normalise_text(once) == once


def test_every_character_alone_is_stable() -> None:
    unstable = [
        hex(code)
        for code in [*range(0xD800), *range(0xE000, 0x30000)]
        if normalise_text(normalise_text(chr(code))) != normalise_text(chr(code))
    ]
    assert unstable == []


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=10))
def test_a_series_is_its_texts(texts: list[str | None]) -> None:
    values = pd.Series(texts, dtype="object", index=range(10, 10 + len(texts)), name="x")
    result = normalise_text(values)
    expected = [None if text is None else normalise_text(text) or None for text in texts]
    assert result.dtype == "string"
    assert result.name == "x"
    assert result.index.equals(values.index)
    assert [None if pd.isna(text) else text for text in result] == expected
