"""Free texts of foods are split, cleaned, and found in the food tree."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enteroscan import vocabulary
from enteroscan.vocabulary import match_foods, normalise_food, split_foods


@pytest.mark.parametrize(
    ("text", "foods"),
    [
        ("米饭2碗", ["米饭"]),
        ("米饭２碗、拍黄瓜（凉拌）和红烧肉", ["米饭", "拍黄瓜", "红烧肉"]),
        ("一碗米饭，半个西瓜", ["米饭", "西瓜"]),
        ("两个包子；三根油条", ["包子", "油条"]),
        ("牛奶 200ml", ["牛奶"]),
        ("鸡蛋×2", ["鸡蛋"]),
        ("饺子和粥", ["饺子", "粥"]),
        ("饺子及粥与馒头", ["饺子", "粥", "馒头"]),
        ("和牛火锅", ["和牛火锅"]),  # 和牛 is a breed of cattle
        ("老北京和牛", ["老北京和牛"]),
        ("三明治", ["三明治"]),  # not three of something
        ("三杯鸡", ["三杯鸡"]),
        ("八宝粥", ["八宝粥"]),
        ("盒饭(米饭、鸡腿、青菜)", ["盒饭", "米饭", "鸡腿", "青菜"]),
        ("酸奶(蒙牛)", ["酸奶"]),
        ("（米饭）", ["米饭"]),
        ("早餐：豆浆+油条", ["豆浆", "油条"]),
        ("食用海鲜：皮皮虾,扇贝", ["海鲜", "皮皮虾", "扇贝"]),
        ("米饭 青菜 鸡肉", ["米饭", "青菜", "鸡肉"]),
        ("Fried Rice, milk tea", ["fried rice", "milk tea"]),
        ("米饭\n青菜", ["米饭", "青菜"]),
        ("米饭、米饭", ["米饭"]),
        ("滷肉飯１份；可乐", ["卤肉饭", "可乐"]),
        ("烧烤（羊肉串、烤鱿鱼）等", ["烧烤", "羊肉串", "烤鱿鱼"]),
        ("200ml", []),
        ("，、", []),
        ("", []),
    ],
)
def test_texts_are_split_into_foods(text: str, foods: list[str]) -> None:
    assert split_foods(text) == foods


@pytest.mark.parametrize(
    ("item", "food", "food_class", "match"),
    [
        ("四季豆", "kidney_bean", "vegetable", "exact"),
        ("豆角炖肉", "kidney_bean", "vegetable", "contained"),
        ("番茄鸡蛋面", "noodle", "cereal", "contained"),  # what it is stands at the end
        ("麻辣小龙虾尾", "crayfish", "aquatic", "contained"),
        ("香菇炖鸡", "chicken", "meat", "contained"),
        ("隔夜米饭", "rice", "cereal", "exact"),
        ("泡发黑木耳", "wood_ear", "fungus", "contained"),
        ("见手青", "wild_mushroom", "fungus", "exact"),
        ("水饺", "dumpling", "cereal", "exact"),  # not water
        ("河豚鱼干", "puffer_fish", "aquatic", "contained"),
        ("水果", None, "fruit", "class"),
        ("其他水果", None, "fruit", "class"),
        ("不详", None, "unknown", "class"),
        ("licorice", None, None, "none"),  # rice within a word is no rice
        ("石头", None, None, "none"),
    ],
)
def test_items_are_found(item: str, food: str | None, food_class: str | None, match: str) -> None:
    row = match_foods(pd.Series([item])).iloc[0]
    found = [None if pd.isna(row[name]) else row[name] for name in ("food", "food_class")]
    assert found == [food, food_class]
    assert row["match"] == match


def test_rows_of_a_table_keep_their_labels_and_order() -> None:
    values = pd.Series(["米饭、石头", None, "", "米饭"], index=["a", "b", "c", "d"])
    table = match_foods(values)
    assert table["row"].to_list() == ["a", "a", "d"]
    assert table["part"].to_list() == [1, 2, 1]
    assert table["item"].to_list() == ["米饭", "石头", "米饭"]
    assert table["food"].isna().to_list() == [False, True, False]


def test_a_series_is_normalised_text_by_text() -> None:
    values = pd.Series(["米饭2碗、可乐", None, "，"], index=[3, 4, 5])
    result = normalise_food(values)
    assert result.index.to_list() == [3, 4, 5]
    assert result.iloc[0] == "米饭,可乐"
    assert result.iloc[1:].isna().all()
    assert normalise_food("米饭2碗、可乐") == "米饭,可乐"


def test_every_name_of_a_food_is_found_as_that_food() -> None:
    foods = vocabulary.foods()
    for row in foods.itertuples():
        for name in (row.zh, row.en, *str(row.aliases).split("|")):
            if not name:
                continue
            found = match_foods(pd.Series([name]))
            assert found["food"].to_list() == [row.key], name


NAMES = [
    name
    for row in vocabulary.foods().itertuples()
    for name in (str(row.zh), *str(row.aliases).split("|"))
    if name
]
AMOUNTS = ["", "2碗", "一份", "200克", "（凉拌）", "1.5kg", "两个"]


@example([("王八", "一份")], "、")
@example([("鲜（冻）肉", ""), ("鲜（冻）肉", "（凉拌）")], "、")
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(AMOUNTS)), min_size=1, max_size=5),
    st.sampled_from(["、", "，", ",", ";", "；", "+", "\n", "/"]),
)
def test_lists_of_foods_are_read_back(parts: list[tuple[str, str]], separator: str) -> None:
    text = separator.join(name + amount for name, amount in parts)
    expected = [vocabulary.normalise_text(name) for name, _ in parts]
    found = match_foods(pd.Series([text]))
    whole = match_foods(pd.Series(expected))
    assert set(found["food"].dropna()) == set(whole["food"].dropna())


@given(st.text(st.sampled_from("米饭和粥面、，,()（）2碗一个 a.+:鸡蛋豆腐0x克"), max_size=20))
def test_normalising_twice_is_as_once(text: str) -> None:
    once = normalise_food(text)
    assert normalise_food(once) == once


@given(st.text(max_size=30))
def test_any_text_can_be_split(text: str) -> None:
    items = split_foods(text)
    assert len(items) == len(set(items))
    assert all(items)


@pytest.mark.parametrize(
    ("text", "foods"),
    [
        ("粥和" * 3000 + "粥", ["粥"]),
        ("2碗" * 3000, []),
        ("(" * 5000, []),
        ("米饭 " * 3000, ["米饭"]),
    ],
)
def test_long_texts_come_to_an_end(text: str, foods: list[str]) -> None:
    assert split_foods(text) == foods
