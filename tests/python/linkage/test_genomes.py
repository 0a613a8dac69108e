"""Types by genome: how they are told apart, and what they say about a common source."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from enteroscan import Cases, DataError, SharedExposure
from enteroscan.cli import app
from enteroscan.evaluation import to_cases
from enteroscan.linkage import LinkResult
from enteroscan.linkage._genomes import genome_types
from enteroscan.nightly.detect import _linked
from enteroscan.simulate import District, Outbreak

AS_OF = "2024-06-30"
SPEC = SharedExposure(replicates=0, exclude_past_outbreaks=False, n_jobs=1)


def table(values: "NDArray[Any] | list[list[Any]]", names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(values, index=names, columns=names)


@pytest.fixture(scope="module")
def cases() -> Cases:
    outbreak = Outbreak(
        agent="salmonella", start="2024-06-25 18:00", venue_type="restaurant", size=40
    )
    return to_cases(
        District(cases_per_year=1_000).simulate(
            start="2023-07-01", end="2024-07-10", outbreaks=[outbreak], random_state=5
        )
    )


@pytest.fixture(scope="module")
def diners(cases: Cases) -> list[str]:
    """Members of the greatest group, the surest first."""
    members = SPEC.link(cases, as_of=AS_OF).members
    own = members[members["group"] == 1].sort_values("probability", ascending=False)
    assert len(own) >= 4
    return own["case_id"].astype(str).tolist()


@pytest.fixture(scope="module")
def typed(cases: Cases, diners: list[str]) -> Cases:
    """The cases, with Salmonella found in three diners and a stranger, and in nobody else."""
    stranger = next(name for name in cases.frame["case_id"].astype(str) if name not in diners)
    rows = [cases.specimens.iloc[[0]].assign(case_id=n) for n in (*diners[:3], stranger)]
    found = pd.concat(rows, ignore_index=True)
    found["case_id"] = found["case_id"].astype(cases.specimens["case_id"].dtype)
    found = found.assign(agent="salmonella", serotype=None, positive=True)
    return Cases(cases.frame, cases.exposures, found.astype(cases.specimens.dtypes), cases.quality)


def linked(typed: Cases, diners: list[str], alleles: float) -> LinkResult:
    """Link with so many alleles between any two diners' isolates."""
    stranger = next(n for n in typed.specimens["case_id"].astype(str) if n not in diners)
    names = [*diners[:3], stranger]
    distances = np.full((4, 4), alleles)
    distances[3, :], distances[:, 3] = 60, 60
    np.fill_diagonal(distances, 0)
    return SPEC.link(typed, as_of=AS_OF, alleles=table(distances, names))


def test_isolates_of_a_type_are_all_within_the_limit() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        n = int(rng.integers(2, 30))
        names = [f"c{i}" for i in range(n)]
        places = rng.integers(0, 30, (n, 2))
        distances = np.abs(places[:, None] - places[None]).sum(axis=2)
        types = genome_types(table(distances, names), 5)
        for a, b in combinations(range(n), 2):
            if types[names[a]] == types[names[b]]:
                assert distances[a, b] <= 5
        same = {name for name in names if (distances[0] == 0)[names.index(name)]}
        assert len({types[name] for name in same}) == 1
        order = rng.permutation(n)
        shuffled = table(distances[np.ix_(order, order)], [names[i] for i in order])
        pd.testing.assert_series_equal(genome_types(shuffled, 5), types)


def test_types_do_not_grow_in_a_chain() -> None:
    places = np.arange(0, 40, 4)
    distances = np.abs(places[:, None] - places[None])
    types = genome_types(table(distances, [f"c{i}" for i in range(10)]), 5)
    assert types.value_counts().max() == 2


def test_pairs_that_were_not_compared_are_no_type() -> None:
    distances = np.array([[0, np.nan, 1], [np.nan, 0, 9], [1, 9, 0]])
    types = genome_types(table(distances, ["a", "b", "c"]), 5)
    assert types["a"] == types["c"]
    assert types["a"] != types["b"]


def test_like_isolates_speak_for_a_source_and_others_against_it(
    typed: Cases, diners: list[str]
) -> None:
    without = SPEC.link(typed, as_of=AS_OF).groups.iloc[0]
    alike = linked(typed, diners, 2).groups.iloc[0]
    different = linked(typed, diners, 40).groups.iloc[0]
    assert without["source"] == alike["source"]
    assert alike["symptoms"] > without["symptoms"] + 2.0
    assert alike["serotype"] in ("g1", "g2")
    assert different["statistic"] < without["statistic"] - 1.0


def test_pairs_say_the_same(typed: Cases, diners: list[str]) -> None:
    def evidence(result: LinkResult) -> float:
        links = result.links.astype({"first_case": str, "second_case": str})
        pair = links["first_case"].isin(diners[:2]) & links["second_case"].isin(diners[:2])
        return float(links.loc[pair, "symptoms"].iloc[0])

    without = evidence(SPEC.link(typed, as_of=AS_OF))
    assert evidence(linked(typed, diners, 2)) > without + 1.0


def test_the_report_names_a_type_once(typed: Cases, diners: list[str]) -> None:
    result = linked(typed, diners, 2)
    group = {str(name): value for name, value in result.groups.iloc[0].items()}
    likeliest = _linked(result, group)["agents"][0]["agent"]
    assert likeliest["en"] == "nontyphoid Salmonella " + group["serotype"]


def test_one_isolate_alone_says_what_its_agent_says(typed: Cases, diners: list[str]) -> None:
    one = typed.specimens[typed.specimens["case_id"].astype(str) == diners[0]]
    alone = Cases(typed.frame, typed.exposures, one.reset_index(drop=True), typed.quality)
    without = SPEC.link(alone, as_of=AS_OF).groups.iloc[0]
    typed_by_genome = SPEC.link(alone, as_of=AS_OF, alleles=table([[0]], [diners[0]]))
    assert typed_by_genome.groups.iloc[0]["statistic"] == pytest.approx(
        without["statistic"], abs=0.2
    )


def test_isolates_without_a_case_are_counted(typed: Cases, diners: list[str]) -> None:
    names = [diners[0], "nobody", "nobody else"]
    result = SPEC.link(typed, as_of=AS_OF, alleles=table(np.zeros((3, 3)), names))
    unseen = result.unseen.set_index("reason")["n_cases"]
    assert unseen["no_agent_of_isolate"] == 2


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (table([[0, 1], [2, 0]], ["a", "b"]), "same in both directions"),
        (table([[0, -1], [-1, 0]], ["a", "b"]), "not a number of alleles"),
        (table([[0, 1], [1, 0]], ["a", "a"]), "more than one row"),
        (table([["0", "x"], ["x", "0"]], ["a", "b"]), "not all distances are numbers"),
        (pd.DataFrame([[0, 1]], index=["a"], columns=["a", "b"]), "square"),
        ("a file", "square DataFrame"),
    ],
)
def test_tables_that_are_none_are_refused(cases: Cases, distances: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SPEC.link(cases, as_of=AS_OF, alleles=distances)  # type: ignore[arg-type]


def test_the_command_reads_a_table(tmp_path: Path) -> None:
    reports = District(cases_per_year=300).simulate(
        start="2024-01-01", end="2024-06-30", random_state=1
    )
    reports.to_csv(tmp_path / "reports.csv")
    found = to_cases(reports).specimens
    names = found.loc[found["agent"].notna(), "case_id"].astype(str).unique()[:3]
    distances = table([[0, 1, 30], [1, 0, 30], [30, 30, 0]], list(names))
    distances.to_csv(tmp_path / "alleles.tsv", sep="\t")
    arguments = ["link", str(tmp_path / "reports.csv"), "--replicates", "0"]
    done = CliRunner().invoke(app, [*arguments, "--alleles", str(tmp_path / "alleles.tsv")])
    assert done.exit_code == 0, done.output
    (tmp_path / "bad.csv").write_text("case,a,b\na,0,near\nb,near,0\n", encoding="utf-8")
    done = CliRunner().invoke(app, [*arguments, "--alleles", str(tmp_path / "bad.csv")])
    assert done.exit_code == 2
    assert "not all distances are numbers" in done.output
