import json

import numpy as np
import pytest
import shapely

from enteroscan.errors import SpecError
from enteroscan.simulate import District

SPEC = District(n_districts=3, n_streets=15, width_km=20)


def polygons() -> list[shapely.Polygon]:
    return [shapely.Polygon(polygon) for polygon in SPEC.area.polygons]


def test_streets_cover_their_districts_without_overlap() -> None:
    shapes = polygons()
    assert all(shape.is_valid for shape in shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(3 * 20**2)
    assert shapely.unary_union(shapes).area == pytest.approx(3 * 20**2)
    assert [shape.area for shape in shapes] == pytest.approx(
        SPEC.area.streets["area_km2"].tolist(), abs=1e-3
    )


def test_everybody_lives_in_the_street_of_the_address() -> None:
    shapes = np.array(polygons())
    homes = SPEC.area.homes
    points = shapely.points(homes[["x_km", "y_km"]].to_numpy())
    own = shapes[homes["street"].to_numpy()]
    assert (shapely.distance(own, points) < 1e-9).all()


def test_boundaries_are_geojson_of_the_streets() -> None:
    collection = json.loads(json.dumps(SPEC.boundaries))
    places = SPEC.places.set_index("code")
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        row = places.loc[feature["properties"]["code"]]
        assert shape.is_valid
        assert shape.distance(shapely.Point(row["longitude"], row["latitude"])) < 1e-6


def test_places_have_codes_that_nobody_has_and_all_inhabitants() -> None:
    places = SPEC.places
    assert places["code"].str.fullmatch(r"99\d{4}(\d{3})?").all()
    assert places["code"].is_unique
    streets = places[places["code"].str.len() == 9]
    assert streets["population"].sum() == pytest.approx(3 * SPEC.population, rel=1e-4)


@pytest.mark.parametrize("share", [0.5, 0.619, 0.8])
def test_the_wanted_share_lives_near_the_hospital(share: float) -> None:
    pairs = District(near_hospital_share=share).area.pairs
    near = pairs.loc[pairs["distance_km"] <= 5, "weight"].sum()
    assert near == pytest.approx(share, abs=1e-9)
    assert pairs["weight"].sum() == pytest.approx(1)


def test_a_share_that_cannot_be_had_is_refused_with_what_can() -> None:
    with pytest.raises(SpecError, match=r"near_hospital_share=0.2 cannot be had here, only 1\.000"):
        _ = District(width_km=3, near_hospital_share=0.2).area


def test_districts_report_by_their_population() -> None:
    area = SPEC.area
    district = area.homes["district"].to_numpy()[area.pairs["home"]]
    weight = np.bincount(district, area.pairs["weight"])
    people = area.streets.groupby("district_code")["population"].sum()
    assert weight == pytest.approx((people / people.sum()).to_numpy(), rel=1e-3)


def test_the_map_seed_decides_on_the_map_alone() -> None:
    again, other = District(cases_per_year=5).area, District(map_seed=1).area
    assert again.venues.equals(District().area.venues)
    assert not other.venues.equals(again.venues)


def test_names_of_venues_are_used_once_in_a_district() -> None:
    venues = SPEC.area.venues
    assert not venues.duplicated(["district", "name"]).any()
