"""Nights of the job to be shown: of a simulated district, hostile ones, large ones."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from enteroscan.nightly.night import Evidence, Night, Signal, State
from enteroscan.simulate import District, Outbreak, SimulatedReports

AS_OF = date(2024, 6, 16)
NEW_SINCE = "2024-06-14"
MEMBER_COLUMNS = (
    "case_id", "onset", "reported", "sex", "age_years", "home_region", "latitude", "longitude",
    "symptoms", "exposures", "suspects", "laboratory", "probability", "is_new",
)  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></style></script><script>alert(2)</script>",
    "javascript:alert(1)",
    "${alert(1)}{{7*7}}{% raw %}",
    "{0.__class__}{missing}",
    "=cmd|' /C calc'!A0",
    " +1+1",
    "\t=1+1",
    "@SUM(1)",
    "＝1+1",
    "-2+3",
    "../../../etc/passwd",
    "'; DROP TABLE signals; --",
    "evil\u202etxt.exe",
    "nul\x00 bell\x07 half\ud800",
    "line\u2028separator\r\nBcc: all@example.org",
    "https://tracker.example/pixel.gif",
    "😷👩‍👩‍👧 𠮷野家 é",
    "long " * 2_000,
)


@cache
def reports() -> SimulatedReports:
    outbreaks = [
        Outbreak(agent="salmonella", start="2024-06-10 12:00", size=14),
        Outbreak(agent="vibrio_parahaemolyticus", start="2024-06-13 18:00", size=8),
        Outbreak(agent="norovirus", start="2024-05-20 12:00", size=9),
        Outbreak(agent="salmonella", start="2024-04-10 12:00", size=7),
    ]
    return District(cases_per_year=600).simulate(
        start="2024-01-01", end="2024-06-30", outbreaks=outbreaks, random_state=3
    )


def members(outbreak: int) -> pd.DataFrame:
    """Return the line list of an outbreak, and columns that no report may show."""
    return _members(outbreak).copy()


@cache
def _members(outbreak: int) -> pd.DataFrame:
    data = reports()
    truth = data.truth.cases
    ids = truth.loc[(truth["outbreak"] == outbreak).fillna(False), "case_id"]
    frame = data.frame[data.frame["case_id"].isin(ids)].copy()
    symptoms = [name for name in map(str, frame) if name.startswith("symptom_")]
    frame["symptoms"] = [
        "、".join(name.removeprefix("symptom_") for name in symptoms if row[name] is True)
        for row in frame.to_dict("records")
    ]
    eaten = data.exposures.assign(
        what=data.exposures[["venue", "food"]].apply(lambda row: " ".join(row.dropna()), axis=1)
    )
    frame["exposures"] = frame["case_id"].map(eaten.groupby("case_id")["what"].agg("; ".join))
    each = data.exposures.melt("case_id", ["venue", "food"], value_name="suspect").dropna()
    frame["suspects"] = frame["case_id"].map(each.groupby("case_id")["suspect"].agg(list))
    results = data.specimens[data.specimens["positive"].fillna(False)]
    frame["laboratory"] = frame["case_id"].map(
        results.drop_duplicates("case_id").set_index("case_id")["result"]
    )
    frame["probability"] = np.linspace(0.98, 0.61, len(frame))
    frame["is_new"] = frame["reported"] >= NEW_SINCE
    return frame.reset_index(drop=True)[[*MEMBER_COLUMNS, "person", "hospital"]]


def history(n_nights: int, states: Mapping[int, State]) -> pd.DataFrame:
    """Return the nights of a signal; states begin on the nights given."""
    nights = [AS_OF - timedelta(days=n_nights - 1 - at) for at in range(n_nights)]
    given = pd.Series([states.get(at) for at in range(n_nights)], dtype=object).ffill()
    return pd.DataFrame(
        {
            "night": nights,
            "state": given,
            "n_cases": np.minimum(3 + np.arange(n_nights), 14),
            "n_new_cases": np.where(np.arange(n_nights) < 11, 1, 0),
            "p_value": 0.01 / (1 + np.arange(n_nights)),
            "recurrence_interval_days": 100.0 * (1 + np.arange(n_nights)),
        }
    )


def verdicts(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["when", "who", "verdict", "note"])


def scan_evidence(found: pd.DataFrame, *, expected: float = 1.3) -> Evidence:
    centre = found[["latitude", "longitude"]].astype("float64").mean()
    return Evidence(
        stream="胃肠炎",
        detector="SpaceTimePermutation",
        kind="scan",
        start=found["onset"].min().date(),
        end=AS_OF,
        observed=len(found),
        expected=expected,
        relative_risk=10.8,
        statistic=18.2,
        p_value=0.0004,
        recurrence_interval_days=2_500.0,
        reason={
            "zh": f"{len(found)} 例居住在 3 公里范围内，同期通常只有 1.3 例；"
            "如此聚集约 2,500 天才偶然出现一次。",
            "en": f"{len(found)} cases live within 3 km, where 1.3 are usual in such a time; "
            "by chance this happens once in 2,500 days.",
        },
        zone={
            "latitude": centre["latitude"],
            "longitude": centre["longitude"],
            "radius_km": 3.0,
        },
    )


def exposure_evidence(found: pd.DataFrame, venue: str) -> Evidence:
    return Evidence(
        stream="全部病例",
        detector="SharedExposure",
        kind="shared_exposure",
        start=found["onset"].min().date(),
        end=found["onset"].max().date(),
        observed=len(found),
        expected=0.2,
        p_value=1e-7,
        outbreak_probability=0.94,
        source=venue,
        reason={
            "zh": f"{len(found)} 例都在“{venue}”进食，过去一年那里只报告过 2 例；"
            "发病间隔与沙门氏菌的潜伏期相符。",
            "en": f"{len(found)} cases ate at “{venue}”, which 2 cases named in the past year; "
            "the times of onset fit the incubation of Salmonella.",
        },
        details={
            "source_kind": {"en": "venue", "zh": "进食场所"},
            "parts": {"sharing": 14.2, "incubation": 6.1, "symptoms": -1.2, "report": 2.3},
            "agents": [
                {"agent": {"en": "nontyphoid Salmonella", "zh": "沙门氏菌"}, "probability": 0.81},
                {"agent": {"en": "Shigella", "zh": "志贺菌"}, "probability": 0.12},
            ],
            "runners_up": [
                {"source_kind": {"en": "food", "zh": "食品"}, "source": "凉菜", "n_shared": 2}
            ],
        },
    )


def series_evidence() -> Evidence:
    days = pd.date_range(end=AS_OF, periods=60)
    random = np.random.default_rng(2)
    observed = random.poisson(2.0, 60)
    observed[-2:] = [9, 11]
    return Evidence(
        stream="感染性腹泻",
        detector="EwmaOrRegression",
        kind="time_series",
        start=days[-2].date(),
        end=AS_OF,
        observed=20,
        expected=4.1,
        p_value=2e-5,
        recurrence_interval_days=50_000.0,
        reason={
            "zh": "两天 20 例，通常约 4 例。",
            "en": "20 cases in two days; about 4 are usual.",
        },
        series=pd.DataFrame(
            {"date": days, "observed": observed, "expected": 2.0, "upper_bound": 6.0}
        ),
    )


@cache
def night() -> Night:
    """Return a night of a simulated district with signals of all states but one."""
    data = reports()
    first, second, third, fourth = (members(outbreak) for outbreak in (1, 2, 3, 4))
    second["is_new"] = True
    for old in (third, fourth):
        old["is_new"] = False
    names = data.truth.outbreaks["venue"].fillna("家庭").tolist()
    shared: dict[str, Any] = {"last_night": AS_OF, "verdicts": verdicts()}
    signals = (
        Signal(
            signal_id="S-2024-0017",
            state="growing",
            is_news=True,
            title={"zh": f"{names[0]}：{len(first)} 例", "en": f"{names[0]}: {len(first)} cases"},
            news={"zh": "今晚新增 3 例", "en": "3 cases more tonight"},
            streams=("全部病例", "胃肠炎"),
            first_night=date(2024, 6, 13),
            evidence=(exposure_evidence(first, names[0]), scan_evidence(first)),
            members=first,
            history=history(4, {0: "new", 1: "growing"}),
            **shared,
        ),
        Signal(
            signal_id="S-2024-0019",
            state="new",
            is_news=True,
            title={
                "zh": f"海棠区东部 8 例胃肠炎，{names[1]}",
                "en": f"8 cases of gastroenteritis in the east, {names[1]}",
            },
            news={"zh": "首次发现", "en": "found for the first time"},
            streams=("胃肠炎", "感染性腹泻"),
            first_night=AS_OF,
            evidence=(scan_evidence(second, expected=0.9), series_evidence()),
            members=second,
            history=history(1, {0: "new"}),
            **shared,
        ),
        Signal(
            signal_id="S-2024-0012",
            state="unchanged",
            is_news=False,
            title={"zh": f"{names[2]}：{len(third)} 例", "en": f"{names[2]}: {len(third)} cases"},
            news={},
            streams=("全部病例",),
            first_night=date(2024, 5, 24),
            evidence=(exposure_evidence(third, names[2]),),
            members=third,
            history=history(24, {0: "new", 1: "growing", 12: "unchanged"}),
            last_night=AS_OF,
            verdicts=verdicts(("2024-05-26", "值班员", "outbreak", "已通报市场监管部门")),
            related={"S-2024-0011": "merged"},
        ),
        Signal(
            signal_id="S-2024-0009",
            state="quiet",
            is_news=False,
            title={"zh": "四月的聚集", "en": "A cluster in April"},
            news={},
            streams=("胃肠炎",),
            first_night=date(2024, 4, 14),
            evidence=(scan_evidence(fourth),),
            members=fourth,
            history=history(40, {0: "new", 1: "growing", 12: "unchanged", 20: "quiet"}),
            **shared,
        ),
        Signal(
            signal_id="S-2024-0003",
            state="closed",
            is_news=False,
            title={"zh": "二月的聚集", "en": "A cluster in February"},
            news={},
            streams=("感染性腹泻",),
            first_night=date(2024, 2, 14),
            evidence=(),
            members=fourth.iloc[:0],
            history=history(60, {0: "new", 3: "quiet", 50: "closed"}),
            **shared,
        ),
    )
    counts = data.frame["onset"].dt.normalize().value_counts().sort_index().loc[: str(AS_OF)]
    given: dict[str, Any] = {
        "area": "海棠区",
        "as_of": AS_OF,
        "language": "zh",
        "signals": signals,
        "streams": pd.DataFrame(
            [
                ("全部病例", "SharedExposure", "ok", 412, 2, 1.8, None),
                ("胃肠炎", "SpaceTimePermutation", "ok", 380, 3, 4.2, None),
                ("感染性腹泻", "EwmaOrRegression", "ok", 201, 2, 0.2, None),
                ("沙门氏菌", "Poisson", "failed", None, None, 0.1, "人口表缺少 2 个街道；请补充"),
            ],
            columns=[
                "stream",
                "detector",
                "status",
                "n_cases",
                "n_signals",
                "seconds",
                "message",
            ],
        ),
        "problems": pd.DataFrame(
            {
                "kind": ["date_unreadable", "date_unreadable", "coordinates_outside"],
                "severity": ["error", "error", "warning"],
                "row": pd.array([14, 20, 33], dtype="Int64"),
                "column": ["发病时间", "发病时间", "经度"],
                "field": ["onset", "onset", "longitude"],
                "value": ["张三于六月", "李四", "100.1"],
                "reason": ["无法识别的日期", "无法识别的日期", "在边界之外"],
                "done": ["该值置空", "该值置空", "保留"],
            }
        ),
        "unseen": pd.DataFrame(
            {
                "detector": ["时空扫描", "共同暴露"],
                "needs": ["发病时间、坐标", "食品或场所"],
                "cases": [361, 297],
                "share": [0.88, 0.72],
            }
        ),
        "curve": counts.rename_axis("date").rename("cases").reset_index(),
        "settings": {
            "source": {"url": "postgresql://job:hunter2@db.example/cases"},
            "notify": {"password": "hunter2", "to": "duty"},
            "alarm_budget": {"signals_per_week": 2},
        },
        "manifest": {"version": "0.1.0", "seed": 7, "seconds": 6.3},
        "boundaries": data.boundaries,
    }
    return Night(**given)


def in_frame(text: str) -> str:
    """Return a text as a frame can hold it: without halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def hostile_night(text: str) -> Night:
    """Return a night with a text in every field that takes one."""
    sentences = {"zh": text, "en": text}
    cell = in_frame(text)
    found = members(1)
    for name in ("case_id", "sex", "home_region", "symptoms", "exposures", "laboratory"):
        found[name] = cell
    found["suspects"] = [[cell]] * len(found)
    rows = 3
    evidence = replace(
        series_evidence(),
        stream=text,
        detector=text,
        source=text,
        reason=sentences,
        zone={"type": text, "coordinates": text, "latitude": text, "longitude": text},
        details={text: text, "list": [text, {text: text}], "parts": {text: 1.0, "b": -2.0}},
    )
    past = history(rows, {0: "new"})
    past["state"] = cell
    signals = tuple(
        Signal(
            signal_id=f"{text}{state}",
            state=state,
            is_news=state == "new",
            title=sentences,
            news=sentences,
            streams=(text,),
            first_night=AS_OF,
            last_night=AS_OF,
            evidence=(evidence,),
            members=found,
            history=past,
            verdicts=verdicts((cell, cell, cell, cell)),
            related={text: text},
        )
        for state in ("new", "quiet")
    )
    base = night()
    texts = {name: [cell] for name in ("stream", "detector", "status", "message")}
    problem = {
        name: [cell] for name in ("kind", "severity", "column", "field", "value", "reason", "done")
    }
    features = [
        {**feature, "properties": {"name": text, text: text}}
        for feature in (base.boundaries or {})["features"]
    ]
    return replace(
        base,
        area=text,
        signals=signals,
        streams=pd.DataFrame(texts | {"n_cases": [1], "n_signals": [1], "seconds": [0.1]}),
        problems=pd.DataFrame(problem | {"row": pd.array([2], dtype="Int64")}),
        unseen=pd.DataFrame({cell: [cell], "cases": [3]}),
        settings={text: text, "nested": {text: [text]}},
        manifest={text: text},
        boundaries={"type": "FeatureCollection", "features": features},
    )


def large_night(n_signals: int, n_members: int) -> Night:
    """Return a night with many signals of many members."""
    base = night()
    pattern = base.signals[0]
    found = pd.concat([pattern.members] * (n_members // len(pattern.members) + 1)).iloc[:n_members]
    evidence = (*pattern.evidence, series_evidence())
    signals = tuple(
        replace(
            pattern,
            signal_id=f"S-{number:04d}",
            members=found,
            evidence=evidence,
            history=history(60, {0: "new", 1: "growing", 30: "unchanged"}),
        )
        for number in range(n_signals)
    )
    return replace(base, signals=signals)
