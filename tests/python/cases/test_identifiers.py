"""Identifiers are planted in every field and looked for in everything that comes out."""

import json
import logging
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from enteroscan import Cases, DataError, SpecError, read_cases
from enteroscan.cases._identity import config_folder, is_valid_id_number, mask, mask_numbers
from enteroscan.cli import app

NAME, GUARDIAN, DOCTOR, REPORTER = "欧阳小虎", "欧阳大虎", "司徒医", "慕容填"
NUMBER, PHONE, ADDRESS = "11010519491231002X", "13812345678", "幸福里9号楼3门402室"
OUT, IN = "MZ20240098761", "ZY20240098762"
BIRTH = "1949-12-31"
PLANTED = (NAME, GUARDIAN, DOCTOR, REPORTER, NUMBER, PHONE, ADDRESS, OUT, IN, BIRTH, "19491231")
OWN = {
    "患者姓名": NAME,
    "监护人姓名": GUARDIAN,
    "身份证号": NUMBER,
    "联系电话": PHONE,
    "详细地址": ADDRESS,
    "出生日期": BIRTH,
    "门诊号": OUT,
    "住院号": IN,
    "填表人": REPORTER,
    "接诊医生": DOCTOR,
}
OTHERS = [
    "患者性别",
    "年龄",
    "年龄单位",
    "患者职业",
    "医疗机构",
    "患者属于",
    "现住地址国标",
    "现住址省",
    "现住址街道",
    "纬度",
    "经度",
    "发病时间",
    "就诊时间",
    "填表日期",
    "死亡时间",
    "是否复诊",
    "是否住院",
    "使用抗生素",
    "抗生素名称",
    "既往病史",
    "主要症状",
    "发热",
    "体温",
    "呕吐次数",
    "腹泻性状",
    "初步诊断",
    "食品名称",
    "食品分类",
    "加工或包装方式",
    "食品品牌",
    "生产厂家",
    "进食场所",
    "进食场所类型",
    "购买场所",
    "进食地点国标",
    "进食详细地址",
    "进食人数",
    "进食时间",
    "他人是否发病",
    "标本编号",
    "标本类型",
    "采样日期",
    "检验结果",
    "血清型",
    "自定义栏目",
]
GOOD = {
    "发病时间": "2024-03-05 14:00",
    "食品名称": "汤",
    "进食场所": "夜市",
    "就诊时间": "2024-03-06",
}


def outputs(cases: Cases) -> str:
    """Return everything that a set of cases can show."""
    quality = cases.quality
    frames = [cases.frame, cases.exposures, cases.specimens, cases.mapping, quality.summary()]
    frames += [quality.problems, quality.missing, quality.merged, quality.delays, quality.usable]
    parts = [
        frame.to_csv() + frame.to_json(date_format="iso", force_ascii=False) for frame in frames
    ]
    parts += [repr(cases), str(cases), cases._repr_html_(), repr(quality), str(quality)]
    parts += quality.lines()
    parts.append(json.dumps(quality.to_dict(), ensure_ascii=False, default=str))
    parts.append(pickle.dumps(cases).decode("utf-8", errors="ignore"))
    return "\n".join(parts)


def leaked(text: str, salt: str = "") -> list[str]:
    return [word for word in (*PLANTED, *([salt] if salt else [])) if word in text]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_identifiers_in_their_own_fields(language: str) -> None:
    salt = "a salt nobody may see"
    frame = pd.DataFrame(
        [{**GOOD, **OWN}, {**GOOD, **OWN, "发病时间": "2024-03-06", "食品名称": "鱼"}]
    )
    cases = read_cases(frame, language=language, salt=salt, as_of="2024-12-31")
    assert len(cases) == 1  # the same person twice: the identity was used
    assert cases.frame["age_years"].tolist() == [74.0]
    assert leaked(outputs(cases), salt) == []


CONTENTS = (
    NAME,
    NUMBER,
    PHONE,
    f"{NAME} {PHONE}",
    f"与{NAME}({NUMBER})同餐，电话：{PHONE}",
    "１３８１２３４５６７８",
    "138-1234-5678",
    f"+86 {PHONE}",
    f"{GUARDIAN}的孩子",
    f"家住{ADDRESS}",
)


def planted(content: str) -> pd.DataFrame:
    """Make reports of one person, each with something in another field."""
    rows = [{"编号": i, **GOOD, **OWN, field: content} for i, field in enumerate(OTHERS)]
    return pd.DataFrame(rows).astype(object)


@pytest.mark.parametrize("content", CONTENTS)
def test_identifiers_in_other_fields(content: str) -> None:
    cases = read_cases(planted(content), as_of="2024-12-31", duplicates=None)
    assert len(cases) == len(OTHERS)
    text = outputs(cases)
    assert leaked(text) == []
    assert "138-1234-5678" not in text
    assert "１３８１２３４５６７８" not in text


@pytest.mark.parametrize("field", OTHERS)
def test_identifiers_in_other_fields_of_strict_errors(field: str) -> None:
    content = f"{NAME} {NUMBER} {PHONE}"
    frame = pd.DataFrame([{**GOOD, **OWN, "年龄": "3", field: content}])  # 3 is not 74: an error
    with pytest.raises(DataError) as caught:
        read_cases(frame, as_of="2024-12-31", strict=True, salt=b"0123456789abcdef")
    assert leaked(str(caught.value)) == []
    assert caught.value.__cause__ is None


def test_columns_shifted_by_one(tmp_path: Path) -> None:
    """All identifiers stand under the wrong headers."""
    header = [*OWN, *OTHERS[:20]]
    values = ["", *OWN.values(), *[""] * 19]
    path = tmp_path / "shifted.csv"
    path.write_text(",".join(header) + "\n" + ",".join(values) + "\n", encoding="utf-8")
    text = outputs(read_cases(path, as_of="2024-12-31"))
    # What stands under 患者性别 is no sex; the texts under text fields are those of the form.
    assert [word for word in leaked(text) if word not in (DOCTOR, REPORTER)] == []


def test_a_file_without_a_header_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(",".join(OWN.values()) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_cases(path)
    assert leaked(str(caught.value)) == []


def test_the_command_line_and_its_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "病例.xlsx"
    rows = [
        {**GOOD, **OWN},
        {**GOOD, **OWN, "患者性别": NAME, "既往病史": f"{NAME} {PHONE}", "体温": NUMBER},
    ]
    pd.DataFrame(rows).to_excel(path, index=False, engine="openpyxl")
    out = tmp_path / "out"
    runs = [
        CliRunner().invoke(app, ["check", str(path), "--out", str(out), "--all", *more])
        for more in ([], ["--json"], ["--lang", "zh"], ["--strict"])
    ]
    assert [run.exit_code for run in runs] == [0, 0, 0, 2]
    text = "".join(run.output for run in runs) + caplog.text
    text += "".join(file.read_text(encoding="utf-8-sig") for file in out.iterdir())
    assert len(list(out.iterdir())) == 6
    assert leaked(text, (config_folder() / "salt").read_bytes().hex()) == []


def test_identifiers_that_are_asked_for_are_kept() -> None:
    frame = pd.DataFrame([{**GOOD, **OWN}])
    cases = read_cases(frame, keep_identifiers=["name", "phone", "birth_date"], as_of="2024-12-31")
    row = cases.frame.iloc[0]
    assert (row["name"], row["phone"], row["birth_date"]) == (NAME, PHONE, pd.Timestamp(BIRTH))
    assert [word for word in leaked(cases.frame.to_csv()) if word not in (NAME, PHONE, BIRTH)] == []
    with pytest.raises(SpecError, match="cannot be kept"):
        read_cases(frame, keep_identifiers=["onset"])


def test_addresses_of_meals_at_home_are_dropped() -> None:
    frame = pd.DataFrame(
        {
            "编号": list("12345"),
            "进食场所": ["家", "夜市", None, None, "亲戚家"],
            "进食场所类型": ["家庭", "街头食品摊点", "饭店(酒店)", None, None],
            "进食详细地址": ["甲路1号", "乙路2号", "丙路3号", "丁路4号", "戊路5号"],
        }
    )
    cases = read_cases(frame, as_of="2024-12-31")
    assert cases.exposures["eat_address"].fillna("").tolist() == ["", "乙路2号", "丙路3号", "", ""]
    assert cases.quality.dropped["eat_address"] == 3
    kept = read_cases(frame, keep_identifiers=["eat_address"], as_of="2024-12-31")
    assert kept.exposures["eat_address"].notna().all()


@pytest.mark.parametrize(
    ("venue", "is_home"),
    [
        *((name, True) for name in ("张三家", "自己家", "外婆家", "家", "在家", "姐姐家里")),
        *((name, True) for name in ("表姐夫的同事王小明家", "农户家", "单位宿舍", "her own home")),
        *((name, True) for name in ("Home", "Li's house")),
        *((name, False) for name in ("福满园酒家", "酒家", "农家", "城北农家乐", "网上商家")),
        *((name, False) for name in ("蛋糕厂家", "路口店家", "华润万家", "Steak House", "家乐福")),
    ],
)
def test_homes_are_told_from_trades(venue: str, is_home: bool) -> None:
    frame = pd.DataFrame({"编号": ["1"], "进食场所": [venue], "进食详细地址": ["甲路1号"]})
    cases = read_cases(frame, as_of="2024-12-31")
    assert cases.exposures["eat_address"].isna().tolist() == [is_home]
    assert cases.quality.dropped.get("eat_address", 0) == is_home


@pytest.mark.parametrize(
    ("kind", "is_kept"), [("饭店(酒店)", True), ("农村宴席", False), ("家庭", False), (None, False)]
)
def test_a_trade_that_is_called_like_a_home_is_none(kind: str | None, is_kept: bool) -> None:
    frame = pd.DataFrame(
        {"编号": ["1"], "进食场所": ["外婆家"], "进食场所类型": [kind], "进食详细地址": ["甲路1号"]}
    )
    cases = read_cases(frame, as_of="2024-12-31")
    assert cases.exposures["venue"].tolist() == ["外婆家"]
    assert cases.exposures["eat_address"].notna().tolist() == [is_kept]


OTHER_PATIENTS = ["张伟", "李丽", "王小明", "江南", "张三", "高粱", "不详", "王守义"]


@pytest.mark.parametrize(
    ("field", "content", "expected"),
    [  # somebody else's row names a patient
        ("进食场所", "与张伟一起就餐", "与***一起就餐"),
        ("进食场所", "张伟家", "***家"),
        ("进食场所", "同事张伟家里", "同事***家里"),
        ("进食场所", "张伟", "***"),
        ("进食场所", "王小明婚宴", "***婚宴"),
        ("进食场所", "张伟李丽王小明聚餐", "*********聚餐"),
        ("进食场所", "和张伟、李丽在海底捞", "和***、***在海底捞"),
        ("食品名称", "王小明带的凉菜", "***带的凉菜"),
        ("进食详细地址", "幸福路5号张伟家", "幸福路5号***家"),
        ("进食地点", "与张伟一起", "与***一起"),
        ("既往病史", "接触过患者张伟,李丽也发病", "接触过患者***,***也发病"),
        # the same characters, but a shop, a dish, a place or a company
        ("进食场所", "张三饭店", "张三饭店"),
        ("进食场所", "张三酒家", "张三酒家"),
        ("进食场所", "张三家常菜", "张三家常菜"),
        ("进食场所", "老张三烧烤", "老张三烧烤"),
        ("进食场所", "江南春大酒店", "江南春大酒店"),
        ("进食场所", "外婆家", "外婆家"),
        ("进食场所", "老王烧烤", "老王烧烤"),
        ("购买场所", "江南超市", "江南超市"),
        ("食品名称", "高粱、米饭", "高粱、米饭"),
        ("食品名称", "江南小炒", "江南小炒"),
        ("食品品牌", "王守义", "王守义"),
        ("医疗机构", "江南医院", "江南医院"),
        ("现住址街道", "江南街道", "江南街道"),
        ("生产厂家", "江南食品有限公司", "江南食品有限公司"),
    ],
)
def test_the_names_of_other_patients_are_hidden_where_persons_are_meant(
    field: str, content: str, expected: str
) -> None:
    rows = [{"编号": f"n{i}", "患者姓名": name} for i, name in enumerate(OTHER_PATIENTS)]
    rows += [
        {"编号": "x", "患者姓名": "赵六", "进食场所类型": "饭店(酒店)", field: content},
        {"编号": "y", "患者姓名": "钱七", "进食场所类型": "饭店(酒店)", field: content},
    ]
    cases = read_cases(pd.DataFrame(rows), as_of="2024-12-31", duplicates=None)
    name = {"进食场所": "venue", "食品名称": "food", "进食详细地址": "eat_address"}.get(field)
    name = name or {"购买场所": "purchase_venue", "食品品牌": "brand"}.get(field)
    name = name or {"生产厂家": "maker", "进食地点": "venue"}.get(field)
    frame = cases.frame if name is None else cases.exposures
    column = {"既往病史": "history", "医疗机构": "hospital", "现住址街道": "home_region"}.get(field)
    kept = frame.set_index("case_id")[name or column]
    assert kept.loc[["x", "y"]].tolist() == [expected, expected]
    problems = cases.quality.problems
    reported = problems.loc[problems["kind"] == "identifier_in_text", "row"].tolist()
    n = len(OTHER_PATIENTS)
    assert reported == ([] if content == expected else [n + 2, n + 3])
    if content != expected:
        text = outputs(cases)
        assert not any(person in text for person in OTHER_PATIENTS[:3])


def test_a_name_is_hidden_in_the_row_of_its_person_whatever_it_says() -> None:
    rows = [
        {"编号": "1", "患者姓名": "张三", "进食场所": "张三饭店"},
        {"编号": "2", "患者姓名": "李四", "进食场所": "张三饭店"},
    ]
    cases = read_cases(pd.DataFrame(rows), as_of="2024-12-31")
    assert cases.exposures["venue"].tolist() == ["***饭店", "张三饭店"]


def test_columns_of_contacts_are_not_read() -> None:
    frame = pd.DataFrame(
        {"编号": ["1"], "发病时间": ["2024-03-05"], "同餐者": [NAME], "密切接触者姓名": [GUARDIAN]}
    )
    text = outputs(read_cases(frame, as_of="2024-12-31"))
    assert leaked(text) == []


def test_an_identity_number_as_specimen_number_is_hidden() -> None:
    month_13 = "110105194913120025"  # the check digit is right, the birth date is not
    wrong_digit = "110105198001010020"
    frame = pd.DataFrame(
        {
            "编号": ["1", "2", "3", "4"],
            "标本编号": [NUMBER, wrong_digit, month_13, "202403050000000017"],
            "检验结果": ["阴性"] * 4,
        }
    )
    cases = read_cases(frame, as_of="2024-12-31")
    kept = cases.specimens["specimen_id"].tolist()
    assert kept == ["***", wrong_digit, month_13, "202403050000000017"]
    problems = cases.quality.problems
    assert problems[problems["kind"] == "identifier_in_text"]["row"].tolist() == [2]
    assert is_valid_id_number(NUMBER)
    assert not is_valid_id_number(month_13)
    assert leaked(outputs(cases)) == []


def test_an_identity_number_as_case_number_is_hidden() -> None:
    frame = pd.DataFrame({"编号": [NUMBER, "7"], "发病时间": ["2024-03-05"] * 2})
    cases = read_cases(frame, as_of="2024-12-31")
    assert cases.frame["case_id"].tolist() == ["row-2", "7"]
    assert leaked(outputs(cases)) == []


# ------------------------------------------------------------------ salt


@pytest.mark.parametrize("content", [NAME, GUARDIAN, NUMBER, PHONE, ""])
def test_a_case_is_not_called_by_what_identifies_a_person(content: str) -> None:
    cases = read_cases(pd.DataFrame([{**GOOD, **OWN, "病例编号": content}]), as_of="2024-12-31")
    assert cases.frame["case_id"].tolist() == ["row-2"]
    assert leaked(outputs(cases)) == []


@pytest.mark.parametrize(
    ("region", "kept"),
    [
        ("河东区大王庄街道八纬路12号3门501", "河东区大王庄街道***"),
        ("天津市/河东区/大王庄街道", "天津市/河东区/大王庄街道"),
        ("幸福里9号楼3门402室", "***"),
        ("112街道", "112街道"),
    ],
)
def test_regions_of_homes_are_no_narrower_than_areas(region: str, kept: str) -> None:
    cases = read_cases(pd.DataFrame([{**GOOD, "现住地区": region}]), as_of="2024-12-31")
    assert cases.frame["home_region"].tolist() == [kept]


@pytest.mark.parametrize("source", [[["1", NAME]], f"病例编号,姓名\n1,{NAME}"])
def test_the_error_of_a_wrong_source_does_not_show_it(source: object) -> None:
    with pytest.raises(SpecError) as caught:
        read_cases(source)  # type: ignore[arg-type]
    assert NAME not in str(caught.value)


def test_the_salt_is_made_once_for_its_owner_alone(salt_of_its_own: Path) -> None:
    frame = pd.DataFrame([{**GOOD, **OWN}])
    first = read_cases(frame, as_of="2024-12-31").frame["person"]
    path = salt_of_its_own / "salt"
    assert len(path.read_bytes()) == 32
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_cases(frame, as_of="2024-12-31").frame["person"].equals(first)
    assert [file.name for file in salt_of_its_own.iterdir()] == ["salt"]
    path.unlink()
    assert not read_cases(frame, as_of="2024-12-31").frame["person"].equals(first)


def test_the_hash_is_hmac_sha_256() -> None:
    code = (
        "import hmac, hashlib;"
        f"print(hmac.new(b'0123456789abcdef', b'n|{NUMBER}', hashlib.sha256).hexdigest()[:32])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    cases = read_cases(pd.DataFrame([{**GOOD, **OWN}]), salt="0123456789abcdef", as_of="2024-12-31")
    assert cases.frame["person"].tolist() == [done.stdout.strip()]


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(SpecError, match="at least 16 bytes"):
        read_cases(pd.DataFrame([{**GOOD, **OWN}]), salt="short")


def test_a_folder_that_cannot_be_written_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ENTEROSCAN_CONFIG_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match="give salt="):
        read_cases(pd.DataFrame([{**GOOD, **OWN}]))


# ------------------------------------------------------------------ identity numbers and masks


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [  # the examples of GB 11643-1999 and what is wrong by one digit
        ("11010519491231002X", True),
        ("440524188001010014", True),
        ("110105194912310021", False),
        ("440524188001010015", False),
        ("44052418800101001", False),
    ],
)
def test_check_digits(number: str, is_valid: bool) -> None:
    assert is_valid_id_number(number) is is_valid


def test_every_wrong_digit_is_found() -> None:
    """ISO 7064 mod 11-2 finds all single errors and all swaps of neighbours."""
    right = "11010519491231002X"
    for place in range(17):
        for digit in "0123456789":
            wrong = right[:place] + digit + right[place + 1 :]
            assert is_valid_id_number(wrong) is (wrong == right)
        swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
        assert is_valid_id_number(swapped) is (swapped == right)


def test_masks() -> None:
    assert mask("张三") == "**"
    assert mask("3月5号下午") == "3月5号下午"
    assert mask(NUMBER) == "***"
    assert mask("2024-13-45") == "2024-13-45"
    assert mask_numbers(f"电话{PHONE}，身份证{NUMBER}") == "电话***,身份证***"
    assert mask_numbers("批号20240305，共12份") == "批号20240305，共12份"
