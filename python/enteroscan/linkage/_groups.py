"""Groups as the compiled core finds them, as tidy frames with their reasons in words."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan._language import LANGUAGES, Texts
from enteroscan.linkage._chance import Chance
from enteroscan.linkage._kinds import JOINT
from enteroscan.linkage._probability import outbreak_probability
from enteroscan.linkage._reports import Reports

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25
MEMBER = 0.5  # probability of belonging from which a case is called a member
LONGEST_INTERVAL_DAYS = 1000 * DAYS_PER_YEAR  # farther no tail is known
NAMED = ("venue", "brand", "maker", "purchase")  # sources that people call by a name
#: Parts of a group's statistic: the columns of `LinkResult.groups` that add up to it.
EVIDENCE = ("sharing", "incubation", "symptoms", "report", "contagion")
Found = list[dict[str, Any]]


def tables(found: Found, reports: Reports, chance: Chance, at_most: int) -> dict[str, pd.DataFrame]:
    """Return the frames `groups`, `members`, `agents`, `explanations`."""
    value = np.array([group["value"] for group in found], dtype=np.intp)
    statistic = np.array([group["statistic"] for group in found], dtype=np.float64)
    kind = reports.sources["kind_number"].to_numpy()[value]
    strength = chance.strength(statistic, kind)
    order = np.lexsort((value, -statistic, -strength))[:at_most]
    found = [found[i] for i in order]
    members = _members(found, reports)
    agents = _agents(found, reports)
    explanations = _explanations(found, reports)
    groups = _groups(found, reports)
    _judge(groups, strength[order], chance)
    named = _named(groups, explanations)
    for language in LANGUAGES:
        texts = Texts(language, "linkage")
        groups[f"reason_{language}"] = [
            _reason(row, named.get(row["group"]), texts) for _, row in groups.iterrows()
        ]
    return {
        "groups": groups.drop(columns=["agent_zh", "agent_en"]),
        "members": members,
        "agents": agents,
        "explanations": explanations,
    }


def _named(groups: pd.DataFrame, explanations: pd.DataFrame) -> dict[int, "pd.Series[Any]"]:
    """Return what has a name, for groups whose source has none: an address, a table, a dish."""
    nameless = groups.loc[~groups["kind"].isin(NAMED), "group"]
    shared = explanations[
        explanations["group"].isin(nameless)
        & explanations["kind"].isin(NAMED)
        & (explanations["n_shared"] >= 2)
    ]
    return {int(row["group"]): row for _, row in shared.drop_duplicates("group").iterrows()}


def _judge(groups: pd.DataFrame, strength: Floats, chance: Chance) -> None:
    groups["strength"] = strength
    if len(chance.maxima) == 0:
        groups["p_value"] = np.nan
        groups["recurrence_interval_days"] = np.nan
        groups["outbreak_probability"] = np.nan
        return
    groups["p_value"] = chance.p_values(strength)
    interval = 1.0 / chance.tail_p_values(strength)
    groups["recurrence_interval_days"] = np.minimum(interval, LONGEST_INTERVAL_DAYS)
    groups["outbreak_probability"] = outbreak_probability(groups)


def _numbered(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    numbered = [part.assign(group=i) for i, part in enumerate(parts, 1)]
    if not numbered:
        return pd.DataFrame(columns=["group", *columns])
    return pd.concat(numbered, ignore_index=True)[["group", *columns]]


def _members(found: Found, reports: Reports) -> pd.DataFrame:
    frame = reports.frame[["case_id", "onset", "reported"]]
    columns = ["case_id", "probability", "onset", "reported"]
    parts = [
        frame.take(group["cases"]).assign(probability=group["probabilities"]) for group in found
    ]
    return _numbered(parts, columns)


def _agents(found: Found, reports: Reports) -> pd.DataFrame:
    parts = [
        reports.agents.assign(probability=group["agents"]).sort_values(
            "probability", ascending=False, kind="stable"
        )
        for group in found
    ]
    columns = ["key", "zh", "en", "serotype", "probability"]
    return _numbered(parts, columns).rename(columns={"key": "agent"})


def _explanations(found: Found, reports: Reports) -> pd.DataFrame:
    columns = ["kind", "source", "statistic", "n_shared"]
    own = ["value", "statistic", "n_shared"]
    every = _numbered([pd.DataFrame(group["others"], columns=own) for group in found], own)
    at = reports.sources.iloc[every["value"].astype(np.intp)].reset_index(drop=True)
    source = at["label"].astype(object).map(shown).astype(object)
    return every.assign(kind=at["kind"], source=source)[["group", *columns]]


def shown(label: str) -> str:
    """Return a label for people: its parts beside each other."""
    return " ".join(str(label).split(JOINT))


def _groups(found: Found, reports: Reports) -> pd.DataFrame:
    rows = []
    onset = reports.frame["onset"].to_numpy("datetime64[ns]")
    keys = reports.agents["key"].to_numpy(dtype=object)
    kind, label = reports.sources["kind"], reports.sources["label"]
    for number, group in enumerate(found, 1):
        n_likely = int(np.sum(group["probabilities"] >= MEMBER))
        own_onset = onset[group["cases"][:n_likely]]
        likeliest = np.argsort(-group["agents"], kind="stable")
        agent = reports.agents.iloc[likeliest[0]]
        same_agent = keys[likeliest] == agent["key"]
        rows.append(
            {
                "group": number,
                "n_cases": n_likely,
                "kind": kind.iloc[group["value"]],
                "source": shown(label.iloc[group["value"]]),
                "start": reports.time(group["first"]).floor("min"),
                "end": reports.time(group["last"]).floor("min"),
                "first_onset": pd.Timestamp(own_onset.min()),
                "last_onset": pd.Timestamp(own_onset.max()),
                "exposed": len(group["cases"]),
                "expected": group["expected"],
                "attributable": group["attributable"],
                "agent": agent["key"],
                "agent_probability": group["agents"][likeliest][same_agent].sum(),
                "serotype": agent["serotype"],
                "agent_zh": agent["zh"],
                "agent_en": agent["en"],
                "n_others_ill": _others_ill(group, reports, n_likely),
                "statistic": group["statistic"],
                **{name: group[name] for name in EVIDENCE},
            }
        )
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


GROUP_COLUMNS = [
    *("group", "n_cases", "kind", "source", "start", "end", "first_onset", "last_onset"),
    *("exposed", "expected", "attributable", "agent", "agent_probability"),
    *("serotype", "agent_zh", "agent_en"),
    *("n_others_ill", "statistic", *EVIDENCE),
]


def _others_ill(group: dict[str, Any], reports: Reports, n: int) -> int:
    """Count members who said that others who ate there fell ill."""
    arrays = reports.arrays
    shares = np.flatnonzero(arrays["value"] == group["value"])
    member = np.isin(arrays["exposed_case"][shares], group["cases"][:n])
    return int(np.sum(member & reports.others_ill[arrays["meal"][shares]]))


def _reason(group: "pd.Series[Any]", named: "pd.Series[Any] | None", texts: Texts) -> str:
    """Say to a duty officer what was found, and how sure it is."""
    start, end = group["start"].date(), group["end"].date()
    when = texts("on" if start == end else "between", start=start, end=end)
    parts = [
        texts(
            f"source.{group['kind']}",
            n=group["n_cases"],
            source=group["source"],
            when=when,
            expected=_number(group["expected"]),
        )
    ]
    if named is not None:
        source = f"{texts('kind.' + named['kind'])} {named['source']}"
        parts.append(texts("named", n=named["n_shared"], source=source))
    if group["agent"] != "unknown":
        agent = group[f"agent_{texts.language}"]
        parts.append(texts("agent", agent=agent, percent=round(100 * group["agent_probability"])))
    if group["n_others_ill"]:
        parts.append(texts("others_ill", n=group["n_others_ill"]))
    days = group["recurrence_interval_days"]
    if not np.isnan(days):
        if days < DAYS_PER_YEAR:
            parts.append(texts("days", every=round(days)))
        else:
            key = "years" if days < LONGEST_INTERVAL_DAYS else "ages"
            parts.append(texts(key, every=_number(days / DAYS_PER_YEAR)))
    return texts("joint").join(parts) + texts("full_stop")


def _number(value: float) -> str:
    if value >= 1:
        return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
    return "0.001" if value < 0.001 else f"{value:.2g}"
