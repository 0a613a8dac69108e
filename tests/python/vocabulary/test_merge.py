"""Near-identical spellings are merged, and only those."""

import itertools
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enteroscan.errors import DataError, SpecError
from enteroscan.vocabulary import apply_merges, merge_similar, read_aliases, write_aliases
from enteroscan.vocabulary._merge import candidate_pairs, comparable, similar_pairs

# Few characters, so that similar texts are frequent.
NAMES = st.text(st.sampled_from("张李记面馆店一二A东"), max_size=12)
MANY = st.lists(NAMES, max_size=25)


def merged(values: "list[str]", **options: float) -> dict[str, str]:
    table = merge_similar(pd.Series(values, dtype="string"), **options)  # type: ignore[arg-type]
    return dict(zip(table["raw"], table["merged"], strict=True))


def longest_common_subsequence(one: str, other: str) -> int:
    """The textbook table."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
            )
    return table[-1][-1]


def similarity(one: str, other: str) -> float:
    total = len(one) + len(other)
    return 200.0 * longest_common_subsequence(one, other) / total if total else 100.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("海底捞(河东店)", "海底撈（河東店）"),
        ("张记兰州牛肉拉面馆", "张记兰州牛肉拉面"),
        ("张记兰州牛肉拉面馆", "张记蘭州牛肉拉麵館"),
        ("好再来家常菜馆", "好再来家常菜"),
        ("天津市河东区大直沽家常菜馆", "天津市河东区大直沽家常菜館"),
        ("康师傅红烧牛肉面", "康师傅红烧牛肉面。"),
        ("KFC 餐厅", "ＫＦＣ餐厅"),
        ("蒙牛纯牛奶利乐包装", "蒙牛纯牛奶利乐包"),
    ],
)
def test_these_are_merged(one: str, other: str) -> None:
    assert merged([one, one, other]) == {one: one, other: one}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第一中学食堂学生餐厅", "第二中学食堂学生餐厅"),
        ("河东区第1小学第2食堂东门窗口", "河东区第2小学第2食堂东门窗口"),
        ("海底捞火锅滨江道商场南门店", "海底捞火锅滨江道商场北门店"),
        ("张记兰州牛肉拉面馆河西旗舰店", "李记兰州牛肉拉面馆河西旗舰店"),
        ("张记面馆", "张记面食"),
        ("和平饭店", "和平酒店"),
        ("米饭", "米线"),
        ("红烧肉", "红烧鱼"),
        ("鲜牛奶", "鲜羊奶"),
    ],
)
def test_these_stay_apart(one: str, other: str) -> None:
    assert merged([one, one, other]) == {one: one, other: other}


def test_the_most_frequent_spelling_is_the_name() -> None:
    rare, frequent = "好再来家常菜馆", "好再来家常菜"
    assert merged([rare, frequent, frequent]) == {rare: frequent, frequent: frequent}


def test_merges_do_not_chain() -> None:
    """b joins a; c is similar to b, not to a, and stands for itself."""
    a, b, c = "甜水井口老城面馆", "甜水井口老城面馆家", "甜水井口老城面馆家常"
    table = merge_similar(pd.Series([a] * 3 + [b] * 2 + [c]), threshold=92)
    assert similarity(b, c) >= 92 > similarity(a, c)
    assert dict(zip(table["raw"], table["merged"], strict=True)) == {a: a, b: a, c: c}


def test_the_table_shows_what_was_merged() -> None:
    raw = (
        ["张记兰州牛肉拉面馆"] * 3
        + ["張記蘭州牛肉拉麵館"]
        + ["张记兰州牛肉拉面"] * 2
        + ["老王烧烤"]
    )
    table = merge_similar(pd.Series([*raw, None]))
    assert table.to_dict("list") == {
        "raw": ["张记兰州牛肉拉面馆", "张记兰州牛肉拉面", "張記蘭州牛肉拉麵館", "老王烧烤"],
        "merged": ["张记兰州牛肉拉面馆"] * 3 + ["老王烧烤"],
        "score": [100.0, pytest.approx(200 * 8 / 17), 100.0, 100.0],
        "count": [3, 2, 1, 1],
        "by": ["itself", "similarity", "spelling", "itself"],
    }


@given(MANY, st.sampled_from([70.0, 75.0, 82.0, 90.0, 100.0]))
def test_no_similar_pair_is_missed(names: list[str], threshold: float) -> None:
    forms = list(dict.fromkeys(comparable(name) for name in names))
    apart = re.compile("[一二东]")
    expected = {
        (i, j)
        for (i, one), (j, other) in itertools.combinations(enumerate(forms), 2)
        if similarity(one, other) >= threshold and apart.findall(one) == apart.findall(other)
    }
    found = {
        (int(i), int(j))
        for first, second in candidate_pairs(forms, threshold, apart)
        for i, j in zip(first, second, strict=True)
    }
    assert expected <= found
    scored = {
        (int(i), int(j)): score
        for first, second, scores in similar_pairs(forms, threshold, apart)
        for i, j, score in zip(first, second, scores, strict=True)
    }
    begins_alike = {
        (i, j)
        for i, j in expected
        if forms[i][:1] == forms[j][:1]
        or longest_common_subsequence(forms[i], forms[j]) == min(len(forms[i]), len(forms[j]))
    }
    assert set(scored) == begins_alike
    for (i, j), score in scored.items():
        assert score == pytest.approx(similarity(forms[i], forms[j]))


@given(MANY, st.randoms(use_true_random=False))
def test_order_does_not_matter(names: list[str], order: random.Random) -> None:
    shuffled = list(names)
    order.shuffle(shuffled)
    one = merge_similar(pd.Series(names, dtype="string"), threshold=75)
    other = merge_similar(pd.Series(shuffled, dtype="string"), threshold=75)
    pd.testing.assert_frame_equal(one, other)


@given(MANY)
def test_merging_what_was_merged_changes_nothing(names: list[str]) -> None:
    values = pd.Series(names, dtype="string")
    once = apply_merges(values, merge_similar(values, threshold=75))
    twice = apply_merges(once, merge_similar(once, threshold=75))
    pd.testing.assert_series_equal(once, twice)


@given(MANY)
def test_nothing_is_lost_and_nothing_joins_what_joined(names: list[str]) -> None:
    table = merge_similar(pd.Series(names, dtype="string"), threshold=75)
    assert dict(zip(table["raw"], table["count"], strict=True)) == Counter(names)
    target = dict(zip(table["raw"], table["merged"], strict=True))
    assert all(target[name] == name for name in target.values())


@given(MANY)
def test_aliases_are_obeyed(names: list[str]) -> None:
    aliases = {"张记面馆": "李记面馆", "张记面": "张记面"}
    values = pd.Series([*names, "张记面馆", "张记面"], dtype="string")
    table = merge_similar(values, threshold=70, aliases=aliases).set_index("raw")
    assert table.loc["张记面馆", "merged"] == "李记面馆"
    assert table.loc["张记面馆", "by"] == "alias"
    assert table.loc["张记面", "merged"] == "张记面"
    once = apply_merges(values, table.reset_index())
    again = merge_similar(once, threshold=70, aliases=aliases)
    pd.testing.assert_series_equal(apply_merges(once, again), once)


def test_aliases_of_aliases_lead_to_the_last_name() -> None:
    table = merge_similar(pd.Series(["a", "b", "x"]), aliases={"a": "b", "b": "c"})
    assert dict(zip(table["raw"], table["merged"], strict=True)) == {"a": "c", "b": "c", "x": "x"}


def test_aliases_that_go_round_are_refused() -> None:
    with pytest.raises(DataError, match="a -> b -> a"):
        merge_similar(pd.Series(["a"]), aliases={"a": "b", "b": "a"})


@pytest.mark.parametrize("threshold", [0, 69.9, 100.1, float("nan")])
def test_thresholds_out_of_range_are_refused(threshold: float) -> None:
    with pytest.raises(SpecError, match="threshold"):
        merge_similar(pd.Series(["a"]), threshold=threshold)


def test_keep_apart_can_be_changed() -> None:
    names = ["第一中学食堂学生餐厅大厅", "第二中学食堂学生餐厅大厅"]
    values = pd.Series([names[0], *names])
    assert set(merge_similar(values)["merged"]) == set(names)
    assert set(merge_similar(values, keep_apart=None)["merged"]) == {names[0]}
    with pytest.raises(SpecError, match="keep_apart"):
        merge_similar(values, keep_apart="(")


def test_nothing_gives_an_empty_table() -> None:
    table = merge_similar(pd.Series([None], dtype="string"))
    assert len(table) == 0
    assert list(table) == ["raw", "merged", "score", "count", "by"]


@given(st.dictionaries(st.text("=+-@'张记a,\"\n", min_size=1), st.just('张记, "A"'), max_size=8))
def test_alias_files_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, aliases: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("aliases") / "aliases.csv"
    aliases.pop('张记, "A"', None)
    write_aliases(aliases, path)
    assert read_aliases(path) == aliases
    cells = path.read_text(encoding="utf-8-sig").replace('"', "").splitlines()
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells[:1])


def test_a_table_is_written_as_aliases(tmp_path: Path) -> None:
    values = pd.Series(["好再来家常菜", "好再来家常菜", "好再来家常菜馆", "=老王烧烤"])
    table = merge_similar(values)
    path = tmp_path / "aliases.csv"
    write_aliases(table, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfraw,merged")
    assert read_aliases(path) == {"好再来家常菜馆": "好再来家常菜"}
    assert apply_merges(values, read_aliases(path)).to_list() == [
        *["好再来家常菜"] * 3,
        "=老王烧烤",
    ]


def test_formulas_are_written_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "aliases.csv"
    write_aliases({"=cmd()": "@x"}, path)
    assert path.read_text(encoding="utf-8-sig").splitlines()[1] == "'=cmd(),'@x"
    assert read_aliases(path) == {"=cmd()": "@x"}


def test_alias_files_of_excel_are_read(tmp_path: Path) -> None:
    path = tmp_path / "aliases.csv"
    path.write_bytes("merged,note,raw\r\n海底捞,,HDL\r\n".encode("gb18030"))
    assert read_aliases(path) == {"HDL": "海底捞"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raw,name\na,b\n", "there must be raw and merged"),
        ("", "the columns are none"),
        ("raw,merged\na,b\na,c\n", "line 3: 'a' -> 'c' after 'b'"),
        ("raw,merged\na,\n", "line 2: 'a' -> '' lacks a name"),
        ("raw,merged\na\n", "lacks a name"),
        ("raw,merged\na,b\nb,a\n", "go round in a circle"),
    ],
)
def test_mistakes_in_alias_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "aliases.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(message)):
        read_aliases(path)


def test_apply_merges_keeps_labels_and_gaps() -> None:
    values = pd.Series(["a", None, "b"], index=[7, 8, 9], name="venue")
    result = apply_merges(values, {"a": "c"})
    assert result.fillna("-").to_list() == ["c", "-", "b"]
    assert result.index.to_list() == [7, 8, 9]
    assert result.name == "venue"


def test_spellings_planted_among_many_names_are_found() -> None:
    """Typing errors in 2,000 names of a city: each copy finds its original, and nothing else."""
    rng = np.random.default_rng(7)
    characters = np.array([chr(code) for code in range(0x4E00, 0x9FA5)])
    originals = ["".join(rng.choice(characters, 12)) for _ in range(2000)]
    originals = [name for name in originals if comparable(name) == name]
    copies = [name[:5] + name[6:] for name in originals[:300]]
    table = merge_similar(pd.Series(originals * 2 + copies))
    target = dict(zip(table["raw"], table["merged"], strict=True))
    apart = re.compile("[0-9一二三四五六七八九十百零东西南北]")
    for original, copy in zip(originals, copies, strict=False):
        expected = original if apart.findall(original) == apart.findall(copy) else copy
        assert target[copy] == expected
    assert all(target[name] == name for name in originals)
