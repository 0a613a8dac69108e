"""The reader of SaTScan's files, with small files of our own."""

import pickle
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from enteroscan import (
    BernoulliScan,
    DataError,
    PoissonScan,
    SpaceTimePermutation,
    SpecError,
    satscan,
)
from enteroscan.satscan._dates import standard_date
from enteroscan.satscan._support import RULES

Write = Callable[..., Path]

# Nine places on a line, a case at each and five more at "c".
PLACES = "abcdefghi"
COORDINATES = "".join(f"{name} {x} 0\n" for x, name in enumerate(PLACES))
CASES = "".join(f"{name} {6 if name == 'c' else 1}\n" for name in PLACES)
CONTROLS = "".join(f"{name} 4\n" for name in PLACES)
POPULATION = "".join(f"{name} 2020 100\n" for name in PLACES)

SPATIAL = {
    "CaseFile": "x.cas",
    "CoordinatesFile": "x.geo",
    "PopulationFile": "x.pop",
    "CoordinatesType": "0",
    "AnalysisType": "1",
    "ModelType": "0",
    "PrecisionCaseTimes": "0",
    "StartDate": "2020/1/1",
    "EndDate": "2020/12/31",
    "MonteCarloReps": "19",
    "NumberParallelProcesses": "1",
}
DAILY = {
    "CaseFile": "x.cas",
    "CoordinatesFile": "x.geo",
    "CoordinatesType": "0",
    "AnalysisType": "4",
    "ModelType": "2",
    "PrecisionCaseTimes": "3",
    "TimeAggregationUnits": "3",
    "StartDate": "2020/1/1",
    "EndDate": "2020/1/10",
    "MonteCarloReps": "19",
    "NumberParallelProcesses": "1",
}
DAILY_CASES = (
    "".join(f"{name} 1 2020/1/{day + 1}\n" for day, name in enumerate(PLACES))
    + "c 3 2020/1/10\nb 1 2020/1/10\n"
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a parameter file and the data files it names; return its path."""

    def write(settings: dict[str, str], /, **files: str | bytes) -> Path:
        contents: dict[str, str | bytes] = {
            "x_cas": CASES if settings["PrecisionCaseTimes"] == "0" else DAILY_CASES,
            "x_ctl": CONTROLS,
            "x_geo": COORDINATES,
            "x_pop": POPULATION,
        }
        for name, content in (contents | files).items():
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / name.replace("_", ".")).write_bytes(data)
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        path = tmp_path / "x.prm"
        path.write_text("".join(["[Input]\n", *lines]), encoding="utf-8")
        return path

    return write


def test_the_small_analysis_finds_its_cluster(write: Write) -> None:
    result = satscan.load(write(SPATIAL)).scan()
    assert result.members.query("cluster == 1")["location"].tolist() == ["c"]
    assert result.clusters.loc[0, "observed"] == 6
    assert result.clusters.loc[0, "expected"] == pytest.approx(14 / 9)


# Parameter files


def test_missing_settings_have_satscans_defaults(write: Write) -> None:
    minimal = {"CaseFile": "x.cas", "CoordinatesFile": "x.geo", "PopulationFile": "x.pop"}
    coordinates = COORDINATES.replace(" 0\n", " 1\n")
    spec = satscan.load(write(minimal | {"PrecisionCaseTimes": "0"}, x_geo=coordinates)).spec
    assert spec == PoissonScan(
        analysis="spatial", p_values="default", random_state=12345678, replicates=999
    )


@pytest.mark.parametrize(
    ("base", "settings", "options"),
    [
        (SPATIAL, {"ScanAreas": "2"}, {"rates": "low"}),
        (SPATIAL, {"ScanAreas": "3"}, {"rates": "both"}),
        (SPATIAL, {"MaxSpatialSizeInPopulationAtRisk": "20"}, {"max_size_share": 0.2}),
        (
            SPATIAL,
            {"RiskLimitHighClusters": "Y", "RiskThresholdHighClusters": "1.5"},
            {"min_relative_risk": 1.5},
        ),
        (
            SPATIAL,
            {"RiskLimitLowClusters": "y", "RiskThresholdLowClusters": "0.5"},
            {"max_relative_risk": 0.5},
        ),
        (SPATIAL, {"RiskThresholdHighClusters": "1.5"}, {"min_relative_risk": None}),
        (SPATIAL, {"MinimumCasesInHighRateClusters": "4"}, {"min_cases": 4}),
        (SPATIAL, {"MinimumCasesInLowRateClusters": "1"}, {"min_cases_low": 1}),
        (
            SPATIAL,
            {"UseDistanceFromCenterOption": "y", "MaxSpatialSizeInDistanceFromCenter": "3"},
            {"max_radius": 3.0, "max_radius_km": None},
        ),
        (SPATIAL, {"MaxSpatialSizeInDistanceFromCenter": "3"}, {"max_radius": None}),
        (
            SPATIAL,
            {
                "UseReportOnlySmallerClusters": "y",
                "MaxSpatialSizeInPopulationAtRisk_Reported": "25",
                "UseDistanceFromCenterOption_Reported": "y",
                "MaxSpatialSizeInDistanceFromCenter_Reported": "2",
            },
            {"max_reported_size_share": 0.25, "max_reported_radius": 2.0},
        ),
        (
            SPATIAL,
            {"MaxSpatialSizeInPopulationAtRisk_Reported": "25"},
            {"max_reported_size_share": None},
        ),
        (
            SPATIAL,
            {"CriteriaForReportingSecondaryClusters": "4"},
            {"overlap": "no_pairs_in_each_other"},
        ),
        (SPATIAL, {"PValueReportType": "1"}, {"p_values": "monte_carlo"}),
        (
            SPATIAL,
            {"PValueReportType": "2", "EarlyTerminationThreshold": "7"},
            {"p_values": "sequential", "sequential_threshold": 7},
        ),
        (SPATIAL, {"PValueReportType": "3"}, {"p_values": "gumbel"}),
        (SPATIAL, {"RandomizationSeed": "99"}, {"random_state": 99, "random_stream": "philox"}),
        (DAILY, {}, {"random_stream": "satscan"}),
        (SPATIAL, {"NumberParallelProcesses": "0"}, {"n_jobs": None}),
        (DAILY, {"TimeAggregationLength": "2"}, {"time_aggregation": 2, "time_unit": "day"}),
        (DAILY, {"MaxTemporalSize": "30"}, {"max_duration_share": 0.3, "max_duration_days": None}),
        (
            DAILY,
            {"MaxTemporalSize": "3", "MaxTemporalSizeInterpretation": "1"},
            {"max_duration_days": 3},
        ),
        (DAILY, {"MinimumTemporalClusterSize": "2"}, {"min_duration_days": 2}),
        (DAILY, {"AdjustForWeeklyTrends": "y"}, {"adjust_day_of_week": True}),
        (
            DAILY,
            {"ProspectiveFrequencyType": "2", "ProspectiveFrequency": "2"},
            {"repeat_every_weeks": 2},
        ),
        (
            DAILY,
            {"ProspectiveFrequencyType": "4", "ProspectiveFrequency": "2"},
            {"repeat_every_months": 6},
        ),
        (
            DAILY,
            {"AdjustForEarlierAnalyses": "y", "ProspectiveStartDate": "2020/1/7"},
            {"adjust_for_analyses_since": date(2020, 1, 7)},
        ),
        (DAILY, {"ProspectiveStartDate": "2020/1/7"}, {"adjust_for_analyses_since": None}),
        (DAILY, {"AnalysisType": "3"}, {"analysis": "retrospective"}),
        (
            DAILY,
            {
                "AnalysisType": "3",
                "ModelType": "0",
                "PopulationFile": "x.pop",
                "IncludePurelySpatial": "y",
                "IncludePurelyTemporal": "y",
            },
            {"include_spatial": True, "include_temporal": True},
        ),
    ],
)
def test_settings_become_options(
    write: Write, base: dict[str, str], settings: dict[str, str], options: dict[str, Any]
) -> None:
    spec = satscan.load(write(base | settings)).spec
    assert {name: getattr(spec, name) for name in options} == options


def test_models(write: Write) -> None:
    assert isinstance(satscan.load(write(SPATIAL)).spec, PoissonScan)
    assert isinstance(satscan.load(write(DAILY)).spec, SpaceTimePermutation)
    bernoulli = SPATIAL | {"ModelType": "1", "ControlFile": "x.ctl"}
    assert isinstance(satscan.load(write(bernoulli)).spec, BernoulliScan)


def test_radius_is_in_km_with_latitude_and_longitude(write: Write) -> None:
    settings = {"CoordinatesType": "1", "UseDistanceFromCenterOption": "y"}
    spec = satscan.load(write(SPATIAL | settings)).spec
    assert (spec.max_radius_km, spec.max_radius) == (1.0, None)


@pytest.mark.parametrize("name", RULES)
def test_every_setting_that_is_not_supported_is_named(write: Write, name: str) -> None:
    rule = RULES[name]
    for value, meaning in (rule.meanings or {"77": rule.otherwise}).items():
        with pytest.raises(satscan.UnsupportedSetting, match=f"{name}={value}") as caught:
            satscan.load(write(SPATIAL | {name: value}))
        assert caught.value.settings == [(name, value, meaning)]
    for value in rule.honoured[:1]:
        assert name not in satscan.load(write(SPATIAL | {name: value})).ignored


def test_all_settings_that_are_not_supported_are_named_together(write: Write) -> None:
    settings = {
        "IterativeScan": "y",
        "SpatialWindowShapeType": "1",
        "CaseFile2": "y.cas",
        "IncludeClusters": "2",
        "CaseFile-SourceType": "2",
        "CoordinatesFile-SourceFieldMap": "1,shapeX,shapeY",
    }
    with pytest.raises(satscan.UnsupportedSetting) as caught:
        satscan.load(write(DAILY | settings))
    assert {name for name, _, _ in caught.value.settings} == set(settings)
    copy = pickle.loads(pickle.dumps(caught.value))  # as between processes
    assert (str(copy), copy.settings) == (str(caught.value), caught.value.settings)


def test_day_of_week_is_for_the_permutation_only(write: Write) -> None:
    with pytest.raises(satscan.UnsupportedSetting, match="AdjustForWeeklyTrends=y"):
        satscan.load(write(SPATIAL | {"AdjustForWeeklyTrends": "y"}))


@pytest.mark.parametrize(
    "settings",
    [{"IncludePurelySpatial": "y"}, {"IncludePurelyTemporal": "y"}, {"AnalysisType": "1"}],
)
def test_what_the_permutation_cannot_find_is_named(write: Write, settings: dict[str, str]) -> None:
    with pytest.raises(satscan.UnsupportedSetting) as caught:
        satscan.load(write(DAILY | settings))
    assert [(name, value) for name, value, _ in caught.value.settings] == list(settings.items())


def test_unknown_settings_are_listed_and_output_settings_are_not(write: Write) -> None:
    settings = {"MaxTemporalSiz": "7", "ResultsFile": "out.txt", "DataSet1-Name": "cases"}
    assert satscan.load(write(SPATIAL | settings)).ignored == ("MaxTemporalSiz",)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ScanAreas": "4"}, "ScanAreas=4"),
        ({"MonteCarloReps": "many"}, "MonteCarloReps=many must be a whole number"),
        ({"RiskLimitHighClusters": "y", "RiskThresholdHighClusters": "x"}, "must be a number"),
        ({"CaseFile": "y.cas"}, "CaseFile=y.cas is no file"),
        ({"PopulationFile": ""}, "needs the population"),
        ({"AnalysisType": "3"}, "cases have no dates"),
        ({"ModelType": "1"}, "ControlFile= names no file; the analysis needs controls"),
    ],
)
def test_wrong_settings_are_named(write: Write, settings: dict[str, str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        satscan.load(write(SPATIAL | settings)).scan()


def test_a_spec_that_contradicts_itself_names_the_file(write: Write) -> None:
    with pytest.raises(SpecError, match=r"x\.prm: max_size_share=3\.0"):
        satscan.load(write(SPATIAL | {"MaxSpatialSizeInPopulationAtRisk": "300"}))


@pytest.mark.parametrize("text", ["", "CaseFile=x.cas\n", "[Input]\nCaseFile\n", "[Input]\n"])
def test_other_files_are_no_parameter_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.prm").write_text(text)
    with pytest.raises(DataError, match=r"x\.prm: this is no parameter file"):
        satscan.load(tmp_path / "x.prm")


def test_a_setting_with_two_values_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.prm").write_text("[Input]\nScanAreas=1\n[Analysis]\nScanAreas=2\n")
    with pytest.raises(DataError, match="ScanAreas is there with two values, 1 and 2"):
        satscan.load(tmp_path / "x.prm")


def test_comments_and_backslashes_in_paths(write: Write, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "y.cas").write_text(CASES)
    path = write(SPATIAL | {"CaseFile": r"data\y.cas"})
    path.write_text(";about this file\n" + path.read_text())
    assert satscan.load(path).scan().n_cases == 14


# Data files


@pytest.mark.parametrize(
    "coordinates",
    [
        COORDINATES.replace(" ", ","),
        COORDINATES.replace(" ", "\t\t") + "\n \t\n",
        "\n\n" + COORDINATES,
        "\ufeff" + COORDINATES,
        COORDINATES.replace("0\n", "0   \r\n"),
        COORDINATES + COORDINATES[:6],  # a line that is there twice
        "".join(f'"{line[0]}"{line[1:]}\n' for line in COORDINATES.splitlines()),
    ],
    ids=["commas", "tabs", "blank lines", "byte order mark", "CRLF", "repeated", "quotes"],
)
def test_ways_to_write_a_file(write: Write, coordinates: str) -> None:
    usual = satscan.load(write(SPATIAL)).scan()
    other = satscan.load(write(SPATIAL, x_geo=coordinates)).scan()
    pd.testing.assert_frame_equal(other.clusters, usual.clusters)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_identifiers(write: Write, encoding: str) -> None:
    names = dict.fromkeys(PLACES) | {"c": "成都"}

    def encoded(text: str) -> bytes:
        lines = [line.split(" ", 1) for line in text.splitlines()]
        return "".join(f"{names[name] or name} {rest}\n" for name, rest in lines).encode(encoding)

    files = {"x_cas": CASES, "x_geo": COORDINATES, "x_pop": POPULATION}
    path = write(SPATIAL, **{name: encoded(text) for name, text in files.items()})
    assert satscan.load(path).scan().clusters.loc[0, "location"] == "成都"


def test_identifiers_with_spaces_and_commas_in_quotes(write: Write) -> None:
    files = {
        name: text.replace("c ", '"Region 3, north" ')
        for name, text in {"x_cas": CASES, "x_geo": COORDINATES, "x_pop": POPULATION}.items()
    }
    result = satscan.load(write(SPATIAL, **files)).scan()
    assert result.clusters.loc[0, "location"] == "Region 3, north"


def test_identifiers_are_texts(write: Write) -> None:
    files = {
        name: text.replace("c ", "007 ").replace("d ", "NA ")
        for name, text in {"x_cas": CASES, "x_geo": COORDINATES, "x_pop": POPULATION}.items()
    }
    result = satscan.load(write(SPATIAL, **files)).scan()
    assert result.clusters.loc[0, "location"] == "007"
    assert "NA" in result.places["location"].tolist()


def test_fields_of_a_file_with_a_header(write: Write) -> None:
    settings = {
        "CaseFile-SourceType": "0",
        "CaseFile-SourceFieldMap": "3,1",
        "CaseFile-SourceDelimiter": ";",
        "CaseFile-SourceGrouper": "'",
        "CaseFile-SourceSkip": "1",
        "CaseFile-SourceFirstRowHeader": "y",
    }
    rows = [line.split(" ") for line in CASES.splitlines()]
    cases = "made today\ncases;note;place\n" + "".join(f"{n};'a;b';{name}\n" for name, n in rows)
    analysis = satscan.load(write(SPATIAL | settings, x_cas=cases))
    assert analysis.scan().clusters.loc[0, "location"] == "c"
    assert analysis.data["cases"].index[0] == 3  # the line


def test_covariates(write: Write) -> None:
    cases = "".join(f"{line} old {sex}\n" for line in CASES.splitlines() for sex in "fm")
    population = "".join(f"{line} old {sex}\n" for line in POPULATION.splitlines() for sex in "fm")
    analysis = satscan.load(write(SPATIAL, x_cas=cases, x_pop=population))
    assert analysis.spec == PoissonScan(
        **{**vars(satscan.load(write(SPATIAL)).spec), "covariates": ("covariate_1", "covariate_2")}
    )
    assert analysis.scan().n_cases == 28


def test_coordinates_are_ordered_by_identifier(write: Write) -> None:
    lines = COORDINATES.splitlines(keepends=True)
    analysis = satscan.load(write(SPATIAL, x_geo="".join(reversed(lines))))
    assert analysis.data["locations"]["location"].tolist() == list(PLACES)


def test_three_dimensions(write: Write) -> None:
    coordinates = COORDINATES.replace(" 0\n", " 0 7\n")
    clusters = satscan.load(write(SPATIAL, x_geo=coordinates)).scan().to_dict()["clusters"]
    assert [clusters[0][name] for name in ("location", *"xyz")] == ["c", 2.0, 0.0, 7.0]


def test_grid_points_are_the_centres(write: Write) -> None:
    settings = SPATIAL | {"UseGridFile": "y", "GridFile": "x.grd"}
    clusters = satscan.load(write(settings, x_grd="2.25 1\n2.25 1\n7.75 1\n")).scan().clusters
    assert (clusters.loc[0, "x"], clusters.loc[0, "y"]) == (2.25, 1.0)
    assert clusters.loc[0, "radius"] == pytest.approx((0.25**2 + 1) ** 0.5)


def test_neighbours_are_explicit(write: Write) -> None:
    settings = SPATIAL | {"UseNeighborsFile": "y", "NeighborsFilename": "x.nbr"}
    lists = "".join(f"{name}\n" for name in "abdefgh") + "c i a\ni h\n"
    cases = CASES.replace("i 1\n", "i 5\n")
    result = satscan.load(write(settings, x_nbr=lists, x_cas=cases)).scan()
    assert result.members.query("cluster == 1")["location"].tolist() == ["c", "i"]
    assert result.to_dict()["clusters"][0]["radius"] is None


def test_a_list_of_neighbours_that_is_there_twice_is_refused(write: Write) -> None:
    settings = SPATIAL | {"UseNeighborsFile": "y", "NeighborsFilename": "x.nbr"}
    with pytest.raises(DataError, match=r"x\.nbr: line 3: there is a line of this identifier"):
        satscan.load(write(settings, x_nbr="a b\nb a c\na c\n"))


def test_known_relative_risks(write: Write) -> None:
    settings = SPATIAL | {
        "UseAdjustmentsByRRFile": "y",
        "AdjustmentsByKnownRelativeRisksFilename": "x.adj",
    }
    expected = (
        satscan.load(write(settings, x_adj="All 3\nc 2\n")).scan().places.set_index("location")
    )
    assert expected.loc["c", "expected"] == pytest.approx(14 * 2 / 10)
    assert expected.loc["a", "expected"] == pytest.approx(14 * 1 / 10)


def test_relative_risks_of_a_time_and_of_all_times(write: Write) -> None:
    settings = DAILY | {
        "ModelType": "0",
        "PopulationFile": "x.pop",
        "UseAdjustmentsByRRFile": "y",
        "AdjustmentsByKnownRelativeRisksFilename": "x.adj",
    }
    analysis = satscan.load(write(settings, x_adj="c 2\nd 6 2020/1/6 2020/1/10\n"))
    risks = analysis.data["relative_risks"]
    assert risks["start"].isna().tolist() == [True, False]
    assert risks.loc[2, ["start", "end"]].tolist() == ["2020-01-06", "2020-01-10"]
    places = analysis.scan().places.set_index("location")["expected"]
    assert (places["c"] / places["a"], places["d"] / places["a"]) == pytest.approx((2.0, 3.5))


def test_largest_circle_by_another_population(write: Write) -> None:
    settings = SPATIAL | {
        "UseMaxCirclePopulationFileOption": "y",
        "MaxSpatialSizeInMaxCirclePopulationFile": "25",
        "MaxCirclePopulationFile": "x.max",
    }
    cases = CASES.replace("d 1", "d 6")
    sizes = "".join(f"{name} {40 if name == 'd' else 10}\n" for name in PLACES)
    one = satscan.load(write(settings, x_max=sizes, x_cas=cases)).scan()
    both = satscan.load(write(SPATIAL, x_cas=cases)).scan()
    assert one.members.query("cluster == 1")["location"].tolist() == ["c"]
    assert sorted(both.members.query("cluster == 1")["location"]) == ["c", "d"]


def test_purely_temporal_needs_no_places(write: Write) -> None:
    settings = DAILY | {
        "AnalysisType": "2",
        "ModelType": "0",
        "CoordinatesFile": "",
        "PopulationFile": "x.pop",
    }
    result = satscan.load(write(settings)).scan()
    first = result.to_dict()["clusters"][0]
    assert (first["location"], first["members"]) == ("All", [])
    assert (first["start"], first["end"]) == ("2020-01-10", "2020-01-10")


def test_generic_time(write: Write) -> None:
    settings = DAILY | {
        "PrecisionCaseTimes": "4",
        "TimeAggregationUnits": "4",
        "StartDate": "1",
        "EndDate": "10",
    }
    cases = DAILY_CASES.replace("2020/1/", "")
    first = satscan.load(write(settings, x_cas=cases)).scan().to_dict()["clusters"][0]
    dated = satscan.load(write(DAILY)).scan().to_dict()["clusters"][0]
    assert (first["end"], first["members"]) == (10, dated["members"])
    assert first["test_statistic"] == dated["test_statistic"]


# Dates


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        ("2020/1/7", "2020-01-07"),
        ("2020-1-7", "2020-01-07"),
        ("1/7/2020", "2020-01-07"),
        ("2020/1", "2020-01"),
        ("1/2020", "2020-01"),
        ("2020", "2020"),
        ("73", "1973"),
        ("05", "2005"),
        ("73/6", "1973-06"),
        ("soon", "soon"),
        ("1/2/3/4", "1/2/3/4"),
    ],
)
def test_dates(text: str, standard: str) -> None:
    assert standard_date(text, study_year=1991) == standard


def test_years_of_two_digits_are_near_the_study(write: Write) -> None:
    population = POPULATION.replace(" 2020 ", " 20 ")
    pd.testing.assert_frame_equal(
        satscan.load(write(SPATIAL, x_pop=population)).scan().clusters,
        satscan.load(write(SPATIAL)).scan().clusters,
    )


# Bad lines


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"x_cas": "a 1\nb\nc 2\n"}, r"x\.cas: line 2: not all of the columns location, count"),
        ({"x_cas": "a\n"}, r"x\.cas: there must be 2 columns \(location, count\), there are 1"),
        ({"x_cas": ""}, r"x\.cas: there are no data"),
        ({"x_cas": "\n \n"}, r"x\.cas: there are no data"),
        ({"x_pop": "a 2020\n"}, r"x\.pop: there must be 3 columns"),
        ({"x_geo": "a 1 2\nb 1 2 3 4\n"}, r"x\.geo: there may be 4 columns"),
        ({"x_geo": "a 1 2\nb 1\n"}, r"x\.geo: line 2: not all of the columns location, x, y"),
        ({"x_geo": "a 1 2 3\nb 1 2\n"}, r"x\.geo: line 2: a coordinate is missing"),
        ({"x_cas": "a 1\nb 1 2 3\n"}, r"x\.cas: Expected 2 fields in line 2, saw 4"),
        ({"x_cas": CASES + "\nz 1\n"}, r"x\.prm: cases.*11: z.*rows are lines: cases of .*x\.cas"),
        ({"x_cas": CASES.replace("d 1", "d one")}, r"cases, column 'count'.*4: one"),
        ({"x_geo": COORDINATES.replace("d 3", "d x")}, r"locations, column 'x'.*4: x"),
        ({"x_cas": b"a 1\n\xff\xff 1\n"}, r"x\.cas: this text is in none of"),
    ],
)
def test_bad_lines_are_named(write: Write, files: dict[str, str | bytes], words: str) -> None:
    with pytest.raises(DataError, match=words):
        satscan.load(write(SPATIAL, **files)).scan()


def test_covariates_must_be_in_both_files(write: Write) -> None:
    cases = CASES.replace("\n", " f\n")
    with pytest.raises(DataError, match="1 covariates in the case file and 0 in the population"):
        satscan.load(write(SPATIAL, x_cas=cases))


def test_dates_outside_the_study_period_are_named(write: Write) -> None:
    with pytest.raises(DataError, match=r"12: 2020-02-01.*rows are lines"):
        satscan.load(write(DAILY, x_cas=DAILY_CASES + "a 1 2020/2/1\n")).scan()


def test_relaxed_checks_leave_lines_out_and_count_them(write: Write) -> None:
    settings = DAILY | {"StudyPeriodCheckType": "1", "GeographicalCoordinatesCheckType": "1"}
    more = "a 1 2020/2/1\na 1 2019/12/31\nz 1 2020/1/1\n"
    analysis = satscan.load(write(settings, x_cas=DAILY_CASES + more))
    assert analysis.dropped == (
        ("cases (x.cas): with a location without coordinates", 1),
        ("cases (x.cas): with a date outside the study period", 2),
    )
    result = analysis.scan()
    assert result.dropped["count"].tolist() == [1, 2]
    pd.testing.assert_frame_equal(result.clusters, satscan.load(write(DAILY)).scan().clusters)


def test_relaxed_checks_do_not_forgive_what_is_no_date(write: Write) -> None:
    cases = DAILY_CASES + "a 1 soon\n"
    with pytest.raises(DataError, match="12: soon"):
        satscan.load(write(DAILY | {"StudyPeriodCheckType": "1"}, x_cas=cases)).scan()


# Running


def test_options_can_differ_from_the_file(write: Write) -> None:
    analysis = satscan.load(write(DAILY))
    result = analysis.scan(replicates=5, random_stream="philox")
    assert (result.spec.replicates, result.spec.random_stream) == (5, "philox")
    assert (analysis.spec.replicates, analysis.spec.random_stream) == (19, "satscan")
