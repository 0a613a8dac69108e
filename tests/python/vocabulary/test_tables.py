"""The tables of the vocabulary hold together, and a folder of the user overrides them."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from enteroscan import vocabulary
from enteroscan.errors import DataError

# The symptoms of the national case form, as the hospital upload interface names them.
FORM_SYMPTOMS = (
    "发热", "面色潮红", "面色苍白", "发绀", "脱水", "口渴", "浮肿", "体重下降", "寒战", "乏力",
    "贫血", "肿胀", "失眠", "畏光", "口有糊味", "金属味", "肥皂咸味", "唾液过多", "足腕下垂",
    "色素沉着", "脱皮", "指甲出现白带", "恶心", "呕吐", "腹痛", "便秘", "里急后重", "呼吸短促",
    "咯血", "呼吸困难", "胸闷", "胸痛", "心悸", "气短", "尿量减少", "背部肾区疼痛", "尿中带血",
    "肾结石", "头痛", "眩晕", "昏迷", "抽搐", "惊厥", "谵妄", "瘫痪", "言语困难", "吞咽困难",
    "感觉异常", "精神失常", "复视", "视力模糊", "肢体麻木", "末梢感觉障碍", "瞳孔异常", "针刺感",
    "瘙痒", "烧灼感", "皮疹", "出血点", "黄疸",
)  # fmt: skip
STOOLS = ["水样便", "米泔样便", "粘液便", "脓血便", "洗肉样变", "鲜血样便", "黑便"]
NAMED = (
    vocabulary.symptoms,
    vocabulary.stool_types,
    vocabulary.agents,
    vocabulary.food_classes,
    vocabulary.foods,
    vocabulary.packagings,
    vocabulary.venue_types,
    vocabulary.venues,
    vocabulary.residence_classes,
    vocabulary.specimen_types,
    vocabulary.result_words,
    vocabulary.diagnoses,
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder


def test_every_symptom_of_the_form_is_there_in_its_order() -> None:
    table = vocabulary.symptoms()
    on_form = table.loc[table["on_form"], "zh"].to_list()
    assert tuple(name for name in on_form if name != "腹泻") == FORM_SYMPTOMS
    assert set(on_form) == {*FORM_SYMPTOMS, "腹泻"}


def test_every_stool_type_of_the_form_is_there() -> None:
    assert vocabulary.stool_types()["zh"].to_list() == STOOLS


@pytest.mark.parametrize("table", NAMED)
def test_tables_have_keys_and_names_in_two_languages(table: Callable[[], pd.DataFrame]) -> None:
    frame = table()
    assert list(frame.columns[:4]) == ["key", "zh", "en", "aliases"]
    assert frame["key"].is_unique
    assert frame["key"].str.fullmatch("[a-z][a-z0-9_]*").all()
    assert (frame[["key", "zh", "en"]] != "").all(axis=None)
    assert frame["zh"].str.contains("[\u3400-\u9fff]|7-11").all()


@pytest.mark.parametrize(
    ("key", "hours"),
    [  # minimum, median, maximum as tabulated
        ("clostridium_perfringens", (6, 10, 24)),
        ("vibrio_parahaemolyticus", (2, 17, 48)),
        ("norovirus", (8, 33, 72)),
        ("hepatitis_a", (360, 672, 1200)),
        ("listeria", (8, 24, 336)),
        ("vibrio_cholerae", (12, 48, 120)),
        ("nitrite", (0.2, 0.5, 3)),
        ("kidney_bean", (0.5, 3, 15)),
        ("mushroom_hepatic", (10, 12, 24)),
        ("trichinella", (5 * 24, 11 * 24, 45 * 24)),
        ("angiostrongylus", (24, 14 * 24, 36 * 24)),
    ],
)
def test_incubations_are_those_of_the_table(key: str, hours: tuple[float, ...]) -> None:
    row = vocabulary.agents().set_index("key").loc[key]
    assert tuple(row[f"incubation_{part}_h"] for part in ("min", "median", "max")) == hours


def test_every_agent_has_its_discriminating_symptoms_with_frequencies() -> None:
    pairs = vocabulary.agent_symptoms()
    names = zip(pairs["agent"], pairs["symptom"], strict=True)
    shares = dict(zip(names, pairs["frequency"].to_list(), strict=True))
    agents = vocabulary.agents()
    for agent, symptoms in zip(agents["key"], agents["symptoms"], strict=True):
        for symptom in symptoms.split("|"):
            assert shares.get((agent, symptom), 0.0) >= 0.3, (agent, symptom)


def test_vehicles_stand_in_the_food_tree() -> None:
    """Most vehicles are foods; the rest are no food at all (误食, 投毒) or water."""
    vehicles = vocabulary.agents()["vehicles_zh"].str.split("|").explode()
    found = vocabulary.match_foods(vehicles.reset_index(drop=True))
    missing = set(found.loc[found["match"] == "none", "item"])
    assert missing <= {"误食", "投毒", "自制发酵", "罐头", "冷食"}


def test_the_paths_of_foods_lead_from_a_class_to_the_food() -> None:
    foods = vocabulary.foods()
    classes = set(vocabulary.food_classes()["key"])
    parent = dict(zip(foods["key"], foods["parent"], strict=True))
    for row in foods.itertuples():
        path = str(row.path).split("/")
        assert path[0] == row.food_class
        assert path[0] in classes
        assert path[-1] == row.key
        assert all(parent[child] == above for above, child in pairwise(path))
    assert foods.set_index("key").loc["sauced_beef", "path"] == (
        "meat/meat_product/cooked_meat/sauced_meat/sauced_beef"
    )


def test_every_table_has_a_source_and_a_version() -> None:
    sources = vocabulary.sources().set_index("table")
    assert len(sources) == 13
    assert (sources[["version", "source"]] != "").all(axis=None)
    assert not sources.loc["foods", "verified"]  # no official list was at hand


def test_what_is_returned_can_be_changed_without_harm() -> None:
    table = vocabulary.symptoms()
    table.loc[0, "key"] = "changed"
    assert vocabulary.symptoms()["key"].iloc[0] == "fever"


@pytest.mark.parametrize(
    ("text", "table", "key"),
    [
        ("餐饮服务业", "packagings", "catering"),
        ("定型包装", "packagings", "prepacked"),
        ("本市其它县（区）", "residence_classes", "city"),
        ("豆", "food_classes", "legume"),
        ("水产動物及其製品", "food_classes", "aquatic"),
        ("学校（非食堂）", "venue_types", "school_other"),
        ("家庭", "venue_types", "home"),
        ("未检出", "result_words", "negative"),
        ("(＋)", "result_words", "positive"),
        ("副溶血弧菌", "agents", "vibrio_parahaemolyticus"),
        ("诺如病毒ＧⅡ型", "agents", "norovirus"),
        ("拉肚子", "symptoms", "diarrhoea"),
        ("黏液便", "stool_types", "mucous"),
        ("肛拭子", "specimen_types", "rectal_swab"),
        ("菜豆中毒", "diagnoses", "bean_poisoning"),
    ],
)
def test_spellings_of_the_form_lead_to_keys(
    text: str, table: vocabulary.TableName, key: str
) -> None:
    values = pd.Series([text, None, "does not stand there"], index=[5, 6, 7])
    keys = vocabulary.load().to_keys(values, table)
    assert keys.index.to_list() == [5, 6, 7]
    assert keys.iloc[0] == key
    assert keys.iloc[1:].isna().all()


def test_a_folder_overrides_cells_and_adds_rows(tmp_path: Path) -> None:
    write(tmp_path, "agents.csv", "key,incubation_max_h,note\nsalmonella,240,ours\n")
    write(tmp_path, "foods.csv", "key,zh,en,parent\nnoodle_soup,汤粉,noodle soup,rice_noodle\n")
    write(tmp_path, "sources.toml", '[foods]\nversion = "district 1"\n')
    own = vocabulary.load(tmp_path)
    changed = own.agents.set_index("key").loc["salmonella"]
    before = vocabulary.agents().set_index("key").loc["salmonella"]
    assert changed["incubation_max_h"] == 240
    assert changed["note"] == "ours"
    assert changed["incubation_median_h"] == before["incubation_median_h"]
    assert changed["aliases"] == before["aliases"]
    added = own.foods.set_index("key").loc["noodle_soup"]
    assert added["path"] == "cereal/rice_noodle/noodle_soup"
    assert len(own.foods) == len(vocabulary.foods()) + 1
    assert own.sources.set_index("table").loc["foods", "version"] == "district 1"
    eaten = vocabulary.match_foods(pd.Series(["汤粉"]), vocabulary=own)
    assert eaten["food"].to_list() == ["noodle_soup"]


def test_a_folder_may_be_written_by_excel(tmp_path: Path) -> None:
    text = "key,zh,en,aliases,parent\r\nmy_chain,老城面馆,Laocheng,老城,small_restaurant\r\n"
    for encoding in ("utf-8-sig", "gb18030"):
        own = vocabulary.load(write(tmp_path, "venues.csv", text, encoding))
        assert own.venues.set_index("key").loc["my_chain", "zh"] == "老城面馆"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("food.csv", "key\na\n", "no table is called like food.csv"),
        ("foods.csv", "zh\n饭\n", "there must be key"),
        ("foods.csv", "key,colour\nx,red\n", "the columns are key, colour"),
        ("foods.csv", "", "the columns are none"),
        ("foods.csv", "key,zh,en,parent\nx,某,x\n", "line 2: 3 cells where the header has 4"),
        ("foods.csv", "key,zh,en,parent\nx,某,x,rice\nx,某,x,rice\n", "1 stand twice ('x')"),
        ("foods.csv", "key,zh,en,parent\nNew Food,某,x,rice\n", "are no keys ('New Food')"),
        ("foods.csv", "key,zh,en,parent\nx,某,x,nowhere\n", "are unknown ('x: nowhere')"),
        ("foods.csv", "key,zh,en,parent\nx,,x,rice\n", "keys lack a name ('x')"),
        ("foods.csv", "key,zh,en,parent\nmeat,某,x,rice\n", "are food classes as well ('meat')"),
        (
            "foods.csv",
            "key,zh,en,parent\nx,某,x,y\ny,某某,y,x\n",
            "goes round in a circle ('x -> y -> x')",
        ),
        (
            "foods.csv",
            "key,zh,en,parent\nx,ＲＩＣＥ,x,noodle\n",
            "names belong to two keys ('ＲＩＣＥ of rice and x')",
        ),
        ("agents.csv", "key,symptoms\nsalmonella,fewer\n", "are unknown ('salmonella: fewer')"),
        ("agents.csv", "key,incubation_min_h\nsalmonella,46\n", "are out of order ('salmonella')"),
        ("agents.csv", "key,incubation_max_h\nsalmonella,44\n", "are out of order ('salmonella')"),
        ("agents.csv", "key,incubation_min_h\nsalmonella,0\n", "are out of order ('salmonella')"),
        ("agents.csv", "key,incubation_min_h\nsalmonella,soon\n", "are no numbers ('soon')"),
        ("agents.csv", "key,zh,en\nnew,新,new\n", "are out of order ('new')"),
        (
            "agent_symptoms.csv",
            "agent,symptom,frequency\nsalmonella,fever,7\n",
            "are no shares ('salmonella')",
        ),
        ("agent_symptoms.csv", "agent,symptom\nnobody,fever\n", "are unknown ('nobody')"),
        ("symptoms.csv", "key,on_form\nfever,maybe\n", "are neither true nor false ('maybe')"),
        ("venue_types.csv", "key,pattern\nhome,(\n", "are no regular expressions ('(')"),
        ("venue_types.csv", "key,zh,en\nx,某,x\n", "keys lack a kind ('x')"),
        ("venues.csv", "key,parent\nkfc,nowhere\n", "are unknown ('nowhere')"),
        ("sources.toml", "[food]\n", "no table is called food"),
        ("sources.toml", "[foods\n", "write a [table]"),
    ],
)
def test_mistakes_in_a_folder_are_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, name, text)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        vocabulary.load(tmp_path)
    assert name in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder"):
        vocabulary.load(tmp_path / "nowhere")


def test_tables_that_do_not_exist_are_named() -> None:
    with pytest.raises(DataError, match="there is no table 'food'"):
        vocabulary.load().table("food")  # type: ignore[arg-type]
