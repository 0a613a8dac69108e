"""What the simulator writes, the reader gives back, field by field."""

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from enteroscan.cases import read_cases
from enteroscan.simulate import District, Mess, Outbreak, SimulatedReports
from enteroscan.simulate.form import CoordinateSystem, Layout
from enteroscan.simulate.mess import Ages, Dates, Headers, Symptoms
from reference.case_tables import assert_same_tables

AS_OF = "2025-06-30"
SPEC = District(cases_per_year=150)
OUTBREAKS = (
    Outbreak(agent="mushroom_hepatic", start="2024-07-08 18:00", venue_type="home", size=6),
    Outbreak(agent="salmonella", start="2024-06-08 12:00", venue_type="restaurant", size=8),
)
LAYOUTS, SYSTEMS = get_args(Layout), get_args(CoordinateSystem)


def simulate(seed: int = 0) -> SimulatedReports:
    return SPEC.simulate(
        start="2024-03-01", end="2024-10-31", outbreaks=OUTBREAKS, random_state=seed
    )


REPORTS = simulate()
FEW = District(cases_per_year=60).simulate(
    start="2024-05-01", end="2024-08-31", outbreaks=OUTBREAKS, random_state=1
)
# Examples are files: a failing one is shown as it is, since making it smaller takes minutes.
FILES: dict[str, Any] = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
    "suppress_health_check": list(HealthCheck),
}

MESSES = st.builds(
    Mess,
    headers=st.sampled_from(get_args(Headers)),
    dates=st.sampled_from(get_args(Dates)),
    yes_no=st.sampled_from([("是", "否"), ("有", "无"), ("1", "0"), ("Y", "N"), ("√", "")]),
    sexes=st.sampled_from([("男", "女"), ("1", "2"), ("M", "F"), ("男性", "女性")]),
    ages=st.sampled_from(get_args(Ages)),
    symptoms=st.sampled_from(get_args(Symptoms)),
    units=st.booleans(),
    missing_as=st.sampled_from([("",), ("", "不详"), ("/", "-", "")]),
    full_width_share=st.sampled_from([0.0, 0.3]),
    padded_share=st.sampled_from([0.0, 0.3]),
    title_rows=st.integers(0, 3),
    footer=st.booleans(),
    empty_columns=st.integers(0, 2),
    shuffled_columns=st.booleans(),
    date_only_share=st.sampled_from([0.0, 0.3, 1.0]),
    missing_share=st.sampled_from([0.0, 0.2]),
    mangled_ids=st.booleans(),
    random_state=st.integers(0, 2**16),
)


def check(reports: SimulatedReports, path: Path, mess: Mess, **options: Any) -> None:  # noqa: ANN401
    read = read_cases(path, duplicates=None, as_of=AS_OF, language="en", **options)
    assert_same_tables(read, mess.losses(reports))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("messy", [False, True])
def test_excel(tmp_path: Path, layout: Layout, messy: bool) -> None:
    mess = Mess.typical() if messy else Mess()
    REPORTS.to_excel(tmp_path / "a.xlsx", layout=layout, mess=mess)
    check(REPORTS, tmp_path / "a.xlsx", mess)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parquet(tmp_path: Path, layout: Layout) -> None:
    REPORTS.to_parquet(tmp_path / "a.parquet", layout=layout)
    check(REPORTS, tmp_path / "a.parquet", Mess())


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_text(tmp_path: Path, encoding: str, separator: str) -> None:
    REPORTS.to_csv(tmp_path / "a.csv", encoding=encoding, separator=separator)
    check(REPORTS, tmp_path / "a.csv", Mess())


@pytest.mark.parametrize("crs", SYSTEMS)
def test_coordinates(tmp_path: Path, crs: CoordinateSystem) -> None:
    REPORTS.to_csv(tmp_path / "a.csv", crs=crs)
    check(REPORTS, tmp_path / "a.csv", Mess(), crs=crs)


def test_rows_that_stand_twice_count_once(tmp_path: Path) -> None:
    mess = Mess(repeated_row_share=0.3)
    REPORTS.to_csv(tmp_path / "a.csv", mess=mess)
    check(REPORTS, tmp_path / "a.csv", mess)


@pytest.mark.slow
@settings(max_examples=25, **FILES)
@given(
    mess=MESSES,
    layout=st.sampled_from(LAYOUTS),
    encoding=st.sampled_from(["gb18030", "gbk", "utf-8-sig"]),
)
def test_any_mess_in_text(
    tmp_path_factory: pytest.TempPathFactory, mess: Mess, layout: Layout, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("round trip") / "a.csv"
    FEW.to_csv(path, mess=mess, layout=layout, encoding=encoding)
    check(FEW, path, mess)


@pytest.mark.slow
@settings(max_examples=10, **FILES)
@given(mess=MESSES, layout=st.sampled_from(LAYOUTS))
def test_any_mess_in_excel(
    tmp_path_factory: pytest.TempPathFactory, mess: Mess, layout: Layout
) -> None:
    path = tmp_path_factory.mktemp("round trip") / "a.xlsx"
    FEW.to_excel(path, mess=mess, layout=layout)
    check(FEW, path, mess)


@pytest.mark.slow
@settings(max_examples=10, **FILES)
@given(seed=st.integers(0, 2**32))
def test_any_reports(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    reports, mess = simulate(seed), Mess.typical(seed)
    path = tmp_path_factory.mktemp("round trip") / "a.csv"
    reports.to_csv(path, mess=mess)
    check(reports, path, mess)


def test_second_reports_become_one_case(tmp_path: Path) -> None:
    spec = District(cases_per_year=1_500, revisit_share=0.1, second_hospital_share=0.1)
    reports = spec.simulate(start="2024-03-01", end="2024-10-31")
    reports.to_csv(tmp_path / "a.csv")
    read = read_cases(tmp_path / "a.csv", as_of=AS_OF, language="en")
    second = reports.truth.cases["duplicate_of"].notna().to_numpy()
    assert second.sum() > 100
    assert len(read.frame) == (~second).sum()


def test_read_persons_are_the_simulated_persons(tmp_path: Path) -> None:
    REPORTS.to_csv(tmp_path / "a.csv")
    read = read_cases(tmp_path / "a.csv", duplicates=None, as_of=AS_OF, language="en")
    pairs = set(zip(read.frame["person"], REPORTS.frame["person"], strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
