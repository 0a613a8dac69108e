"""The one TOML file that says what is done at night.

>>> config = load_config("night.toml")  # doctest: +SKIP
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from enteroscan._language import Texts
from enteroscan._options import unknown
from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Config", "StreamSpec", "example", "load_config", "schema"]

DetectorKind = Literal["scan", "shared_exposure", "exposure_scan", "time_series"]
Facet = Literal["pathogen", "syndrome", "area", "age_years"]
Format = Literal["html", "json", "csv", "geojson", "docx"]
FACETS: tuple[Facet, ...] = get_args(Facet)
SCANS = ("space_time_permutation", "poisson", "bernoulli")
TREES = ("foods", "venues", "products")

Ages = tuple[float, float]


class Model(BaseModel):
    """A table of the file: immutable, and nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Model):
    """Where the case reports come from: files, or an SQL database."""

    files: tuple[str, ...] = Field(
        default=(),
        description="Patterns such as 'in/*.xlsx' or 'in/reports-%Y%m%d.csv' (date of the file)",
    )
    dated: Literal["all", "latest"] = Field(
        default="all",
        description="Of files with a date: all up to the night, or the latest of them",
    )
    sql: str | None = Field(default=None, description="A query, instead of files")
    url: str | None = Field(
        default=None, description="Address of the database, as SQLAlchemy has it"
    )
    url_env: str | None = Field(
        default=None, description="Environment variable that holds the address"
    )
    columns: dict[str, str | list[str] | None] = Field(
        default={}, description="Which column is which field, where the name does not tell"
    )
    sheet: str | int | tuple[str | int, ...] | None = None
    encoding: str | None = None
    crs: Literal["wgs84", "gcj02", "bd09"] = Field(
        default="wgs84", description="System of coordinates"
    )
    places: Path | None = Field(default=None, description="Table of places that gives coordinates")
    day_first: bool | None = None
    least_share_of_last_night: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Fewer cases than this share of the last night's: the input is half-written",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        has_url = self.url is not None or self.url_env is not None
        if bool(self.files) == (self.sql is not None) or (self.sql is not None) != has_url:
            message = "give files, or sql with url or url_env"
            raise ValueError(message)
        return self


class Study(Model):
    """Which cases are looked at, by which date."""

    period_days: int = Field(default=365, ge=2, description="Length of the study period of scans")
    lag_days: int = Field(default=0, ge=0, description="The last days, left out as too incomplete")
    dates: tuple[Literal["onset", "visit", "reported"], ...] = Field(
        default=("onset", "visit", "reported"),
        min_length=1,
        description="The date of a case: the first of these that is known",
    )


class Detector(Model):
    """A method and its options."""

    kind: DetectorKind
    method: str | None = Field(
        default=None,
        description="Name of the scan, of the exposure scan's tree, or of the time series method",
    )
    options: dict[str, Any] = Field(default={}, description="Options of the method, by their names")
    every: Literal["day", "week"] = Field(
        default="week", description="Of time series: what is counted"
    )
    population: Path | None = Field(
        default=None, description="Of a Poisson scan: CSV of the population"
    )
    locations: Path | None = Field(
        default=None, description="Of a scan by codes: CSV with coordinates"
    )
    location: Literal["home_code", "home_region"] | None = Field(
        default=None, description="Place of a case by a column; without it, its coordinates"
    )
    min_recurrence_interval_days: float | None = Field(
        default=None, ge=1, description="Threshold of this detector, whatever the budget says"
    )
    timeout_s: float | None = Field(default=None, gt=0, description="Longest time for one stream")

    @model_validator(mode="after")
    def _method_is_known(self) -> Self:
        build_spec(self)
        return self


class Stream(Model):
    """Cases that are looked at together, and by which detectors."""

    name: str = Field(min_length=1)
    pathogen: tuple[str, ...] = Field(default=(), description="Agents that the laboratory found")
    syndrome: tuple[str, ...] = Field(default=(), description="Symptoms, of which a case has any")
    area: tuple[str, ...] = Field(default=(), description="Codes, or beginnings of codes, of homes")
    age_years: tuple[Ages, ...] = Field(default=(), description="[from, below] in years")
    each: tuple[Facet, ...] = Field(default=(), description="One stream for each value of these")
    detectors: tuple[str, ...] | None = Field(default=None, description="Names; all if not given")

    @model_validator(mode="after")
    def _each_has_values(self) -> Self:
        empty = [name for name in self.each if not getattr(self, name)]
        if empty:
            message = f"each names {', '.join(empty)}, which has no values"
            raise ValueError(message)
        return self


class Alarm(Model):
    """What is a signal, and how many of them there may be."""

    min_recurrence_interval_days: float = Field(
        default=100,
        ge=1,
        description="By chance once in so many days: threshold where no other is given",
    )
    signals_a_week: float | None = Field(
        default=None, gt=0, description="The budget: backtest --calibrate makes thresholds of it"
    )
    thresholds: Path = Field(default=Path("thresholds.json"), description="Where it writes them")


class Identity(Model):
    """When a signal is the same as yesterday's, and when it is news."""

    close_after_days: int = Field(default=14, ge=1, description="Quiet for so long: closed")
    remember_days: int = Field(
        default=90, ge=0, description="Closed signals can be reopened for so long"
    )
    stronger_factor: float = Field(
        default=10,
        gt=1,
        description="Clearly stronger: p is less by this factor than when last told",
    )


class Ledger(Model):
    """Where the job remembers."""

    url: str = Field(
        default="ledger.sqlite", description="A file (SQLite), or postgresql+psycopg://..."
    )
    url_env: str | None = Field(
        default=None, description="Environment variable that holds the address"
    )
    wait_s: float = Field(default=60, ge=0, description="How long to wait for another run to end")


class Output(Model):
    """What is written, and in which language."""

    folder: Path = Path("reports")
    formats: tuple[Format, ...] = ("html", "json", "csv")
    language: Literal["en", "zh"] | None = Field(
        default=None, description="None: that of the system"
    )
    boundaries: Path | None = Field(default=None, description="GeoJSON of the area, for the map")


CERTIFICATES = Field(
    default=None,
    description="Certificates (PEM) to trust, for a server of the house; none: the system's",
)


class Email(Model):
    """Where e-mail goes; the password stands in an environment variable."""

    host: str
    port: int | None = Field(default=None, description="587 with starttls, 465 with tls")
    security: Literal["starttls", "tls"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    ca_file: str | None = CERTIFICATES
    timeout_s: float = Field(default=30, gt=0)


class Webhook(Model):
    """Where a message is posted as JSON."""

    url: str
    token_env: str | None = None
    ca_file: str | None = CERTIFICATES
    timeout_s: float = Field(default=30, gt=0)


class Notify(Model):
    """Who is told of news; nobody if nothing is given."""

    email: Email | None = None
    webhook: Webhook | None = None

    def channels(self) -> dict[str, Email | Webhook]:
        """Return what is on."""
        given = {"email": self.email, "webhook": self.webhook}
        return {name: settings for name, settings in given.items() if settings is not None}


class Run(Model):
    """How the job runs."""

    random_state: int = Field(
        default=0, ge=0, description="Seed, of which every stream and night has one"
    )
    n_jobs: int | None = Field(
        default=None, ge=1, description="Threads; all processors if not given"
    )
    timeout_s: float = Field(
        default=600, gt=0, description="Longest time for a detector of one stream"
    )
    executor: str | None = Field(
        default=None,
        description="dask://HOST:PORT of the scheduler of a Dask cluster; none: this machine",
    )

    @field_validator("executor")
    @classmethod
    def _is_an_address(cls, executor: str | None) -> str | None:
        if executor is not None and not re.fullmatch(r"dask://[^\s/@]+:\d+", executor):
            message = f"{executor!r} is no cluster; give dask://HOST:PORT of its scheduler"
            raise ValueError(message)
        return executor


@dataclass(frozen=True, kw_only=True)
class StreamSpec:
    """One stream, with `each` spelled out."""

    name: str
    pathogen: tuple[str, ...] = ()
    syndrome: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    age_years: tuple[Ages, ...] = ()
    detectors: tuple[str, ...] = ()


class Config(Model):
    """Everything that is in the file."""

    area: str = Field(default="", description="Name of the area, for the report")
    source: Source
    study: Study = Study()
    detectors: dict[str, Detector] = Field(min_length=1)
    streams: tuple[Stream, ...] = Field(min_length=1)
    alarm: Alarm = Alarm()
    identity: Identity = Identity()
    ledger: Ledger = Ledger()
    output: Output = Output()
    notify: Notify = Notify()
    run: Run = Run()
    folder: Path = Field(
        default=Path(), exclude=True, description="Folder of this file; not given in it"
    )

    @field_validator("streams")
    @classmethod
    def _names_differ(cls, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
        names = [stream.name for stream in streams]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"several streams are called {', '.join(twice)}"
            raise ValueError(message)
        return streams

    @model_validator(mode="after")
    def _detectors_are_known(self) -> Self:
        for stream in self.streams:
            for name in stream.detectors or ():
                if name not in self.detectors:
                    message = f"stream {stream.name!r}: {unknown(name, self.detectors)}"
                    raise ValueError(message)
        return self

    @cached_property
    def stream_specs(self) -> tuple[StreamSpec, ...]:
        """All streams; one that names `each` is many."""
        return tuple(spec for stream in self.streams for spec in self._spelled_out(stream))

    def _spelled_out(self, stream: Stream) -> Iterator[StreamSpec]:
        detectors = tuple(self.detectors) if stream.detectors is None else stream.detectors
        fixed = {name: getattr(stream, name) for name in FACETS if name not in stream.each}
        for values in product(*(getattr(stream, name) for name in stream.each)):
            parts = [stream.name, *(_word(value) for value in values)]
            chosen = {name: (value,) for name, value in zip(stream.each, values, strict=True)}
            yield StreamSpec(name=" / ".join(parts), detectors=detectors, **fixed | chosen)

    def path(self, path: str | Path) -> Path:
        """Return a path of the file, which is relative to its folder."""
        return self.folder / path

    @property
    def fingerprint(self) -> str:
        """The same text for the same settings of what is found."""
        settings = self.model_dump(mode="json", include=_WHAT_IS_FOUND)
        text = json.dumps(settings, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def for_workers(self) -> "Config":
        """Return what detectors look at, on one thread unless it says more; no addresses."""
        nowhere = {"source": Source(files=("-",)), "ledger": Ledger(), "notify": Notify()}
        run = self.run.model_copy(update={"n_jobs": self.run.n_jobs or 1})
        return self.model_copy(update={**nowhere, "run": run})

    def settings(self) -> dict[str, Any]:
        """Return the settings as JSON has them, without addresses, which may hold passwords."""
        return self.model_dump(
            mode="json",
            exclude={
                "notify": True,
                "source": {"url"},
                "ledger": {"url"},
                "run": {"executor"},
            },
        )


_WHAT_IS_FOUND: dict[str, Any] = dict.fromkeys(
    ("source", "study", "detectors", "streams", "alarm", "identity"), True
) | {"run": {"random_state", "timeout_s"}}


def _word(value: object) -> str:
    return "-".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


def build_spec(detector: Detector, **defaults: object) -> Any:  # noqa: ANN401
    """Make the spec of a detector; `defaults` hold where its options do not say otherwise."""
    options: dict[str, Any] = {**defaults, **detector.options}
    if detector.kind == "shared_exposure":
        from enteroscan.linkage import SharedExposure  # type: ignore[import-not-found,unused-ignore]

        if detector.method is not None:
            message = f"method {detector.method!r}: a search for shared exposures has none"
            raise SpecError(message)
        return SharedExposure.from_dict(options)
    if detector.kind == "exposure_scan":
        from enteroscan.exposures import ExposureScan

        if detector.method is not None and detector.method not in TREES:
            raise SpecError(unknown(detector.method, TREES))
        return ExposureScan.from_dict(options)
    if detector.kind == "time_series":
        return _time_series(detector.method or "auto", detector.options)
    from enteroscan.scan import ScanSpec

    method = detector.method or "space_time_permutation"
    if method not in SCANS:
        raise SpecError(unknown(method, SCANS))
    return ScanSpec.from_dict({"model": method} | options)


def _time_series(method: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401
    from enteroscan.timeseries import DetectorSpec

    if method == "auto":
        if options:
            message = "method 'auto' chooses its own options; name a method to give options"
            raise SpecError(message)
        return "auto"
    return DetectorSpec.from_dict({"method": method} | dict(options))


def load_config(path: str | Path) -> Config:
    """Read a file.

    Raises
    ------
    SpecError
        The file is no TOML, or holds what is not known or cannot be. All of it is named, with
        what was probably meant.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; --init {path} writes one"
        raise SpecError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is no TOML in UTF-8: {error}"
        raise SpecError(message) from error
    if "folder" in values:
        message = f"{path}: folder: {unknown('folder', Config.model_fields)}"
        raise SpecError(message)
    try:
        return Config.model_validate({**values, "folder": path.parent})
    except ValidationError as error:
        lines = [f"{path}: {_explained(one)}" for one in error.errors()]
        raise SpecError("\n".join(lines)) from error


def _explained(error: "ErrorDetails") -> str:
    """Say where something is wrong, and what was probably meant."""
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{place}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    *above, name = error["loc"]
    return f"{place}: {unknown(str(name), _fields(above))}"


def _fields(place: list[int | str]) -> list[str]:
    """Return the names that are known at a place of the file."""
    node: Any = schema()
    definitions = node["$defs"]
    for part in place:
        if isinstance(part, int):
            node = node.get("items", node)
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties", {})
        for option in node.get("anyOf", ()):
            node = option if "$ref" in option else node
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
    return list(node.get("properties", {}))


def schema() -> dict[str, Any]:
    """Return the JSON schema of the file, for editors."""
    whole = Config.model_json_schema()
    del whole["properties"]["folder"]
    return whole


def example(language: str | None = None) -> str:
    """Return a file with comments, in English or Chinese."""
    name = f"night.{Texts(language).language}.toml"
    return (resources.files("enteroscan.nightly") / "data" / name).read_text(encoding="utf-8")
