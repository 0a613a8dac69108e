"""One detector on one stream: from cases to findings."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from enteroscan._language import LANGUAGES, Texts, choose_language
from enteroscan.cases import Cases
from enteroscan.nightly.config import Config, Detector, StreamSpec, build_spec
from enteroscan.nightly.finding import Finding
from enteroscan.nightly.night import Evidence, Sentences
from enteroscan.nightly.reports import DATE, Reports, dated, study_period

if TYPE_CHECKING:
    from enteroscan.exposures import ExposureScan, ExposureTree
    from enteroscan.linkage import LinkResult

__all__ = ["Status", "StreamResult", "detect", "failed"]

Status = Literal["ok", "failed", "skipped", "timed_out"]

FEWEST = 2  # cases that a detector needs at all
LIKELY_AGENT = 0.05  # probability from which an agent is named


class _TimedOut(Exception):
    """A detector has used up its time."""


class _Skipped(Exception):
    """A stream has too little for a detector."""


@dataclass(frozen=True, kw_only=True)
class StreamResult:
    """What became of one detector on one stream.

    `n_usable` are the cases that the detector could use, of the `n_cases` of the stream.
    """

    stream: str
    detector: str
    status: Status
    n_cases: int = 0
    n_usable: int = 0
    seconds: float = 0.0
    message: str = ""
    spec: str = ""  # fingerprint
    findings: tuple[Finding, ...] = field(default=(), repr=False)


def detect(
    config: Config,
    reports: Reports,
    as_of: date,
    stream: StreamSpec,
    name: str,
    executor: Executor | None = None,
) -> StreamResult:
    """Run a detector on a stream; whatever goes wrong is in the answer.

    Parameters
    ----------
    config
        The settings.
    reports
        What was known at the end of the night's day.
    as_of
        The night.
    stream, name
        The stream, and the name of the detector.
    executor
        Where replicates are simulated. None: threads of this process.
    """
    detector = config.detectors[name]
    started = time.monotonic()
    limit = config.run.timeout_s if detector.timeout_s is None else detector.timeout_s
    common: dict[str, Any] = {"stream": stream.name, "detector": name}
    say = Texts(config.output.language, "nightly")

    def check_time(_share: float) -> None:
        if time.monotonic() - started > limit:
            raise _TimedOut

    try:
        cases = reports.of(stream)
        common["n_cases"] = len(cases)
        if len(cases) < FEWEST:
            raise _Skipped(say("too_few", n=len(cases)))
        job = _Job(
            config,
            detector,
            cases,
            reports.tables,
            stream.name,
            name,
            as_of,
            executor,
            check_time,
        )
        findings = job.findings()
        check_time(1.0)
    except _Skipped as reason:
        return StreamResult(
            **common, status="skipped", message=str(reason), seconds=_since(started)
        )
    except _TimedOut:
        message = say("timed_out", seconds=f"{limit:g}")
        return StreamResult(**common, status="timed_out", message=message, seconds=_since(started))
    except CancelledError:  # a cluster is lost, which is no fault of the stream
        raise
    except Exception as error:
        return replace(
            failed(stream, name, error),
            n_cases=common.get("n_cases", 0),
            seconds=_since(started),
        )
    return StreamResult(
        **common,
        status="ok",
        n_usable=job.n_usable,
        seconds=_since(started),
        spec=job.fingerprint,
        findings=tuple(findings),
    )


def failed(stream: StreamSpec, name: str, error: BaseException) -> StreamResult:
    """Return what becomes of a detector that ended with an error."""
    message = f"{type(error).__name__}: {error}"
    return StreamResult(stream=stream.name, detector=name, status="failed", message=message)


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def seed(config: Config, stream: str, detector: str, as_of: date) -> int:
    """Return a seed of its own for every stream, detector and night."""
    text = f"{config.run.random_state}\x1f{stream}\x1f{detector}\x1f{as_of.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


@dataclass
class _Job:
    """A detector at work on a stream."""

    config: Config
    detector: Detector
    cases: Cases
    tables: Mapping[Path, pd.DataFrame]
    stream: str
    name: str
    as_of: date
    executor: Executor | None
    progress: Callable[[float], None]
    n_usable: int = 0
    fingerprint: str = ""

    def findings(self) -> list[Finding]:
        kinds = {
            "scan": self._scan,
            "shared_exposure": self._shared_exposure,
            "exposure_scan": self._exposure_scan,
            "time_series": self._time_series,
        }
        return kinds[self.detector.kind]()

    def _spec(self, **defaults: object) -> Any:  # noqa: ANN401
        own = seed(self.config, self.stream, self.name, self.as_of)
        spec = build_spec(
            self.detector, random_state=own, n_jobs=self.config.run.n_jobs, **defaults
        )
        # However many threads there are, the same is found.
        self.fingerprint = _fingerprint(replace(spec, n_jobs=None))
        return spec

    def _scan(self) -> list[Finding]:
        spec = self._spec(**_scan_defaults(self.detector.options))
        first, last = study_period(self.config, self.as_of)
        cases = dated(self.cases, self.config)
        inside = cases[DATE].between(pd.Timestamp(first), pd.Timestamp(last))
        cases, places = self._placed(cases[inside])
        self.n_usable = len(cases)
        if len(cases) < FEWEST:
            return []
        tables = {
            role: self.tables[path]
            for role in ("population", "locations")
            if (path := getattr(self.detector, role)) is not None
        }
        result = spec.scan(
            places,
            start=first,
            as_of=last,
            on_invalid="drop",
            executor=self.executor,
            progress=self.progress,
            **tables,
        )
        members = result.members.groupby("cluster")["location"].agg(set).to_dict()
        ids = places.get("location", pd.Series(dtype=object))
        return [
            self._cluster(row, cases, ids, members.get(row["cluster"]))
            for row in result.clusters.to_dict("records")
        ]

    def _placed(self, cases: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the cases that have a place, and the frame that a scan takes of them."""
        column = self.detector.location
        if column is not None:
            cases = cases[cases[column].notna()]
            frame = cases.assign(date=cases[DATE], location=cases[column].astype(object))
            return cases, frame.drop(columns=["latitude", "longitude"])
        cases = cases[cases["latitude"].notna() & cases["longitude"].notna()]
        degrees = {name: cases[name].astype("float64") for name in ("latitude", "longitude")}
        # Every case is a location of its own: those in a cluster's circle are then known.
        ids = cases["case_id"].astype(object)
        return cases, cases.assign(date=cases[DATE], location=ids, **degrees)

    def _cluster(
        self,
        row: Mapping[str, Any],
        cases: pd.DataFrame,
        location: "pd.Series[Any]",
        members: set[str] | None,
    ) -> Finding:
        inside = cases[DATE].between(row["start"], row["end"])
        if members is not None:
            inside &= location.astype(str).isin(members)
        zone = _zone(row)
        values = {
            **_figures(row, zone),
            "stream": self.stream,
        }
        kind = "circle" if zone is not None else "area"
        return self._finding(
            "scan",
            dict.fromkeys(cases.loc[inside, "case_id"].astype(str)),
            title=_say(f"title.{kind}", values),
            reason=_say(f"reason.{kind}", values),
            relative_risk=_number(row["observed_over_expected"]),
            **_evidence(row),
            zone=zone,
        )

    def _shared_exposure(self) -> list[Finding]:
        self.n_usable = int(self.cases.exposures["case_id"].nunique())
        last = self.as_of - timedelta(days=self.config.study.lag_days)
        result = self._spec().link(
            self.cases, as_of=last, executor=self.executor, progress=self.progress
        )
        members = {
            group: dict(
                zip(rows["case_id"].astype(str), map(_number, rows["probability"]), strict=True)
            )
            for group, rows in result.members.groupby("group")
        }
        return [
            self._shared(row, members.get(row["group"], {}), _linked(result, row))
            for row in result.groups.to_dict("records")
        ]

    def _shared(
        self,
        row: Mapping[str, Any],
        members: Mapping[str, float | None],
        details: Mapping[str, Any],
    ) -> Finding:
        source = str(row["source"])
        return self._finding(
            "shared_exposure",
            members,
            title=_say("title.shared", {"n": row["n_cases"], "source": source}),
            reason={"en": str(row["reason_en"]), "zh": str(row["reason_zh"])},
            start=pd.Timestamp(row["start"]).date(),
            end=pd.Timestamp(row["end"]).date(),
            observed=int(row["n_cases"]),
            statistic=_number(row["statistic"]),
            p_value=_number(row["p_value"]),
            recurrence_interval_days=_number(row["recurrence_interval_days"]),
            outbreak_probability=_number(row.get("outbreak_probability")),
            source=source,
            details=details,
        )

    def _exposure_scan(self) -> list[Finding]:
        from enteroscan.exposures import ExposureTree

        spec = self._spec()
        trees: Mapping[str, Callable[[Cases], ExposureTree]] = {
            "foods": ExposureTree.of_foods,
            "venues": ExposureTree.of_venues,
            "products": ExposureTree.of_products,
        }
        tree = trees[self.detector.method or "foods"](self.cases)
        last = self.as_of - timedelta(days=self.config.study.lag_days)
        if self._n_exposed(spec, tree, last) < FEWEST:
            return []
        result = spec.scan(
            self.cases, tree, as_of=last, executor=self.executor, progress=self.progress
        )
        self.n_usable = result.n_cases
        members = result.cases.groupby("cluster")["case_id"].agg(list).to_dict()
        return [
            self._exposed(row, members.get(row["cluster"], []))
            for row in result.clusters.to_dict("records")
        ]

    def _n_exposed(self, spec: "ExposureScan", tree: "ExposureTree", last: date) -> int:
        """Count the cases of the study period that the scan can use."""
        frame = self.cases.frame
        days = frame["onset" if spec.dated_by == "onset" else "reported"].dt.normalize()
        first = pd.Timestamp(last) - pd.Timedelta(days=spec.history_days - 1)
        usable = days.between(first, pd.Timestamp(last))
        usable &= frame["case_id"].astype(object).isin(tree.exposures["case_id"])
        if spec.max_radius_km is not None:
            usable &= frame["latitude"].notna() & frame["longitude"].notna()
        return int(usable.sum())

    def _exposed(self, row: Mapping[str, Any], ids: Sequence[object]) -> Finding:
        zone = _zone(row)
        names = {language: str(row[f"path_{language}"]) for language in LANGUAGES}
        values = {
            **_figures(row, zone),
            "inside": int(row["n_cases"]),
        }
        key = "exposures" if zone is None else "exposures_circle"
        return self._finding(
            "exposure_scan",
            dict.fromkeys(map(str, ids)),
            title=_say("title.exposures", values, source=names),
            reason=_say(f"reason.{key}", values, source=names),
            relative_risk=_number(row["relative_risk"]),
            **_evidence(row),
            source=names[choose_language(self.config.output.language)],
            zone=zone,
            details={"node": str(row["node"]), "n_exposed": int(row["n_exposed"])},
        )

    def _time_series(self) -> list[Finding]:
        from enteroscan.timeseries import DetectorSpec
        from enteroscan.timeseries import detect as judge

        method = build_spec(self.detector)
        is_spec = isinstance(method, DetectorSpec)
        self.fingerprint = _fingerprint(method) if is_spec else "auto"
        cases = dated(self.cases, self.config)
        _, last = study_period(self.config, self.as_of)
        step = 7 if self.detector.every == "week" else 1
        ends = _bins(cases[DATE], last, step)
        self.n_usable = int(ends.notna().sum())
        counts = ends.value_counts().sort_index().rename_axis("date").reset_index(name="count")
        result = judge(
            _whole(counts, last, step),
            method=method,
            last=1,
            every=self.detector.every,
            n_jobs=self.config.run.n_jobs,
            progress=self.progress,
        )
        point = result.frame.iloc[-1]
        reason = str(point["reason"])
        if reason in _NOT_JUDGED:
            language = self.config.output.language
            why = Texts(language, "detect.reason")(reason)
            raise _Skipped(Texts(language, "nightly")("not_judged", reason=why))
        if not point["alarm"]:
            return []
        inside = ends == pd.Timestamp(last)
        return [self._count(point, cases.loc[inside.to_numpy(), "case_id"], counts, last, step)]

    def _count(
        self,
        point: "pd.Series[Any]",
        ids: "pd.Series[Any]",
        counts: pd.DataFrame,
        last: date,
        step: int,
    ) -> Finding:
        p_value = _number(point["p_value"])
        expected, observed = _number(point["expected"]), int(point["observed"])
        series = counts.tail(SHOWN_POINTS).rename(columns={"count": "observed"})
        at_end = series["date"] == pd.Timestamp(last)
        series = series.assign(
            expected=np.where(at_end, point["expected"], np.nan),
            upper_bound=np.where(at_end, point["upper_bound"], np.nan),
        )
        values = {
            "n": observed,
            "expected": "?" if expected is None else f"{expected:.1f}",
            "stream": self.stream,
            "days": step,
            "end": last.isoformat(),
            "bound": f"{float(point['upper_bound']):.1f}",
        }
        return self._finding(
            "time_series",
            dict.fromkeys(ids.astype(str)),
            title=_say("title.count", values),
            reason=_say("reason.count", values),
            start=last - timedelta(days=step - 1),
            end=last,
            observed=observed,
            expected=expected,
            relative_risk=observed / expected if expected else None,
            statistic=_number(point["score"]),
            p_value=p_value,
            recurrence_interval_days=max(1.0, step / p_value) if p_value else None,
            series=series.reset_index(drop=True),
        )

    def _finding(
        self,
        kind: Any,  # noqa: ANN401
        members: Mapping[str, float | None],
        title: Sentences,
        **evidence: Any,  # noqa: ANN401
    ) -> Finding:
        return Finding(
            evidence=Evidence(stream=self.stream, detector=self.name, kind=kind, **evidence),
            members=dict(sorted(members.items())),
            title=title,
        )


# Of scans, where the options do not speak of the same; Gumbel's p-values are not bounded by the
# number of replicates, as recurrence intervals of years need.
_SCAN_DEFAULTS: Mapping[str, object] = {
    "max_radius_km": 5.0,
    "max_duration_days": 14,
    "p_values": "gumbel",
}
_SPEAKS_OF = {
    "max_radius_km": "max_radius",
    "max_duration_days": "max_duration|time_unit",
    "p_values": "p_values|rates",
}
_NOT_JUDGED = ("missing_count", "too_little_history", "no_convergence")
SHOWN_POINTS = 104


def _scan_defaults(options: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value
        for name, value in _SCAN_DEFAULTS.items()
        if not any(option.startswith(tuple(_SPEAKS_OF[name].split("|"))) for option in options)
    }


def _fingerprint(spec: Any) -> str:  # noqa: ANN401
    if hasattr(spec, "fingerprint"):
        return str(spec.fingerprint)
    return hashlib.sha256(repr(spec).encode()).hexdigest()[:16]


def _bins(days: "pd.Series[Any]", last: date, step: int) -> "pd.Series[Any]":
    """Return the last day of the step that each day is in; steps end on the last day."""
    past = (pd.Timestamp(last) - days).dt.days
    ends: pd.Series[Any] = pd.Timestamp(last) - pd.to_timedelta((past // step) * step, unit="D")
    return ends.where(past >= 0)


def _whole(counts: pd.DataFrame, last: date, step: int) -> pd.DataFrame:
    """Return counts of all steps from the first whole one on, those without cases included."""
    steps = pd.date_range(counts["date"].min(), pd.Timestamp(last), freq=f"{step}D")
    whole = counts.set_index("date")["count"].reindex(steps, fill_value=0)
    return whole.iloc[1:].rename_axis("date").reset_index(name="count")


def _days(row: Mapping[str, Any]) -> int:
    return int((row["end"] - row["start"]).days) + 1


def _count(value: object) -> str:
    number = _number(value)
    return "?" if number is None else f"{number:,.0f}"


def _number(value: object) -> float | None:
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def _linked(result: "LinkResult", group: Mapping[str, Any]) -> dict[str, Any]:
    """Return what speaks for a group: the parts of its statistic, agents, and other sources."""
    from enteroscan.linkage import EVIDENCE

    agents, others = (
        table[table["group"] == group["group"]].to_dict("records")
        for table in (result.agents, result.explanations)
    )
    details: dict[str, Any] = {
        "source_kind": _kind(group["kind"]),
        "parts": {name: float(group[name]) for name in EVIDENCE},
        "agents": [
            {
                "agent": {language: str(one[language]) for language in LANGUAGES},
                "probability": float(one["probability"]),
            }
            for one in agents
            if one["probability"] >= LIKELY_AGENT
        ],
        "runners_up": [
            {
                "source_kind": _kind(one["kind"]),
                "source": str(one["source"]),
                "n_shared": int(one["n_shared"]),
            }
            for one in others
        ],
    }
    return {name: value for name, value in details.items() if value}


def _kind(kind: str) -> Sentences:
    return {language: Texts(language, "linkage.kind")(kind) for language in LANGUAGES}


def _zone(row: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the circle of a cluster; None: it has none."""
    if "radius_km" not in row or math.isnan(row["latitude"]):
        return None
    return {name: float(row[name]) for name in ("latitude", "longitude", "radius_km")}


def _figures(row: Mapping[str, Any], zone: Mapping[str, float] | None) -> dict[str, object]:
    """Return what sentences say of a cluster."""
    return {
        "n": int(row["observed"]),
        "expected": f"{row['expected']:.1f}",
        "days": _days(row),
        "radius": "" if zone is None else f"{zone['radius_km']:.1f}",
        "start": row["start"].date().isoformat(),
        "end": row["end"].date().isoformat(),
        "interval": _count(row.get("recurrence_interval_days")),
    }


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a cluster, all but its relative risk."""
    return {
        "start": row["start"].date(),
        "end": row["end"].date(),
        "observed": int(row["observed"]),
        "expected": _number(row["expected"]),
        "statistic": _number(row["llr"]),
        "p_value": _number(row["p_value"]),
        "recurrence_interval_days": _number(row.get("recurrence_interval_days")),
    }


def _say(key: str, values: Mapping[str, object], **translated: Sentences) -> Sentences:
    """Say something in all languages; `translated` are values that differ between them."""
    return {
        language: Texts(language, "nightly")(
            key, **values, **{name: one[language] for name, one in translated.items()}
        )
        for language in LANGUAGES
    }
