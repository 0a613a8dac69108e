"""Codes and names are located by a table of places."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from enteroscan.errors import DataError
from enteroscan.places import Gazetteer, canonical_code, from_wgs84

TABLE = pd.DataFrame(
    {
        "行政区划代码": ["120000", "120102", "120102001", "120102002000", "130102", "130502"],
        "名称": [
            "天津市",
            "天津市/河东区",
            "天津市/河东区/大王庄街道",
            "天津市/河东区/大直沽街道",
            "河北省/石家庄市/长安区",
            "河北省/邢台市/桥东区",
        ],
        "纬度": [39.08, 39.13, 39.125, 39.11, 38.04, 37.07],
        "经度": [117.20, 117.25, 117.22, 117.24, 114.54, 114.51],
    }
)
PLACES = Gazetteer.read(TABLE)


def locate(code: object, name: object, *, allow_parents: bool = False) -> dict[str, object]:
    frame = pd.DataFrame({"home_code": [code], "home_region": [name]}, dtype=object)
    row = PLACES.locate(frame, allow_parents=allow_parents).frame.iloc[0]
    return {str(key): None if pd.isna(value) else value for key, value in row.items()}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("120102", "120102"),
        ("120102000000", "120102"),
        ("120102001000", "120102001"),
        ("120102001003", "120102001003"),
        ("120100", "1201"),
        ("120000", "12"),
        ("12", "12"),
        (120102, "120102"),
        (120102.0, "120102"),
        ("120102.0", "120102"),
        ("１２０１０２", "120102"),
        (" 120102 ", "120102"),
        ("110100", "1101"),
        ("1.20102E+05", None),
        ("12010", None),
        ("020102", None),
        (120102.5, None),
        (float("nan"), None),
        ("河东区", None),
        ("", None),
    ],
)
def test_codes_are_read(code: object, expected: str | None) -> None:
    assert canonical_code(code) == expected


@pytest.mark.parametrize(
    ("code", "name", "place", "by", "level"),
    [
        ("120102001", None, "120102001", "code", "street"),
        ("120102001000", None, "120102001", "code", "street"),
        (120102002.0, None, "120102002", "code", "street"),
        ("120102", None, "120102", "code", "county"),
        (None, "天津市/河东区/大王庄街道", "120102001", "name", "street"),
        (None, "天津市/天津市/河东区/大王庄街道", "120102001", "name", "street"),
        (None, "天津市/市辖区/河东区/大王庄街道", "120102001", "name", "street"),
        (None, "天津市河东区大王庄街道", "120102001", "name", "street"),
        (None, "天津/河东/大王庄", "120102001", "name", "street"),
        (None, "天津市 河东区 大王莊街道", "120102001", "name", "street"),
        (None, "大王庄街道", "120102001", "name", "street"),
        (None, "河东区/大王庄街道办事处", "120102001", "name", "street"),
        (None, "天津市", "12", "name", "province"),
        ("999999", "天津市/河东区", "120102", "name", "county"),  # the code leads nowhere
        ("120102", "大王庄街道", "120102", "code", "county"),  # the code goes first
    ],
)
def test_rows_are_located(code: object, name: object, place: str, by: str, level: str) -> None:
    found = locate(code, name)
    assert (found["place"], found["by"], found["level"]) == (place, by, level)
    assert found["parent"] is False or not found["parent"]
    assert found["problem"] is None
    row = PLACES.places.set_index("code").loc[place]
    assert (found["latitude"], found["longitude"]) == (row["latitude"], row["longitude"])


@pytest.mark.parametrize(
    ("code", "name", "problem"),
    [
        (None, None, "no code or name"),
        ("", " ", "no code or name"),
        ("120102009", None, "unknown"),
        ("12010", None, "unknown"),
        (None, "河西区", "unknown"),
        (None, "河北省/石家庄市/桥东区", "unknown"),  # another 桥东区 is there: 邢台市
    ],
)
def test_rows_that_cannot_be_located_say_why(code: object, name: object, problem: str) -> None:
    found = locate(code, name)
    assert found["problem"] == problem
    assert found["latitude"] is None
    assert found["by"] is None


def test_a_name_of_two_places_is_no_place() -> None:
    table = pd.DataFrame(
        {
            "name": ["石家庄市/桥东区", "邢台市/桥东区"],
            "latitude": [38.0, 37.0],
            "longitude": [114.5, 114.4],
        }
    )
    frame = pd.DataFrame({"home_region": ["桥东区", "邢台市/桥东区", "河北省/石家庄市/桥东区"]})
    found = Gazetteer.read(table).locate(frame).frame
    assert found["problem"].fillna("").to_list() == ["ambiguous name", "", ""]
    assert found["latitude"].to_list()[1:] == [37.0, 38.0]


def test_parents_stand_in_only_if_allowed() -> None:
    assert locate("120102009", None)["by"] is None
    county = locate("120102009", None, allow_parents=True)
    assert (county["place"], county["level"], county["parent"]) == ("120102", "county", True)
    assert county["latitude"] == 39.13
    city = locate(
        "130199", None, allow_parents=True
    )  # 石家庄市 has no row: the mean of what is in it
    assert (city["place"], city["level"], city["latitude"]) == ("1301", "city", 38.04)
    province = locate("139999", None, allow_parents=True)
    assert (province["place"], province["level"]) == ("13", "province")
    assert province["latitude"] == pytest.approx((38.04 + 37.07) / 2)
    named = locate(None, "天津市/河东区/不知街道", allow_parents=True)
    assert (named["place"], named["by"], named["parent"]) == ("120102", "name", True)
    assert locate("999999", None, allow_parents=True)["by"] is None
    exact = locate("120102001", None, allow_parents=True)
    assert not exact["parent"]


def test_the_share_located_is_reported() -> None:
    frame = pd.DataFrame(
        {"home_code": ["120102001", "120102001", "999999", None], "home_region": [None] * 4},
        index=[3, 1, 4, 1],
    )
    located = PLACES.locate(frame)
    assert located.frame.index.to_list() == [3, 1, 4, 1]
    assert located.share == 0.5
    assert repr(located) == "Located(2 of 4 rows)"
    report = located.report
    assert report["rows"].sum() == 4
    assert report["share"].sum() == pytest.approx(1)
    assert set(report["problem"].dropna()) == {"unknown", "no code or name"}


def test_no_rows_are_no_trouble() -> None:
    located = PLACES.locate(pd.DataFrame({"home_code": []}, dtype=object))
    assert len(located.frame) == 0
    assert np.isnan(located.share)


def test_coordinates_of_maps_are_converted() -> None:
    shifted = from_wgs84(TABLE["纬度"], TABLE["经度"], crs="gcj02")
    table = TABLE.assign(纬度=shifted[0], 经度=shifted[1])
    places = Gazetteer.read(table, crs="gcj02").places
    assert np.abs(places["latitude"] - TABLE["纬度"]).max() < 1e-9
    assert np.abs(places["longitude"] - TABLE["经度"]).max() < 1e-9


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "places.csv"
    path.write_text(TABLE.to_csv(index=False), encoding=encoding)
    pd.testing.assert_frame_equal(Gazetteer.read(path).places, PLACES.places)
    assert repr(Gazetteer.read(path)) == "Gazetteer(6 places)"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"latitude": [1.0], "longitude": [1.0]}, "neither a code nor a name"),
        ({"name": ["a"], "longitude": [1.0]}, "no column 'latitude'"),
        ({"name": ["a"], "latitude": [91.0], "longitude": [1.0]}, "1 rows have no latitude"),
        ({"name": ["a"], "latitude": [1.0], "longitude": ["east"]}, "1 rows have no longitude"),
        ({"name": ["a"], "latitude": [None], "longitude": [1.0]}, "1 rows have no latitude"),
        (
            {"code": ["12010"], "latitude": [1.0], "longitude": [1.0]},
            "1 rows have no code of 2, 4, 6, 9 or 12 digits in column 'code' (rows 0)",
        ),
        (
            {"code": ["120102", "120102000000"], "latitude": [1.0, 2.0], "longitude": [1.0, 2.0]},
            "2 rows have a code of another row in column 'code' (rows 0, 1)",
        ),
        (
            {"name": [" "], "latitude": [1.0], "longitude": [1.0]},
            "1 rows have neither a code nor a name",
        ),
    ],
)
def test_mistakes_are_named(table: dict[str, list[object]], message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        Gazetteer.read(pd.DataFrame(table))


def test_mistakes_of_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Gazetteer.read(tmp_path / "nowhere.csv")
    path = tmp_path / "places.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="the file is empty"):
        Gazetteer.read(path)
    path.write_text("name,latitude,longitude\na,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="1 lines have another number of cells than the header"):
        Gazetteer.read(path)
    with pytest.raises(DataError, match="no column 'wgs_lat'"):
        Gazetteer.read(TABLE, latitude="wgs_lat")
    with pytest.raises(DataError, match="neither 'home_code' nor 'home_region'"):
        PLACES.locate(pd.DataFrame({"code": ["120102"]}))


@pytest.mark.parametrize(
    ("name", "region", "is_found"),
    [
        ("河西区", "天津市河西区", True),
        ("河西区", "天津市市辖区河西区", True),
        ("天津市南开区学府街道", "学府街道", True),
        ("天津市/南开区/学府街道", "南开区学府街道", True),
        ("济宁市市中区", "中区", False),  # no part of the name
        ("河西区", "天津市河东区", False),
    ],
)
def test_names_without_separators(name: str, region: str, is_found: bool) -> None:
    places = Gazetteer.read(pd.DataFrame({"name": [name], "lat": [39.1], "lon": [117.2]}))
    found = places.locate(pd.DataFrame({"home_region": [region]})).frame
    assert found["place"].notna().tolist() == [is_found]


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_workbook_is_read_as_the_text_is(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame(
        {
            "代码": [120103, 120104],
            "名称": ["河西区", "南开区"],
            "纬度": [39.1, 39.13],
            "经度": 117.2,
        }
    )
    path = tmp_path / f"places.{suffix}"
    table.to_excel(path, index=False) if suffix == "xlsx" else table.to_csv(path, index=False)
    assert Gazetteer.read(path).places["code"].tolist() == ["120103", "120104"]


def test_a_broken_workbook_of_places_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "places.xlsx"
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(DataError, match="cannot be read"):
        Gazetteer.read(path)
