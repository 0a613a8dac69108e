"""Names of venues are taken apart, and their types guessed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enteroscan.vocabulary import match_venues, normalise_venue


def parts(text: str) -> dict[str, str | None]:
    row = match_venues(pd.Series([text])).iloc[0]
    return {str(name): None if pd.isna(value) else str(value) for name, value in row.items()}


@pytest.mark.parametrize(
    "text",
    [
        "海底捞(河东店)",
        "海底捞（河东店）",
        "海底撈（河東店）",
        "海底捞火锅（河东店）",
        "海底捞 河东店",
        "海底捞河东店",
        "海底捞-河东店",
        "海底捞【河东店】",
        "海底捞(河东店",
        "“海底捞”(河东店)",
        "HDL（河东店）",
    ],
)
def test_spellings_of_one_branch_are_one_venue(text: str) -> None:
    found = parts(text)
    assert found["name"] == "海底捞(河东店)"
    assert found["chain"] == "海底捞"
    assert found["branch"] == "河东店"
    assert found["venue"] == "haidilao"
    assert found["venue_type"] == "restaurant"
    assert found["kind"] == "catering"


@pytest.mark.parametrize(
    ("text", "name", "chain", "branch"),
    [
        ("天津市张记餐饮管理有限公司", "张记", "张记", None),
        ("天津海底捞餐饮有限公司河东分公司", "海底捞(河东店)", "海底捞", "河东店"),
        ("海底捞(天津)餐饮管理有限公司", "海底捞", "海底捞", None),
        ("张记烤肉店（已停业）", "张记烤肉店", "张记烤肉店", None),
        ("张记烤肉-河东店", "张记烤肉(河东店)", "张记烤肉", "河东店"),
        ("和平饭店", "和平饭店", "和平饭店", None),  # 和平 alone would be any 和平
        ("和平餐厅", "和平餐厅", "和平餐厅", None),
        ("喜来登大酒店(河东店)", "喜来登大酒店(河东店)", "喜来登", "河东店"),
        ("人民路饭店", "人民路饭店", "人民路饭店", None),  # a street is no chain
        ("全家福饭店", "全家福饭店", "全家福", None),  # not 全家, the shop
        ("肯德基南京路店", "肯德基(南京路店)", "肯德基", "南京路店"),
        ("7-11便利店", "7-11", "7-11", None),
        ("Starbucks (Riverside)", "星巴克(riverside)", "星巴克", "riverside"),
    ],
)
def test_names_are_taken_apart(text: str, name: str, chain: str, branch: str | None) -> None:
    found = parts(text)
    assert (found["name"], found["chain"], found["branch"]) == (name, chain, branch)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("海底捞(河东店)", "海底捞(河西店)"),
        ("和平饭店", "和平餐厅"),
        ("第一中学食堂", "第二中学食堂"),
        ("张记烤肉店", "李记烤肉店"),
        ("肯德基(南京路店)", "麦当劳(南京路店)"),
    ],
)
def test_different_venues_stay_different(one: str, other: str) -> None:
    assert normalise_venue(one) != normalise_venue(other)


@pytest.mark.parametrize(
    ("text", "venue_type"),
    [
        ("家", "home"),
        ("在家", "home"),
        ("自己家中", "home"),
        ("家中自做", "home"),
        ("家庭", "home"),
        ("第一中学食堂", "school_canteen"),
        ("某某大学学生餐厅", "school_canteen"),
        ("阳光幼儿园", "kindergarten_canteen"),
        ("某某公司食堂", "workplace_canteen"),
        ("建筑工地", "site_canteen"),
        ("夕阳红养老院", "care_canteen"),
        ("美团外卖", "delivery"),
        ("路边烧烤摊", "street_stall"),
        ("楼下超市", "supermarket"),
        ("河东区农贸市场", "retail_market"),
        ("村里婚宴", "rural_banquet"),
        ("老王面馆", "small_restaurant"),
        ("川香酒楼", "restaurant"),
        ("好再来熟食店", "shop"),
        ("甜蜜奶茶", "drinks_shop"),
        ("家乐福(河东店)", "supermarket"),  # begins with 家, is no home
        ("不详", "unknown"),
        ("某某", None),
    ],
)
def test_types_are_guessed(text: str, venue_type: str | None) -> None:
    assert parts(text)["venue_type"] == venue_type


def test_a_series_keeps_its_labels() -> None:
    values = pd.Series(["肯德基", None, "()", "肯德基"], index=list("abcd"), name="venue")
    table = match_venues(values)
    assert table.index.to_list() == list("abcd")
    assert table["name"].isna().to_list() == [False, True, True, False]
    names = normalise_venue(values)
    assert names.name == "venue"
    assert names.fillna("-").to_list() == ["肯德基", "-", "-", "肯德基"]


WORDS = [
    *(
        "海底捞",
        "肯德基",
        "张记",
        "老王",
        "和平",
        "河东",
        "天津市",
        "南京路",
        "第一中学",
        "全家",
        "7-11",
    ),
    *(
        "店",
        "分店",
        "饭店",
        "餐厅",
        "火锅",
        "大酒店",
        "有限公司",
        "餐饮管理有限公司",
        "分公司",
        "食堂",
        "超市",
    ),
    *("(", ")", "（", "）", "-", " ", "·", "一", "A", "1"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=7).map("".join))
def test_normalising_twice_is_as_once(text: str) -> None:
    once = normalise_venue(text)
    assert normalise_venue(once) == once


@given(st.text(max_size=30))
def test_any_text_can_be_taken_apart(text: str) -> None:
    name = normalise_venue(text)
    assert name == name.strip()


def test_long_texts_come_to_an_end() -> None:
    assert normalise_venue("张记" + "有限公司" * 3000) == "张记"
    assert normalise_venue("海底捞" * 3000 + "店").startswith("海底捞")
