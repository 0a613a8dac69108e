"""The outputs of R's package surveillance beside ours, file by file."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import timeseries as ts
from enteroscan.timeseries import DetectionResult, DetectorSpec

CLOSED_FORM = 1e-12
REGRESSION = 1e-10
OVERDISPERSION = (
    1e-9  # of nearly Poisson counts, where the package's own search ends without converging
)
CUT_OFF = 1e-8  # for windows without cases the package stops at a factor of exp(-18)
PRODUCT = 1e-11  # the package multiplies hundreds of powers
RUN_LENGTH = 1e-9  # a linear system whose condition is the run length
MINIMISED = 1e-5  # the package's search ends with a delay of 6.99997 in place of 7
TABULATED = 1e-8  # the package reads values from a table with so many digits

Floats = NDArray[np.float64]
Output = dict[str, Any]


class Check(NamedTuple):
    """One quantity of one file: greatest relative difference, and what is allowed."""

    quantity: str
    error: float
    tolerance: float
    n: int

    @property
    def good(self) -> bool:
        """Whether it agrees."""
        return self.error <= self.tolerance


def read(path: Path) -> Output:
    """Read a gzipped JSON file."""
    with gzip.open(path, "rt") as file:
        content: Output = json.load(file)
    return content


def output_files(folder: Path) -> list[Path]:
    """Outputs of surveillance that belong to a series."""
    return sorted(path for path in (folder / "out").glob("*__*.json.gz"))


def read_wide(folder: Path, name: str, output: Output) -> pd.DataFrame:
    """Return the series of an output: dates or steps as index, one column a unit."""
    frame = pd.read_csv(folder / "series" / f"{name}.csv")
    index: pd.Index[Any] = pd.Index(np.arange(1, len(frame) + 1))
    if frame["date"].notna().all():
        index = pd.DatetimeIndex(frame["date"])
    return frame[list(output["units"])].set_index(index)


def long(wide: pd.DataFrame) -> pd.DataFrame:
    """Return a wide frame as a long one."""
    columns = {"date": np.repeat(wide.index.to_numpy(), wide.shape[1])}
    columns["unit"] = np.tile(np.arange(wide.shape[1]), len(wide))
    columns["count"] = wide.to_numpy().ravel()
    return pd.DataFrame(columns)


def spec_of(output: Output) -> DetectorSpec | str:
    """Return the spec that a file was made with, or why there is none."""
    control, algorithm = output["control"], output["algorithm"]
    if algorithm.startswith("earsC"):
        options = {"baseline_steps": control["baseline"], "min_sigma": float(control["minSigma"])}
        if control["method"] == "C3":
            return ts.EarsC3(**options, alpha=control["alpha"], compat=True)
        spec = ts.EarsC1 if control["method"] == "C1" else ts.EarsC2
        return spec(**options, alpha=control["alpha"])
    if algorithm in ("algo.rki", "algo.bayes"):
        variants: dict[tuple[int, int], Any] = {(0, 6): 1, (1, 6): 2, (2, 4): 3}
        variant = variants[control["b"], control["w"]]
        if algorithm == "algo.rki":
            return ts.Rki(variant=variant, compat=True)
        return ts.Bayes(variant=variant, alpha=control["alpha"], compat=True)
    if algorithm == "algo.cdc":
        return ts.HistoricalLimits(
            years_back=control["b"], blocks_beside=control["m"], alpha=control["alpha"], compat=True
        )
    if algorithm == "algo.outbreakP":
        return ts.OutbreakP(threshold=control["k"])
    if algorithm == "algo.cusum":
        return _cusum(control)
    if algorithm in ("algo.glrnb", "algo.glrpois"):
        return _glr(control, algorithm)
    if algorithm == "algo.farrington":
        return _farrington(control)
    return _flexible(control)


def _cusum(control: Output) -> ts.Cusum:
    names: dict[str, Any] = {
        "pearsonNegBin": "pearson_neg_bin",
        "anscombeNegBin": "anscombe_neg_bin",
    }
    transformation: Any = names.get(control["trans"], control["trans"])
    means: dict[str | None, Any] = {None: "training", "glm": "seasonal"}
    mean = means[control.get("m")]
    return ts.Cusum(
        k=control["k"],
        h=control["h"],
        transformation=transformation,
        mean=mean,
        overdispersion=control.get("alpha", 0.1),
        compat=True,
    )


def _glr(control: Output, algorithm: str) -> ts.Glr:
    model = control.get("mu0") or {}
    window = control.get("M", -1)
    return ts.Glr(
        threshold=float(control["c.ARL"]),
        overdispersion=0.0 if algorithm == "algo.glrpois" else None,
        change="epidemic" if control.get("change") == "epi" else "shift",
        log_shift=control.get("theta"),
        direction="decrease" if control.get("dir") == "dec" else "increase",
        window_steps=None if window == -1 else window,
        min_window_steps=control.get("Mtilde", 1),
        harmonics=model.get("S", 1),
        trend=model.get("trend", False),
        refit=model.get("refit", False),
        compat=True,
    )


def _farrington(control: Output) -> ts.Farrington:
    cases, points = control.get("limit54", (5, 4))
    return ts.Farrington(
        years_back=control["b"],
        half_window_steps=control["w"],
        alpha=control.get("alpha", 0.05),
        trend=control.get("trend", True),
        reweight=control.get("reweight", True),
        power=control.get("powertrans", "2/3"),
        min_recent_cases=float(cases),
        min_recent_steps=points,
        compat=True,
    )


def _flexible(control: Output) -> ts.FarringtonFlexible:
    cases, points = control.get("limit54", (5, 4))
    bounds: dict[str, Any] = {"nbPlugin": "nb_plugin", "muan": "muan", "delta": "delta"}
    return ts.FarringtonFlexible(
        years_back=control["b"],
        half_window_steps=control["w"],
        season_levels=control.get("noPeriods", 1),
        recent_steps_excluded=control.get("pastWeeksNotIncluded"),
        alpha=control.get("alpha", 0.05),
        trend=control.get("trend", True),
        max_trend_p=float(control.get("pThresholdTrend", 0.05)),
        reweight=control.get("reweight", True),
        reweight_above=float(control.get("weightsThreshold", 2.58)),
        bound=bounds[control.get("thresholdMethod", "delta")],
        power=control.get("powertrans", "2/3"),
        min_recent_cases=float(cases),
        min_recent_steps=points,
        population_offset=control.get("populationOffset", False),
        compat=True,
    )


def difference(ours: Floats, theirs: Floats) -> float:
    """Return the greatest difference, relative to the value where that is above 1."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if same.all():
        return 0.0
    with np.errstate(invalid="ignore"):
        error = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    error = np.where(np.isnan(error), np.inf, error)
    return float(error[~same].max())


def run(folder: Path, path: Path) -> list[Check] | str:
    """Compare one output of surveillance with ours; or say why there is nothing to compare."""
    output = read(path)
    spec = spec_of(output)
    if isinstance(spec, str):
        return spec
    wide = read_wide(folder, output["dataset"], output)
    points = np.asarray(output["range"])
    begin, last = int(points[0]) - 1, int(points[-1])
    wide = wide.iloc[:last]
    frame = long(wide)
    people = None
    if getattr(spec, "population_offset", False):
        people = "population"
        name = f"{output['dataset']}_population.csv"
        table = pd.read_csv(folder / "series" / name)[list(output["units"])].iloc[:last]
        frame[people] = table.to_numpy().ravel()
    result = spec.detect(
        frame, by="unit", last=last - begin, population=people, period=52.0, n_jobs=1
    )
    return list(_compare(output, spec, result, points - points[0]))


def run_lengths(folder: Path) -> list[Check]:
    """Compare run lengths of CUSUM charts, and the charts chosen by run length, with ours."""
    output = read(folder / "out" / "arl_helpers.json.gz")

    def check(quantity: str, ours: list[float], theirs: list[float], allowed: float) -> Check:
        return Check(quantity, difference(np.array(ours), np.array(theirs)), allowed, len(theirs))

    checks = []
    charts = output["arlCusum"]
    for quantity, head_start in (("ARL", 0.0), ("FIR.ARL", 0.5)):
        ours = [
            ts.cusum_run_length(
                chart["theta"],
                reference_value=chart["k"],
                limit=chart["h"],
                start=head_start * chart["h"],
            )
            for chart in charts
        ]
        checks.append(check(quantity, ours, [chart[quantity] for chart in charts], RUN_LENGTH))
    searches = output["findH"]
    designs = [
        ts.cusum_design(one["theta0"], run_length=one["ARL0"], shift_sd=one["s"])
        for one in searches
    ]
    names = {"k": "reference_value", "ARL": "run_length"}
    for name, mine in names.items():
        ours = [getattr(design, mine) for design in designs]
        checks.append(check(mine, ours, [one["res"][name] for one in searches], RUN_LENGTH))
    same_chart = [  # limits may differ by a step that no sum lies in
        ts.cusum_run_length(one["theta0"], reference_value=one["res"]["k"], limit=one["res"]["h"])
        for one in searches
    ]
    checks.append(check("limit", [one.run_length for one in designs], same_chart, RUN_LENGTH))
    normal = output["find.kh"]
    design = ts.normal_cusum_design(run_length=normal["ARLa"], delay=normal["ARLr"])
    ours = [design.reference_value, design.limit]
    checks.append(check("normal design", ours, [normal["k"], normal["h"]], MINIMISED))
    length = ts.normal_cusum_run_length(reference_value=normal["k"], limit=normal["h"])
    checks.append(check("normal ARL", [length], [normal["ARLa"]], RUN_LENGTH))
    return checks


def table(output: Output, name: str, dtype: type = np.float64) -> NDArray[Any]:
    """Return a quantity of an output, one row a unit; missing values are NaN."""
    values = output[name]
    return np.array([values[unit] for unit in output["units"]], dtype=dtype)


def _compare(
    output: Output, spec: DetectorSpec, result: DetectionResult, points: NDArray[np.int64]
) -> Iterator[Check]:
    frame = result.frame

    def ours(name: str) -> Floats:
        values = frame[name].to_numpy(dtype=np.float64)
        return values.reshape(result.n_series, -1)[:, points]

    tolerance = CLOSED_FORM
    if isinstance(spec, ts.Glr) and spec.direction == "decrease" and spec.overdispersion is None:
        tolerance = CUT_OFF
    elif isinstance(spec, ts.Glr) and spec.overdispersion is None:
        tolerance = OVERDISPERSION
    elif isinstance(spec, ts.Cusum) and spec.transformation == "anscombe_neg_bin":
        tolerance = TABULATED
    elif isinstance(spec, ts.Farrington | ts.FarringtonFlexible | ts.Glr) or (
        isinstance(spec, ts.Cusum) and spec.mean == "seasonal"
    ):
        tolerance = REGRESSION

    def check(quantity: str, mine: Floats, theirs: Floats, allowed: float = tolerance) -> Check:
        return Check(quantity, difference(mine, theirs), allowed, theirs.size)

    alarm = table(output, "alarm", object)
    known = np.array([[value is not None for value in row] for row in alarm])
    yield check(
        "alarm", np.where(known, ours("alarm"), 0.0), np.where(known, alarm, 0.0).astype(float), 0.0
    )
    bound = table(output, "upperbound")
    if isinstance(spec, ts.Glr):
        is_cases = output["control"].get("ret") == "cases"
        yield check(
            "upper_bound" if is_cases else "score",
            ours("upper_bound" if is_cases else "score"),
            bound,
        )
        yield check("expected", ours("expected"), np.array(table(output, "mu0")))
        return
    if isinstance(spec, ts.OutbreakP):
        finite = np.isfinite(bound)  # the package overflows
        with np.errstate(divide="ignore"):
            theirs = np.log(np.where(finite, bound, 1.0))
        yield check("score", np.where(finite, ours("score"), 0.0), theirs, PRODUCT)
        return
    yield check("upper_bound", ours("upper_bound"), bound)
    others = {
        "expected": "expected",
        "score": "score",
        "pvalue": "p_value",
        "phi": "dispersion",
        "trendCoef": "trend",
        "cusum": "score",
        "aggr": "observed",
    }
    for name, mine in others.items():
        if name in output:
            values = ours(mine)
            if name == "trendCoef":  # the package has none where ours is 0
                values = np.where(values == 0.0, np.nan, values)
            yield check(mine, values, table(output, name))
    if "m" in output:
        mean = ours("expected")
        m = np.array([output["m"][unit] for unit in output["units"]], dtype=float)
        yield check("m", mean, np.broadcast_to(m, mean.shape))
    if "pred_quantile" in output:
        yield check("1 - p_value", 1.0 - ours("p_value"), table(output, "pred_quantile"))
    if "trend" in output:
        yield check("has trend", (ours("trend") != 0.0).astype(float), table(output, "trend"), 0.0)
