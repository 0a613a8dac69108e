"""Which exposure made people ill: tables of two by two for every food, and what explains them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from enteroscan.errors import DataError, SpecError
from enteroscan.investigation._answers import Floats, column, exposure_columns, yes_no

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
REMAINING = 1 / 3  # of the log relative risk: with less, a food is explained by another


def cohort_table(
    frame: pd.DataFrame,
    *,
    ill: str = "ill",
    exposures: Sequence[str] | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Compare attack rates of those who ate and those who did not, for every food.

    Parameters
    ----------
    frame
        One row a person; ``ill`` and the exposures are yes, no (booleans, or 1 and 0) or missing.
        Who is missing in an exposure is left out of its row, and counted.
    ill
        Column that says who is ill.
    exposures
        Columns of exposures; all but ``ill`` by default.
    confidence
        Of the intervals.

    Returns
    -------
    DataFrame
        One row an exposure, the most suspicious first (raised risks before others, then by p):
        ``exposure``; ``exposed_ill`` of ``exposed``, ``attack_rate_exposed``, and the same
        ``unexposed``; ``relative_risk`` with ``rr_low`` and ``rr_high`` (score interval of
        Koopman 1984; infinite without ill people among the unexposed); ``cases_exposed_share``
        of the ill who ate it; ``p_value`` (Fisher, two-sided), ``mid_p_value``, ``q_value``
        (Benjamini-Hochberg over all exposures); ``n_missing``.

    Raises
    ------
    DataError
        A column is missing or holds other values.

    References
    ----------
    Koopman PAR (1984), Biometrics 40: 513-517. Rothman KJ, Boice JD (1979), Epidemiologic
    analysis with a programmable calculator (mid-p).

    Examples
    --------
    >>> people = pd.DataFrame({"ill": [1] * 8 + [0] * 8, "cake": [1] * 7 + [0] * 8 + [1]})
    >>> cohort_table(people)[["exposure", "exposed_ill", "exposed", "relative_risk"]]
      exposure  exposed_ill  exposed  relative_risk
    0     cake            7        8            7.0
    """
    names = exposure_columns(frame, exposures, [ill])
    table = _counts(frame, ill, names)
    a, n1 = table["exposed_ill"], table["exposed"]
    c, n0 = table["unexposed_ill"], table["unexposed"]
    with np.errstate(divide="ignore", invalid="ignore"):
        table["attack_rate_exposed"] = np.asarray(a) / np.asarray(n1)
        table["attack_rate_unexposed"] = np.asarray(c) / np.asarray(n0)
        table["relative_risk"] = (
            table["attack_rate_exposed"].to_numpy() / table["attack_rate_unexposed"].to_numpy()
        )
        table["cases_exposed_share"] = np.asarray(a) / np.asarray(a + c)
    cells = _cells(table)
    limits = [_score_interval(*cell, confidence) for cell in cells]
    table[["rr_low", "rr_high"]] = np.array(limits).reshape(-1, 2)
    return _with_p_values(table, cells, "relative_risk", [
        "exposure", "exposed_ill", "exposed", "attack_rate_exposed", "unexposed_ill", "unexposed",
        "attack_rate_unexposed", "relative_risk", "rr_low", "rr_high", "cases_exposed_share",
    ])  # fmt: skip


def case_control_table(
    frame: pd.DataFrame,
    *,
    case: str = "ill",
    exposures: Sequence[str] | None = None,
    confidence: float = CONFIDENCE,
) -> pd.DataFrame:
    """Compare the odds of exposure of cases and controls, for every food.

    Parameters
    ----------
    frame, case, exposures, confidence
        As in `cohort_table`; who is no case is a control.

    Returns
    -------
    DataFrame
        One row an exposure, the most suspicious first: ``exposure``; ``cases_exposed`` of
        ``cases``, ``controls_exposed`` of ``controls``; ``odds_ratio`` (conditional maximum
        likelihood), with exact limits ``or_low`` and ``or_high`` (Cornfield, SciPy's
        `odds_ratio`) and mid-p limits ``mid_p_low``, ``mid_p_high``; ``p_value`` (Fisher,
        two-sided), ``mid_p_value``, ``q_value``, ``n_missing`` as in `cohort_table`.

    Raises
    ------
    DataError
        A column is missing or holds other values.

    Examples
    --------
    >>> people = pd.DataFrame({"ill": [1] * 8 + [0] * 8, "cake": [1] * 7 + [0] * 8 + [1]})
    >>> round(case_control_table(people)["odds_ratio"].item(), 1)
    31.6
    """
    from scipy.stats.contingency import odds_ratio

    names = exposure_columns(frame, exposures, [case])
    table = _counts(frame, case, names)
    cells = _cells(table)
    fits = [odds_ratio(np.array(cell).reshape(2, 2), kind="conditional") for cell in cells]
    exact = [fit.confidence_interval(confidence) for fit in fits]
    table["odds_ratio"] = [fit.statistic for fit in fits]
    table[["or_low", "or_high"]] = np.array([tuple(limits) for limits in exact]).reshape(-1, 2)
    mid = [mid_p_interval(*cell, confidence=confidence) for cell in cells]
    table[["mid_p_low", "mid_p_high"]] = np.array(mid).reshape(-1, 2)
    table["cases_exposed"] = table["exposed_ill"]
    table["cases"] = table["exposed_ill"] + table["unexposed_ill"]
    table["controls_exposed"] = table["exposed"] - table["exposed_ill"]
    table["controls"] = table["exposed"] + table["unexposed"] - table["cases"]
    return _with_p_values(table, cells, "odds_ratio", [
        "exposure", "cases_exposed", "cases", "controls_exposed", "controls", "odds_ratio",
        "or_low", "or_high", "mid_p_low", "mid_p_high",
    ])  # fmt: skip


def case_comparison(
    members: pd.DataFrame, others: pd.DataFrame, *, exposures: Sequence[str] | None = None
) -> pd.DataFrame:
    """Compare the food histories of a cluster with those of other cases, over all foods.

    Case-case, when the others are cases of another subtype or cluster; case-background, when they
    are the area's other reports (Kafatos et al. 2020, PMC7078580). Both answer the same form at
    the same doctors, so that there is no bias of recall, but a food that makes the others ill,
    too, is hidden.

    Parameters
    ----------
    members, others
        One row a case, one column an exposure, yes, no or missing: `food_histories`.
    exposures
        Columns; all of ``members`` that ``others`` have, too, by default.

    Returns
    -------
    DataFrame
        As `case_control_table`, the others being the controls.

    Examples
    --------
    >>> members = pd.DataFrame({"noodles": [True] * 4, "rice": [True, False, True, False]})
    >>> others = pd.DataFrame({"noodles": [False] * 19 + [True], "rice": [True, False] * 10})
    >>> case_comparison(members, others)["exposure"].to_list()
    ['noodles', 'rice']
    """
    shared = [str(name) for name in members.columns if name in others.columns]
    names = shared if exposures is None else list(exposures)
    both = pd.concat([members[names], others[names]], ignore_index=True)
    label = "case"
    while label in names:
        label += "_"
    both[label] = np.arange(len(both)) < len(members)
    return case_control_table(both, case=label, exposures=names)


def food_history_test(
    members: pd.DataFrame,
    background: Mapping[str, float],
    *,
    exposures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Ask for every food whether more cases ate it than the background explains.

    P(X >= x) of a binomial with the number of answers and the share of people who eat the food
    in as long a time, from a survey (FoodNet's atlas of exposures, Foodbook) or other cases.

    Parameters
    ----------
    members
        One row a case, yes, no or missing; missing answers are left out, and counted.
    background
        Share of people who eat each food, 0 to 1.
    exposures
        Columns; all that have a background by default.

    Returns
    -------
    DataFrame
        ``exposure``, ``cases_exposed``, ``answers``, ``share``, ``background``, ``p_value``
        (one-sided), ``q_value`` (Benjamini-Hochberg), ``n_missing``, by p.

    Raises
    ------
    DataError
        A background is no share, or an exposure has none.

    References
    ----------
    Jervis RH et al. (2019), Journal of Food Protection 82(8).

    Examples
    --------
    >>> members = pd.DataFrame({"sprouts": [True] * 6 + [False] * 4})
    >>> round(food_history_test(members, {"sprouts": 0.08})["p_value"].item(), 6)
    4.1e-05
    """
    from scipy.stats import binom

    names = [str(n) for n in members.columns if n in background] if exposures is None else exposures
    lacking = [name for name in names if not 0 <= background.get(name, np.nan) <= 1]
    if lacking:
        message = (
            f"background: {len(lacking)} exposures have no share between 0 and 1 "
            f"({', '.join(lacking[:5])}); add them, or leave them out of exposures="
        )
        raise DataError(message)
    answers = _stack([yes_no(members, name) for name in names], len(members))
    eaten, n = np.nansum(answers, axis=0), (~np.isnan(answers)).sum(axis=0)
    expected = np.array([background[name] for name in names], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        share = eaten / n
    table = pd.DataFrame(
        {
            "exposure": list(names),
            "cases_exposed": eaten.astype(np.int64),
            "answers": n,
            "share": share,
            "background": expected,
            "p_value": np.asarray(binom.sf(eaten - 1, n, expected)),
        }
    )
    table["q_value"] = _q_values(table["p_value"].to_numpy())
    table["n_missing"] = len(members) - n
    return table.sort_values("p_value", kind="stable", ignore_index=True)


def stratified_table(
    frame: pd.DataFrame,
    *,
    by: str,
    ill: str = "ill",
    exposures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the Mantel-Haenszel relative risk and odds ratio of every food within strata.

    Parameters
    ----------
    frame
        As in `cohort_table`.
    by
        Column of the strata: another food, age group, sex... Missing leaves a person out.
    ill, exposures
        As in `cohort_table`; the stratum is no exposure.

    Returns
    -------
    DataFrame
        ``exposure``, ``relative_risk`` (crude, in the same people), ``rr_mh``, ``odds_ratio_mh``,
        ``or_low``, ``or_high`` (95 %), ``p_value`` (Mantel-Haenszel), ``p_homogeneity`` (Tarone),
        ``n_strata`` that tell anything, in the order of the columns. Without one all is missing.

    Notes
    -----
    From statsmodels' StratifiedTable. Strata without both exposed and unexposed, or without both
    ill and well people, tell nothing and are left out.

    Examples
    --------
    >>> people = pd.DataFrame({
    ...     "ill": [1] * 8 + [0] * 2 + [1, 0, 0, 0, 0, 0], "tiramisu": [1] * 10 + [0] * 6,
    ...     "mousse": [1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0]})
    >>> stratified_table(people, by="tiramisu")[["exposure", "n_strata"]]
      exposure  n_strata
    0   mousse         2
    """
    names = exposure_columns(frame, exposures, [ill, by])
    outcome = yes_no(frame, ill)
    labels, levels = pd.factorize(column(frame, by))
    rows = [_pooled(yes_no(frame, name), outcome, labels, len(levels)) for name in names]
    keys = ["relative_risk", "rr_mh", "odds_ratio_mh", "or_low", "or_high", "p_value"]
    table = pd.DataFrame(rows, columns=[*keys, "p_homogeneity", "n_strata"])
    table.insert(0, "exposure", names)
    return table.astype({"n_strata": np.int64})


def vehicle_table(
    frame: pd.DataFrame, *, ill: str = "ill", exposures: Sequence[str] | None = None
) -> pd.DataFrame:
    """Rank the foods as vehicles, and say which are explained by the leading one.

    People who eat one dessert often eat the others. A food with a raised risk is explained by the
    leader when, in strata of those who did and did not eat the leader (Mantel-Haenszel), less than
    a third of its log relative risk remains or p is above 0.05, while the leader's own risk stays
    raised in strata of the food.

    Parameters
    ----------
    frame, ill, exposures
        As in `cohort_table`.

    Returns
    -------
    DataFrame
        `cohort_table` and ``rr_given_leader``, ``p_given_leader`` of the food in strata of the
        leader; ``leader_rr_given_food``, ``leader_p_given_food`` of the leader in strata of the
        food; ``explained_by`` the leader, or missing.

    Examples
    --------
    >>> people = pd.DataFrame({"ill": [1] * 8 + [0] * 8, "cake": [1] * 7 + [0] * 8 + [1],
    ...                        "tea": [1, 0] * 8})
    >>> vehicle_table(people)["exposure"].to_list()
    ['cake', 'tea']
    """
    table = cohort_table(frame, ill=ill, exposures=exposures)
    if table.empty:
        message = "there is no exposure to compare; give the columns of foods"
        raise DataError(message)
    leader = str(table["exposure"].iloc[0])
    others = table["exposure"].iloc[1:].to_list()
    given = stratified_table(frame, by=leader, ill=ill, exposures=others)
    turned = [stratified_table(frame, by=name, ill=ill, exposures=[leader]) for name in others]
    table["rr_given_leader"] = [np.nan, *given["rr_mh"]]
    table["p_given_leader"] = [np.nan, *given["p_value"]]
    table["leader_rr_given_food"] = [np.nan, *(t["rr_mh"].iloc[0] for t in turned)]
    table["leader_p_given_food"] = [np.nan, *(t["p_value"].iloc[0] for t in turned)]
    raised = (table["relative_risk"] > 1) & (table["p_value"] < SIGNIFICANT)
    with np.errstate(divide="ignore"):
        crude, adjusted = np.log(table["relative_risk"]), np.log(table["rr_given_leader"])
    gone = (table["p_given_leader"] > SIGNIFICANT) | (adjusted < REMAINING * crude)
    stays = (table["leader_rr_given_food"] > 1) & (table["leader_p_given_food"] < SIGNIFICANT)
    table["explained_by"] = pd.array(
        [leader if yes else pd.NA for yes in raised & gone & stays], dtype="string"
    )
    return table


@dataclass(frozen=True, kw_only=True)
class DoseResponse:
    """Attack rates by how much was eaten; `dose_response` makes it.

    ``table`` has ``dose``, ``ill``, ``people``, ``attack_rate``, ``relative_risk`` against the
    lowest dose; ``z`` and ``p_value`` (two-sided) are those of the trend.
    """

    table: pd.DataFrame
    z: float
    p_value: float
    n_missing: int


def dose_response(frame: pd.DataFrame, *, dose: str, ill: str = "ill") -> DoseResponse:
    """Test whether more people fall ill the more they ate (Cochran-Armitage).

    Parameters
    ----------
    frame
        One row a person.
    dose
        Column of amounts (portions, grams), numbers; missing is left out and counted.
    ill
        Column that says who is ill.

    Raises
    ------
    DataError
        There are fewer than two doses, or all or none are ill.

    Examples
    --------
    >>> people = pd.DataFrame({"ill": [0, 0, 0, 1, 0, 1, 1, 1, 1],
    ...                        "portions": [0, 0, 0, 1, 1, 1, 2, 2, 2]})
    >>> dose_response(people, dose="portions").table["attack_rate"].round(2).to_list()
    [0.0, 0.67, 1.0]
    """
    from statsmodels.stats.contingency_tables import Table

    outcome = yes_no(frame, ill)
    amount = np.asarray(pd.to_numeric(column(frame, dose)), dtype=np.float64)
    known = ~np.isnan(outcome) & ~np.isnan(amount)
    doses, which = np.unique(amount[known], return_inverse=True)
    sick = np.bincount(which, outcome[known], len(doses))
    people = np.bincount(which, minlength=len(doses))
    if len(doses) < 2 or sick.sum() in (0, known.sum()):
        message = f"column {dose!r}: a trend needs two doses, and both ill and well people"
        raise DataError(message)
    counts = np.column_stack([people - sick, sick])
    fit = Table(counts, shift_zeros=False).test_ordinal_association(
        row_scores=doses, col_scores=np.array([0.0, 1.0])
    )
    rate = sick / people
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rate / rate[0]
    table = pd.DataFrame(
        {
            "dose": doses,
            "ill": sick.astype(np.int64),
            "people": people,
            "attack_rate": rate,
            "relative_risk": ratio,
        }
    )
    return DoseResponse(
        table=table, z=float(fit.zscore), p_value=float(fit.pvalue), n_missing=int((~known).sum())
    )


def mid_p_interval(
    exposed_ill: int,
    exposed_well: int,
    unexposed_ill: int,
    unexposed_well: int,
    *,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Return mid-p limits of the conditional odds ratio of a table of two by two.

    Examples
    --------
    >>> low, high = mid_p_interval(10, 3, 2, 9)
    >>> round(low, 2), round(high, 1)
    (1.92, 130.9)
    """
    from scipy.optimize import brentq

    if not 0 < confidence < 1:
        message = f"confidence={confidence} must be between 0 and 1"
        raise SpecError(message)
    support, weights = _conditional(exposed_ill, exposed_well, unexposed_ill, unexposed_well)
    tail = (1 - confidence) / 2

    def limit(sign: int) -> Callable[[float], float]:
        return lambda log_odds: _tail(support, weights, exposed_ill, log_odds, sign) - tail

    low = 0.0 if exposed_ill == support[0] else np.exp(brentq(limit(1), -60, 60))
    high = np.inf if exposed_ill == support[-1] else np.exp(brentq(limit(-1), -60, 60))
    return float(low), float(high)


def mid_p_value(
    exposed_ill: int, exposed_well: int, unexposed_ill: int, unexposed_well: int
) -> float:
    """Return the two-sided mid-p value: twice the smaller tail, the observed table counted half.

    Examples
    --------
    >>> round(mid_p_value(10, 3, 2, 9), 4)
    0.0065
    """
    support, weights = _conditional(exposed_ill, exposed_well, unexposed_ill, unexposed_well)
    upper = _tail(support, weights, exposed_ill, 0.0, 1)
    return float(2 * min(upper, 1 - upper))


def _conditional(a: int, b: int, c: int, d: int) -> tuple[Floats, Floats]:
    """Return what the first cell can be given the margins, and its log weights at odds ratio 1."""
    from scipy.special import gammaln

    k = np.arange(max(0, a - d), min(a + b, a + c) + 1, dtype=np.float64)
    weights = -(
        gammaln(k + 1) + gammaln(a + b - k + 1) + gammaln(a + c - k + 1) + gammaln(d - a + k + 1)
    )
    return k, np.asarray(weights)


def _tail(support: Floats, weights: Floats, observed: int, log_odds: float, sign: int) -> float:
    logs = weights + support * log_odds
    chance = np.exp(logs - logs.max())
    beyond = chance[sign * (support - observed) > 0].sum() + chance[support == observed].sum() / 2
    return float(beyond / chance.sum())


def _counts(frame: pd.DataFrame, outcome: str, names: Sequence[str]) -> pd.DataFrame:
    ill = yes_no(frame, outcome)[:, None]
    exposed = _stack([yes_no(frame, name) for name in names], len(frame))
    known = ~np.isnan(ill) & ~np.isnan(exposed)
    counts = {
        "exposed_ill": ((exposed == 1) & (ill == 1)).sum(axis=0),
        "exposed": ((exposed == 1) & known).sum(axis=0),
        "unexposed_ill": ((exposed == 0) & (ill == 1)).sum(axis=0),
        "unexposed": ((exposed == 0) & known).sum(axis=0),
        "n_missing": (~known).sum(axis=0),
    }
    return pd.DataFrame({"exposure": list(names), **counts})


def _stack(columns: Sequence[Floats], n_rows: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((n_rows, 0))


def _cells(table: pd.DataFrame) -> list[tuple[int, int, int, int]]:
    columns = ("exposed_ill", "exposed", "unexposed_ill", "unexposed")
    rows = zip(*(table[name].to_list() for name in columns), strict=True)
    return [(a, n1 - a, c, n0 - c) for a, n1, c, n0 in rows]


def _with_p_values(
    table: pd.DataFrame, cells: list[tuple[int, int, int, int]], measure: str, columns: list[str]
) -> pd.DataFrame:
    from scipy.stats import fisher_exact

    fisher = [float(fisher_exact(np.array(cell).reshape(2, 2)).pvalue) for cell in cells]
    table["p_value"] = fisher
    table["mid_p_value"] = [mid_p_value(*cell) for cell in cells]
    table["q_value"] = _q_values(table["p_value"].to_numpy())
    ordered = table.assign(_raised=table[measure] > 1).sort_values(
        ["_raised", "p_value", measure], ascending=[False, True, False], kind="stable"
    )
    return ordered[[*columns, "p_value", "mid_p_value", "q_value", "n_missing"]].reset_index(
        drop=True
    )


def _q_values(p_values: Floats) -> Floats:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values)) if len(p_values) else p_values


def _score_interval(a: int, b: int, c: int, d: int, confidence: float) -> tuple[float, float]:
    """Return Koopman's limits of the relative risk; missing where it is not defined."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    n1, n0 = a + b, c + d
    if n1 == 0 or n0 == 0 or a + c == 0:
        return np.nan, np.nan
    bound = float(chi2.ppf(confidence, 1))

    def excess(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        # Risk of the unexposed that is most likely when the relative risk is the ratio.
        total, middle = n1 + n0, ratio * (n1 + c) + a + n0
        root = np.sqrt(max(middle**2 - 4 * total * ratio * (a + c), 0.0))
        p0 = 2 * (a + c) / (middle + root)
        p1 = min(p0 * ratio, 1.0)
        variance1, variance0 = n1 * p1 * (1 - p1), n0 * p0 * (1 - p0)
        chi = 0.0
        for gap, variance in ((a - n1 * p1, variance1), (c - n0 * p0, variance0)):
            chi += gap**2 / variance if variance > 1e-300 else (0.0 if abs(gap) < 1e-9 else 1e300)
        return chi - bound

    middle = np.log((a or 0.5) / n1) - np.log((c or 0.5) / n0)
    while excess(middle) > 0:  # with an empty cell the estimate is further out
        middle += -1.0 if a == 0 else 1.0
    low = 0.0 if a == 0 else float(np.exp(brentq(excess, -40.0, middle)))
    high = np.inf if c == 0 else float(np.exp(brentq(excess, middle, 40.0)))
    return low, high


def _pooled(
    exposed: Floats,
    ill: Floats,
    labels: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    levels: int,
) -> list[float]:
    from statsmodels.stats.contingency_tables import StratifiedTable

    known = ~np.isnan(exposed) & ~np.isnan(ill) & (labels >= 0)
    cell = (labels * 4 + (1 - exposed) * 2 + (1 - ill))[known].astype(np.int64)
    counts = np.bincount(cell, minlength=4 * levels).reshape(levels, 2, 2).astype(np.float64)
    tells = (counts.sum(axis=1) > 0).all(axis=1) & (counts.sum(axis=2) > 0).all(axis=1)
    if not tells.any():
        return [np.nan] * 7 + [0]
    strata = counts[tells]
    whole = counts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        crude = whole[0, 0] / whole[0].sum() / (whole[1, 0] / whole[1].sum())
        fit = StratifiedTable(list(strata))
        low, high = fit.oddsratio_pooled_confint()
        homogeneity = fit.test_equal_odds(adjust=True).pvalue if len(strata) > 1 else np.nan
        return [
            crude, fit.riskratio_pooled, fit.oddsratio_pooled, low, high,
            fit.test_null_odds().pvalue, homogeneity, len(strata),
        ]  # fmt: skip
