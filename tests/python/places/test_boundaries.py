"""Boundaries are read, and cases assigned to the areas they lie in."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from enteroscan.errors import DataError, MissingExtra
from enteroscan.places import assign_areas, from_wgs84, read_boundaries

pytest.importorskip("geopandas")
import geopandas as gpd
import shapely


def squares(side: int = 3, **columns: str) -> gpd.GeoDataFrame:
    """Make squares of 0.1 degrees, row by row from 117 E 39 N."""
    boxes = [
        shapely.box(117 + 0.1 * x, 39 + 0.1 * y, 117.1 + 0.1 * x, 39.1 + 0.1 * y)
        for y in range(side)
        for x in range(side)
    ]
    names = {"code": "code", "name": "name"} | columns
    table = {
        names["code"]: [f"1201020{n:02d}" for n in range(len(boxes))],
        names["name"]: [f"街道{n}" for n in range(len(boxes))],
    }
    return gpd.GeoDataFrame(table, geometry=boxes, crs="EPSG:4326")


def geometries(frame: gpd.GeoDataFrame) -> list[shapely.Geometry]:
    return list(frame.geometry)


def same(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame, tolerance: float) -> bool:
    """Whether no point of an area is farther than so from the other."""
    pairs = zip(geometries(one), geometries(other), strict=True)
    return all(shapely.hausdorff_distance(left, right) <= tolerance for left, right in pairs)


@pytest.mark.parametrize("suffix", ["geojson", "shp", "gpkg"])
def test_files_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"areas.{suffix}"
    squares().to_file(path)
    areas = read_boundaries(path)
    assert list(areas) == ["code", "name", "geometry"]
    assert areas["code"].to_list() == squares()["code"].to_list()
    assert areas["name"].to_list() == squares()["name"].to_list()
    assert areas.crs == "EPSG:4326"
    assert same(areas, squares(), 1e-9)


def test_chinese_columns_and_gbk_shapefiles_are_read(tmp_path: Path) -> None:
    path = tmp_path / "areas.shp"
    squares(code="代码", name="名称").to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").unlink()  # as old programs leave it
    for areas in (read_boundaries(path, encoding="GB18030"), read_boundaries(path)):
        assert areas["name"].to_list() == squares()["name"].to_list()
        assert areas["code"].to_list() == squares()["code"].to_list()


def test_codes_that_became_numbers_are_codes_again(tmp_path: Path) -> None:
    frame = squares()
    frame["code"] = frame["code"].astype(float)
    path = tmp_path / "areas.geojson"
    frame.to_file(path)
    assert read_boundaries(path)["code"].iloc[0] == "120102000"


def test_other_systems_become_wgs84(tmp_path: Path) -> None:
    path = tmp_path / "areas.gpkg"
    squares().to_crs("EPSG:4547").to_file(path)  # CGCS2000, 3-degree zone at 114 E
    areas = read_boundaries(path)
    assert same(areas, squares(), 1e-6)


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_boundaries_of_map_services_are_moved_back(tmp_path: Path, crs: str) -> None:
    def away(points: np.ndarray) -> np.ndarray:
        latitude, longitude = from_wgs84(points[:, 1], points[:, 0], crs=crs)  # type: ignore[arg-type]
        return np.column_stack([longitude, latitude])

    frame = squares()
    moved = [shapely.transform(area, away) for area in geometries(frame)]
    path = tmp_path / "areas.geojson"
    frame.set_geometry(moved, crs="EPSG:4326").to_file(path)
    areas = read_boundaries(path, crs=crs)
    assert same(areas, frame, 1e-6)


def test_a_shapefile_without_a_system_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "areas.shp"
    squares().to_file(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(DataError, match="does not say its coordinate system"):
        read_boundaries(path)
    assert len(read_boundaries(path, crs="wgs84")) == 9
    with pytest.raises(DataError, match="crs='nonsense' is unknown"):
        read_boundaries(path, crs="nonsense")


def test_boundaries_that_cross_themselves_are_repaired_and_counted(tmp_path: Path) -> None:
    bow = shapely.Polygon([(117, 39), (117.1, 39.1), (117.1, 39), (117, 39.1)])
    path = tmp_path / "areas.geojson"
    gpd.GeoDataFrame({"code": ["1"]}, geometry=[bow], crs="EPSG:4326").to_file(path)
    with pytest.warns(UserWarning, match="1 boundaries cross themselves and were repaired"):
        areas = read_boundaries(path)
    assert areas.geometry.is_valid.all()


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_boundaries(tmp_path / "nowhere.geojson")
    path = tmp_path / "areas.geojson"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="give a GeoJSON, Shapefile"):
        read_boundaries(path)
    squares(code="a", name="b").to_file(path)
    with pytest.raises(DataError, match="neither codes nor names of areas"):
        read_boundaries(path)
    assert len(read_boundaries(path, code="a")) == 9
    with pytest.raises(DataError, match="no column 'c'"):
        read_boundaries(path, code="c")
    points = gpd.GeoDataFrame({"code": ["1"]}, geometry=[shapely.Point(117, 39)], crs="EPSG:4326")
    points.to_file(path)
    with pytest.raises(DataError, match="1 rows have no area"):
        read_boundaries(path)


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(MissingExtra, match=r"enteroscan\[geo\]"):
        read_boundaries(tmp_path / "areas.geojson")


def test_cases_lie_where_arithmetic_says() -> None:
    rng = np.random.default_rng(5)
    longitude, latitude = rng.uniform(116.95, 117.35, 2000), rng.uniform(38.95, 39.35, 2000)
    cases = pd.DataFrame({"latitude": latitude, "longitude": longitude})
    areas = assign_areas(cases, squares())
    x, y = np.floor((longitude - 117) * 10), np.floor((latitude - 39) * 10)
    inside = (x >= 0) & (x < 3) & (y >= 0) & (y < 3)
    expected = np.where(inside, y * 3 + x, -1).astype(int)
    names = [f"1201020{n:02d}" if n >= 0 else None for n in expected]
    assert [None if pd.isna(code) else code for code in areas["area_code"]] == names
    assert (areas["n_areas"] == inside).all()
    assert areas["area_name"].notna().sum() == inside.sum()


def test_borders_overlaps_and_gaps() -> None:
    cases = pd.DataFrame(
        {
            "latitude": pd.array([39.05, 39.05, None, 39.1], dtype="Float64"),
            "longitude": pd.array([117.1, 118.0, 117.05, 117.1], dtype="Float64"),
        },
        index=[9, 8, 7, 9],
    )
    areas = assign_areas(cases, squares())
    assert areas.index.to_list() == [9, 8, 7, 9]
    assert areas["area_code"].fillna("").to_list() == ["120102000", "", "", "120102000"]
    assert areas["n_areas"].to_list() == [2, 0, 0, 4]


def test_assigning_needs_coordinates_in_one_system() -> None:
    with pytest.raises(DataError, match="no column 'longitude'"):
        assign_areas(pd.DataFrame({"latitude": [39.0]}), squares())
    cases = pd.DataFrame({"latitude": [39.0], "longitude": [117.0]})
    with pytest.raises(DataError, match="not in WGS-84"):
        assign_areas(cases, squares().to_crs("EPSG:4547"))
