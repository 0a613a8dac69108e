"""How likely an agent makes an incubation, a syndrome, an outbreak: the agents table as a model.

Everything is a logarithm of a probability or density, one column an agent in the order of
``vocabulary.agents()``, so that evidence is added up:

>>> import numpy as np
>>> agents = vocabulary.agents()
>>> log_posterior = np.log(prior_weights(agents)) + log_incubation(np.array([3.0]))[0]
>>> agents["key"][int(log_posterior.argmax())]
'mushroom_gastrointestinal'
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from enteroscan import vocabulary
from enteroscan.errors import DataError

__all__ = [
    "incubation_parameters",
    "log_incubation",
    "log_symptoms",
    "log_symptoms_background",
    "log_symptoms_ratio",
    "prior_weights",
    "symptom_background",
    "symptom_frequencies",
]

Floats = NDArray[np.float64]

PREFIX = "symptom_"
OUTER_Z = 1.959963984540054  # minimum and maximum are the 2.5 % and 97.5 % quantiles
DAY_H = 24.0
LEAST_DENSITY = 1e-12  # per hour: memory errs, so nothing is ever quite impossible
DEFAULT_FREQUENCY = 0.03  # of a symptom that the table does not list for an agent
# The same for what goes with many illnesses; assumed.
COMMON_FREQUENCIES = {
    "nausea": 0.3,
    "vomiting": 0.2,
    "abdominal_pain": 0.3,
    "diarrhoea": 0.2,
    "fever": 0.1,
    "fatigue": 0.2,
    "dizziness": 0.15,
    "headache": 0.15,
}
LEAST_FREQUENCY = 0.01  # nor is a symptom ever quite impossible, or certain
PRIOR_CASES = 20.0  # for how many cases of the area the usual share of a symptom counts
LEAST_SHARE = 0.002  # of outbreaks, for agents without a share


def incubation_parameters(agents: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the log-normal incubation of every agent.

    The median of the table is kept. Its minimum and maximum, the working window of handbooks, are
    taken as the 2.5 % and 97.5 % quantiles; where they are not symmetric about the median on the
    logarithmic scale, the mean of both widths is taken, so that the window has its length.

    Parameters
    ----------
    agents
        Columns ``key``, ``incubation_min_h``, ``incubation_median_h``, ``incubation_max_h``;
        `vocabulary.agents` by default.

    Returns
    -------
    DataFrame
        ``key``, ``mu_log_h`` and ``sigma_log_h``: mean and standard deviation of the logarithm of
        the incubation in hours.

    Raises
    ------
    DataError
        A minimum equals the maximum, so that there is no distribution.

    Notes
    -----
    Incubations are log-normal: Sartwell PE (1950), The distribution of incubation periods of
    infectious disease, American Journal of Hygiene 51: 310-318.

    Examples
    --------
    >>> parameters = incubation_parameters().set_index("key")
    >>> round(float(np.exp(parameters.loc["norovirus", "mu_log_h"])), 1)
    33.0
    """
    agents = vocabulary.agents() if agents is None else agents
    low, median, high = (
        np.log(agents[f"incubation_{part}_h"].to_numpy(np.float64))
        for part in ("min", "median", "max")
    )
    sigma = (high - low) / (2 * OUTER_Z)
    if not (sigma > 0).all():
        bad = agents.loc[~(sigma > 0), "key"].to_list()
        message = (
            f"agents, column 'incubation_max_h': {len(bad)} are not above the minimum "
            f"({', '.join(bad[:5])}); write minimum < maximum in hours"
        )
        raise DataError(message)
    return pd.DataFrame({"key": agents["key"], "mu_log_h": median, "sigma_log_h": sigma})


def log_incubation(
    hours: ArrayLike,
    *,
    onset_hour_known: ArrayLike = True,
    eaten_hour_known: ArrayLike = True,
    parameters: pd.DataFrame | None = None,
) -> Floats:
    """Return the log density, per hour, of incubations under every agent.

    Parameters
    ----------
    hours
        Onset minus meal in hours, shape [n]; missing (nan) says nothing and gives 0. Where only a
        date is known the time is that of its midnight, as in `Cases`.
    onset_hour_known, eaten_hour_known
        Shape [n] or one for all. An unknown hour is uniform over its day and integrated out.
    parameters
        As `incubation_parameters` returns them, its default by default.

    Returns
    -------
    array
        [n, n_agents]; never below the log of 1e-12 per hour, since remembered times may be wrong.

    Examples
    --------
    >>> agents = vocabulary.agents()["key"].to_list()
    >>> three_hours, days = log_incubation([3.0, 40.0])
    >>> three_hours[agents.index("kidney_bean")] > three_hours[agents.index("salmonella")]
    np.True_
    """
    parameters = incubation_parameters() if parameters is None else parameters
    difference = np.asarray(hours, dtype=np.float64)[:, None]
    onset = np.broadcast_to(np.asarray(onset_hour_known, dtype=bool), difference.shape[:1])
    eaten = np.broadcast_to(np.asarray(eaten_hour_known, dtype=bool), difference.shape[:1])
    known = LogNormal(
        parameters["mu_log_h"].to_numpy(np.float64), parameters["sigma_log_h"].to_numpy(np.float64)
    )
    density = np.ones((len(difference), len(parameters)))
    both, neither, one = onset & eaten, ~(onset | eaten), onset ^ eaten
    first = difference[one] + np.where(eaten[one], 0.0, -DAY_H)[:, None]
    density[both] = known.density(difference[both])
    density[neither] = known.triangular_density(difference[neither], DAY_H)
    density[one] = known.mean_density(first, first + DAY_H)
    log_density: Floats = np.log(np.maximum(density, LEAST_DENSITY))
    return np.where(np.isnan(difference), 0.0, log_density)


class LogNormal:
    """Log-normal distributions, one a column; times in hours broadcast against them."""

    def __init__(self, mu: Floats, sigma: Floats) -> None:
        self.mu, self.sigma = mu, sigma

    def density(self, hours: Floats) -> Floats:
        """Return the density per hour."""
        positive = np.where(hours > 0, hours, 1.0)
        z = (np.log(positive) - self.mu) / self.sigma
        value = np.exp(-0.5 * z**2) / (positive * self.sigma * np.sqrt(2 * np.pi))
        return np.where(hours > 0, value, 0.0)

    def mean_density(self, low: Floats, high: Floats) -> Floats:
        """Return the mean of the density between two times."""
        from scipy.special import ndtr

        a, b = self._z(low), self._z(high)
        swap = a > 0  # differences of upper tails do not cancel
        share = np.where(swap, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))
        return np.asarray(share / (high - low))

    def triangular_density(self, hours: Floats, width: float) -> Floats:
        """Return the mean of the density, with a triangle from -width to +width as weight."""
        second = self._integral(hours + width) - 2 * self._integral(hours)
        return np.asarray((second + self._integral(hours - width)) / width**2)

    def _z(self, hours: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray((np.log(np.maximum(hours, 0.0)) - self.mu) / self.sigma)

    def _integral(self, hours: Floats) -> Floats:
        """Return the integral of P(T <= t) up to the time."""
        from scipy.special import ndtr

        z = self._z(hours)
        mean = np.exp(self.mu + self.sigma**2 / 2)
        return np.asarray(np.maximum(hours, 0.0) * ndtr(z) - mean * ndtr(z - self.sigma))


def symptom_frequencies(
    agents: pd.DataFrame | None = None, agent_symptoms: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the share of cases with each symptom, one row an agent, one column a symptom.

    Shares that the table does not list are 3 %, and 10 to 30 % of what goes with many illnesses
    (nausea, fever...); all are kept between 1 % and 99 %, as no symptom proves or rules out an
    agent.

    Examples
    --------
    >>> symptom_frequencies().loc[["norovirus", "nitrite"], ["vomiting", "cyanosis"]]
               vomiting  cyanosis
    norovirus       0.7      0.03
    nitrite         0.5      0.90
    """
    agents = vocabulary.agents() if agents is None else agents
    listed = vocabulary.agent_symptoms() if agent_symptoms is None else agent_symptoms
    symptoms = [str(key) for key in vocabulary.symptoms()["key"]]
    table = listed.pivot_table(index="agent", columns="symptom", values="frequency")
    full = table.reindex(index=agents["key"].astype(str), columns=symptoms)
    unlisted = [COMMON_FREQUENCIES.get(name, DEFAULT_FREQUENCY) for name in symptoms]
    shares = full.to_numpy(np.float64)
    shares = np.clip(
        np.where(np.isnan(shares), unlisted, shares), LEAST_FREQUENCY, 1 - LEAST_FREQUENCY
    )
    return pd.DataFrame(shares, index=full.index.rename(None), columns=symptoms)


def log_symptoms(frame: pd.DataFrame, *, frequencies: pd.DataFrame | None = None) -> Floats:
    """Return log P(symptoms | agent) of every case, symptoms being independent given the agent.

    Parameters
    ----------
    frame
        One row a case; the columns ``symptom_<key>`` are yes, no or missing (`Cases.frame`).
        Missing says nothing; without any symptom the value is 0. Columns of symptoms that the
        vocabulary does not have are an error.
    frequencies
        As `symptom_frequencies` returns them, its default by default.

    Returns
    -------
    array
        [n, n_agents].

    Raises
    ------
    DataError
        A column is called after an unknown symptom.

    Examples
    --------
    >>> frame = pd.DataFrame({"symptom_cyanosis": [True], "symptom_fever": [None]})
    >>> agents = symptom_frequencies().index
    >>> agents[int(log_symptoms(frame)[0].argmax())]
    'nitrite'
    """
    frequencies = symptom_frequencies() if frequencies is None else frequencies
    names, yes, no = _answers(frame, frequencies)
    return _log_likelihood(yes, no, frequencies[names].to_numpy(np.float64))


def symptom_background(
    frame: pd.DataFrame,
    *,
    prior_cases: float = PRIOR_CASES,
    frequencies: pd.DataFrame | None = None,
) -> "pd.Series[float]":
    """Return the share of the area's own cases with each symptom, shrunk for few cases.

    (yes + ``prior_cases`` p) / (answers + ``prior_cases``), where p is the mean over the agents
    by their `prior_weights`; kept between 1 % and 99 %.

    Examples
    --------
    >>> frame = pd.DataFrame({"symptom_fever": [True] * 30 + [False] * 70})
    >>> round(float(symptom_background(frame)["fever"]), 2)
    0.28
    """
    table = symptom_frequencies() if frequencies is None else frequencies
    names, yes, no = _answers(frame, table)
    weights = prior_weights() if frequencies is None else np.full(len(table), 1 / len(table))
    expected = weights @ table[names].to_numpy(np.float64)
    return pd.Series(_background(yes, no, expected, prior_cases), index=names)


def log_symptoms_background(frame: pd.DataFrame, background: "pd.Series[float]") -> Floats:
    """Return log P(symptoms | any case of the area), shape [n]; see `symptom_background`.

    Symptoms that the background does not have say nothing.
    """
    table = background.to_frame().T
    columns = [f"{PREFIX}{name}" for name in background.index if f"{PREFIX}{name}" in frame]
    return log_symptoms(frame[columns], frequencies=table)[:, 0]


def log_symptoms_ratio(frame: pd.DataFrame, *, frequencies: pd.DataFrame | None = None) -> Floats:
    """Return log P(symptoms | agent) less log P(symptoms | any case of these), [n, n_agents].

    The same as `log_symptoms` less `log_symptoms_background` with the `symptom_background` of the
    frame, in one pass.
    """
    usual = symptom_frequencies()
    frequencies = usual if frequencies is None else frequencies
    names, yes, no = _answers(frame, frequencies)
    expected = prior_weights() @ usual[names].to_numpy(np.float64)
    background = _background(yes, no, expected, PRIOR_CASES)
    of_agents = _log_likelihood(yes, no, frequencies[names].to_numpy(np.float64))
    return of_agents - _log_likelihood(yes, no, background)[:, None]


def prior_weights(agents: pd.DataFrame | None = None) -> Floats:
    """Return how often each agent causes an outbreak, before anything is known; sums to 1.

    The column ``outbreak_share`` of the agents table: shares of 13,307 outbreaks of known cause
    in China 2003-17 (Food Control 118: 107359) and, for plants, of 5,244 outbreaks 2010-20; the
    rest is assumed, as the sources of the vocabulary say. Where it is missing or below, 0.2 %.

    Examples
    --------
    >>> weights = pd.Series(prior_weights(), index=vocabulary.agents()["key"])
    >>> weights.idxmax()
    'mushroom_gastrointestinal'
    """
    agents = vocabulary.agents() if agents is None else agents
    shares = np.nan_to_num(agents["outbreak_share"].to_numpy(np.float64), nan=0.0)
    weights: Floats = np.maximum(shares, LEAST_SHARE)
    return np.asarray(weights / weights.sum())


def _answers(frame: pd.DataFrame, frequencies: pd.DataFrame) -> tuple[list[str], Floats, Floats]:
    names = [
        str(column)[len(PREFIX) :] for column in frame.columns if str(column).startswith(PREFIX)
    ]
    unknown = [name for name in names if name not in frequencies.columns]
    if unknown:
        message = (
            f"{len(unknown)} columns are called after unknown symptoms "
            f"({', '.join(PREFIX + name for name in unknown[:5])}); "
            "use keys of vocabulary.symptoms() or leave the columns out"
        )
        raise DataError(message)
    yes, no = np.empty((len(names), len(frame))), np.empty((len(names), len(frame)))
    for place, name in enumerate(names):
        answers = frame[f"{PREFIX}{name}"].astype("boolean")
        yes[place] = answers.to_numpy(np.float64, na_value=0.0)
        no[place] = (~answers).to_numpy(np.float64, na_value=0.0)
    return names, yes.T, no.T


def _log_likelihood(yes: Floats, no: Floats, shares: Floats) -> Floats:
    return np.asarray(yes @ np.log(shares).T + no @ np.log1p(-shares).T)


def _background(yes: Floats, no: Floats, expected: Floats, prior_cases: float) -> Floats:
    n_yes = yes.sum(axis=0)
    shares = (n_yes + prior_cases * expected) / (n_yes + no.sum(axis=0) + prior_cases)
    return np.asarray(np.clip(shares, LEAST_FREQUENCY, 1 - LEAST_FREQUENCY))
