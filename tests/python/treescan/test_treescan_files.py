"""TreeScan's files on the command line: what is written, and what is said about bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from enteroscan.cli import app

TREE = "root,\na,root\nb,root\nc,b\n"
CASES = "a,3,1\nc,4,2\nc,5,3\n"
SETTINGS = {
    "scan-type": "1",
    "probability-model": "2",
    "conditional-type": "2",
    "tree-filename": "tree.txt",
    "count-filename": "cases.txt",
    "date-precision": "1",
    "data-time-range": "[1,10]",
}

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command on a small analysis, of which something may be changed."""

    def runs(*, tree: str = TREE, cases: str = CASES, lang: str = "en", **settings: str) -> Result:
        (tmp_path / "tree.txt").write_text(tree, encoding="utf-8")
        (tmp_path / "cases.txt").write_text(cases, encoding="utf-8")
        changed = {name.replace("_", "-"): value for name, value in settings.items()}
        lines = [f"{name}={value}\n" for name, value in {**SETTINGS, **changed}.items()]
        parameters, out = tmp_path / "x.prm", tmp_path / "out.json"
        parameters.write_text("".join(["[Analysis]\n", *lines]))
        arguments = ["treescan", str(parameters), "--json", str(out), "--lang", lang]
        return CliRunner().invoke(app, arguments)

    return runs


def test_json_has_cuts_and_maxima(run: Run, tmp_path: Path) -> None:
    done = run(date_precision="4", data_time_range="[2024/05/01,2024/05/10]", cases=DATED)
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert len(found["simulated_maxima"]) == 999
    assert [cut["node"] for cut in found["cuts"]] == ["c", "root", "a"]  # b is as c
    first = found["cuts"][0]
    assert list(first) == [
        "node",
        "cases",
        "expected",
        "relative_risk",
        "statistic",
        "p_value",
        "start",
        "end",
        "recurrence_interval_days",
    ]
    assert (first["cases"], first["start"], first["end"]) == (9, "2024-05-02", "2024-05-03")
    assert first["expected"] == pytest.approx(9 * 2 / 10)
    assert first["relative_risk"] is None  # infinite: no case on another day
    assert first["recurrence_interval_days"] is None  # not prospective


DATED = "a,3,2024/05/01\nc,4,2024/05/02\nc,5,2024-05-03\n"


@pytest.mark.parametrize(("unit", "days"), [("0", 1.0), ("1", 7.0), ("4", 365.25)])
def test_recurrence_intervals_in_days(run: Run, tmp_path: Path, unit: str, days: float) -> None:
    short = {"data_time_range": "[1,3]", "maximum_window_percentage": "70"}
    done = run(prospective_analysis="y", prospective_frequency_type=unit, **short)
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    for cut in found["cuts"]:
        assert cut["end"] == 3
        assert cut["recurrence_interval_days"] == pytest.approx(days / cut["p_value"], rel=0.01)
    assert found["cuts"]


def test_it_speaks_chinese(run: Run) -> None:
    done = run(lang="zh")
    assert "节点" in done.stdout


def test_rows_left_out_are_counted(run: Run, tmp_path: Path) -> None:
    done = run(cases=CASES + "a,1,11\n", relaxed_study_data_period_checking="y")
    assert done.exit_code == 0
    assert "left out: 1 rows, cases outside the study period" in done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["dropped"] == [{"reason": "cases outside the study period", "rows": 1}]


def test_unknown_settings_are_listed(run: Run) -> None:
    done = run(maximum_windw_fixed="3")
    assert done.exit_code == 0
    assert "unknown settings: maximum-windw-fixed" in done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sequential_scan": "y", "pvalue_report_type": "1"}, "sequential-scan=y (sequential scan"),
        ({"cut_filename": "cuts.txt"}, "cut-filename=cuts.txt (cuts that differ"),
        ({"conditional_type": "0"}, "conditional-type=0"),
        ({"count_filename": "none.txt"}, "none.txt"),
        ({"count_filename": ""}, "count-filename= names no file"),
        ({"tree": ""}, "tree.txt: there are no nodes"),
        ({"tree": "root,\na,b\nb,a\n"}, "tree.txt: nodes are above themselves: "),
        ({"tree": TREE + "a,nobody\n"}, "tree.txt: line 5: the parent 'nobody' is no node"),
        ({"tree": TREE + ",a\n"}, "tree.txt: line 5: the child of 'a' has no name"),
        ({"tree": TREE + "a,b\n"}, "allow-multi-parent-nodes=n but the tree has"),
        ({"cases": "zz,1,1\n"}, "cases.txt: line 1: 'zz' is no node of the tree"),
        ({"cases": "a,x,1\n"}, "cases.txt: line 1: cases must be a whole number"),
        ({"cases": "a,-1,1\n"}, "cases.txt: line 1: cases must be a whole number"),
        ({"cases": "a,9999999999999999999999,1\n"}, "below 10^9"),
        ({"cases": "a\n"}, "cases.txt: line 1: '' is no time"),
        ({"cases": "a,1,2024/13/01\n"}, "'2024/13/01' is no time"),
        ({"cases": "a,1,11\n"}, "line 1: 11 is outside the data-time-range"),
        ({"cases": "a,1,1,9\n"}, "a censoring time (third number) is not supported"),
        ({"cases": "b,3,1\n"}, "data-only-on-leaves=y but 1 inner nodes have data, the first 'b'"),
        ({"cases": ""}, "there are no cases"),
        ({"data_time_range": "10"}, "data-time-range=10 must be [first,last]"),
        ({"data_time_range": "[1,100000000]"}, "is longer than 100,000 days"),
        ({"monte_carlo_replications": "-3"}, "monte-carlo-replications=-3 must be at least 0"),
        ({"minimum_window_fixed": "0"}, "minimum-window-fixed=0 must be at least 1"),
        ({"prospective_analysis": "maybe"}, "prospective-analysis=maybe must be one of y, n"),
        (
            {"restrict_tree_levels": "y", "excluded_tree_levels": "x"},
            "excluded-tree-levels=x must be levels like 1,2",
        ),
    ],
)
def test_bad_input_is_explained(run: Run, changed: dict[str, str], said: str) -> None:
    done = run(**changed)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_probability_of_an_event(run: Run) -> None:
    bernoulli = {"scan_type": "0", "probability_model": "1", "conditional_type": "0"}
    done = run(**bernoulli, event_probability="1/0", cases="a,3,1\n")
    assert done.exit_code == 2
    assert "event-probability=1/0 must be between 0 and 1" in done.stderr


def test_nodes_that_are_not_evaluated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "not.txt").write_text("c\n")
    done = run(restrict_evaluated_nodes="y", not_evaluated_nodes_file="not.txt")
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [cut["node"] for cut in found["cuts"]] == ["b", "root", "a"]
