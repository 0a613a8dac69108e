"""An analysis of SaTScan's, read from its files."""

import dataclasses
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from enteroscan._time import read_date
from enteroscan.errors import DataError
from enteroscan.satscan._dates import standard_date, standard_dates, year_of
from enteroscan.satscan._files import Source
from enteroscan.satscan._parameters import Parameters
from enteroscan.satscan._spec import COORDINATES, GENERIC_TIME, make_spec, time_unit
from enteroscan.satscan._support import BERNOULLI, POISSON, SPATIAL, check
from enteroscan.scan import ScanSpec, TimeUnit

if TYPE_CHECKING:
    from enteroscan._engine import Progress
    from enteroscan.results import ScanResult

ALL_LOCATIONS = "all"  # in the file of known relative risks
CHECKS = {"0": False, "1": True}  # strict, relaxed


@dataclass(frozen=True)
class SatscanAnalysis:
    """What a parameter file asks for.

    Parameters
    ----------
    path
        The parameter file.
    spec
        The options of the scan.
    data
        The data, as arguments of ``spec.scan``. The frames' indices are line numbers.
    files
        Which file each of the frames comes from.
    dropped
        Lines that were left out, as the settings of the file want it: reason, count.
    ignored
        Settings in the file that SaTScan 10.3 does not know. They have no effect.
    """

    path: Path
    spec: ScanSpec
    data: Mapping[str, Any] = field(repr=False)
    files: Mapping[str, Path] = field(repr=False)
    dropped: tuple[tuple[str, int], ...] = ()
    ignored: tuple[str, ...] = ()

    def scan(
        self,
        *,
        executor: Executor | None = None,
        progress: "bool | Progress | None" = None,
        **options: Any,  # noqa: ANN401
    ) -> "ScanResult":
        """Find clusters.

        Parameters
        ----------
        executor, progress
            See `ScanSpec.scan`.
        **options
            Options of the spec that shall differ from the file: ``random_stream="philox"`` for
            random numbers of our own, ``n_jobs=1`` for one thread.
        """
        spec = dataclasses.replace(self.spec, **options)
        try:
            result = spec.scan(**self.data, executor=executor, progress=progress)
        except DataError as error:
            files = ", ".join(f"{name} of {path}" for name, path in self.files.items())
            message = f"{self.path}: {error} [rows are lines: {files}]"
            raise DataError(message) from error
        return dataclasses.replace(result, _dropped=(*self.dropped, *result._dropped))


def load(path: str | Path) -> SatscanAnalysis:
    """Read a parameter file and the data files that it names.

    The spec asks for SaTScan's own random numbers (``random_stream="satscan"``) in the space-time
    permutation and the Bernoulli model, so that p-values and the number of clusters are SaTScan's,
    too. Those of the Poisson model are not reproduced; there it is ``"philox"``.

    Raises
    ------
    UnsupportedSetting
        Settings in the file that would change the result are not supported yet.
    DataError
        A file is missing or cannot be read; it names file and line.
    """
    parameters = Parameters.read(path)
    ignored = check(parameters)
    reader = _Reader(parameters)
    data = reader.data()
    return SatscanAnalysis(
        path=parameters.path,
        spec=make_spec(parameters, reader.covariates),
        data=data,
        files=reader.files,
        dropped=tuple(reader.dropped),
        ignored=ignored,
    )


class _Reader:
    """Reads the data files that a parameter file names."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.model = parameters.text("ModelType")
        self.generic = parameters.text("PrecisionCaseTimes") == GENERIC_TIME
        self.dated = parameters.text("PrecisionCaseTimes") != "0"
        self.has_space = parameters.text("AnalysisType") not in ("2", "6")
        self.period = {
            "start": self._standard(parameters.text("StartDate")),
            "as_of": self._standard(parameters.text("EndDate")),
        }
        self.files: dict[str, Path] = {}
        self.dropped: list[tuple[str, int]] = []
        self.covariates: tuple[str, ...] = ()
        if not self.dated and parameters.text("AnalysisType") != SPATIAL:
            parameters.refuse("PrecisionCaseTimes", "says that cases have no dates")

    def data(self) -> dict[str, Any]:
        """Return arguments of `ScanSpec.scan`."""
        data: dict[str, Any] = dict(self.period)
        data["cases"] = self._cases()
        if self.model == BERNOULLI:
            data["controls"] = self._people("controls", "ControlFile")
        if self.model == POISSON:
            data |= self._populations()
        if self.has_space:
            data |= self._space()
        if self.parameters.flag("UseAdjustmentsByRRFile"):
            data["relative_risks"] = self._relative_risks(data)
        self._leave_out(data)
        return data

    def _cases(self) -> pd.DataFrame:
        further = None if self.model == BERNOULLI else "covariate"
        cases = self._people("cases", "CaseFile", further)
        self.covariates = _covariates(cases)
        return cases

    def _people(self, name: str, setting: str, further: str | None = None) -> pd.DataFrame:
        columns = ("location", "count", "date") if self.dated else ("location", "count")
        return self._with_dates(self._read(name, setting, *columns, further=further))

    def _populations(self) -> dict[str, pd.DataFrame]:
        if not self.parameters.text("PopulationFile"):
            return {}
        columns = ("location", "date", "population")
        population = self._read("population", "PopulationFile", *columns, further="covariate")
        covariates = _covariates(population)
        if covariates != self.covariates:
            message = (
                f"{self.parameters.path}: there are {len(self.covariates)} covariates in the case "
                f"file and {len(covariates)} in the population file; there must be as many"
            )
            raise DataError(message)
        return {"population": self._with_dates(population)}

    def _space(self) -> dict[str, Any]:
        if self.parameters.flag("UseNeighborsFile"):
            return self._neighbours()
        data = {"locations": self._locations()}
        if self.parameters.flag("UseGridFile"):
            data["centres"] = self._centres()
        return data | self._circle_population()

    def _neighbours(self) -> dict[str, Any]:
        neighbours = self._source("neighbours", "NeighborsFilename").read_lists()
        names = sorted({name for row in neighbours.values() for name in row})
        return {
            "neighbours": neighbours,
            "locations": pd.DataFrame({"location": names}),
        } | self._circle_population()

    def _locations(self) -> pd.DataFrame:
        """Read coordinates, ordered by identifier: the order of equally likely clusters."""
        locations = self._coordinates("locations", "CoordinatesFile", "location")
        return locations.drop_duplicates().sort_values("location", kind="stable")

    def _centres(self) -> pd.DataFrame:
        return self._coordinates("centres", "GridFile").drop_duplicates()

    def _coordinates(self, name: str, setting: str, *before: str) -> pd.DataFrame:
        axes = self.parameters.choice("CoordinatesType", COORDINATES)
        optional = len(axes) - 2
        frame = self._read(name, setting, *before, *axes, optional=optional)
        points = frame.columns[len(before) :]
        incomplete = frame.index[frame[points].isna().any(axis=1)]
        if not incomplete.empty:
            message = f"{self.files[name]}: line {incomplete[0]}: a coordinate is missing"
            raise DataError(message)
        return frame

    def _circle_population(self) -> dict[str, pd.DataFrame]:
        """Read populations that limit circles, if the limits are used."""
        used = self.parameters.flag("UseMaxCirclePopulationFileOption") or (
            self.parameters.flag("UseReportOnlySmallerClusters")
            and self.parameters.flag("UseMaxCirclePopulationFileOption_Reported")
        )
        if not used:
            return {}
        columns = ("location", "population")
        return {
            "circle_population": self._read(
                "circle_population", "MaxCirclePopulationFile", *columns
            )
        }

    def _relative_risks(self, data: Mapping[str, Any]) -> pd.DataFrame:
        columns = ("location", "relative_risk", "start", "end")
        setting = "AdjustmentsByKnownRelativeRisksFilename"
        risks = self._read("relative_risks", setting, *columns, optional=2)
        for name in ("start", "end"):
            if name in risks:
                risks[name] = self._standard_column(risks[name])
        everywhere = risks["location"].str.lower() == ALL_LOCATIONS
        if not everywhere.any():
            return risks
        names = data["locations" if self.has_space else "population"]["location"].unique()
        spread = (
            risks[everywhere]
            .drop(columns="location")
            .merge(pd.DataFrame({"location": names}), how="cross")
        )
        return pd.concat([risks[~everywhere], spread])

    def _read(
        self, name: str, setting: str, *columns: str, optional: int = 0, further: str | None = None
    ) -> pd.DataFrame:
        return self._source(name, setting).read(*columns, optional=optional, further=further)

    def _source(self, name: str, setting: str) -> Source:
        source = Source.of(self.parameters, setting)
        if source is None:
            self.parameters.refuse(setting, f"names no file; the analysis needs {name}")
        self.files[name] = source.path
        return source

    def _with_dates(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(date=self._standard_column(frame["date"])) if "date" in frame else frame

    def _standard_column(self, texts: "pd.Series[str]") -> "pd.Series[str]":
        if self.generic:
            return texts
        return standard_dates(texts, year_of(self.parameters.text("EndDate")))

    def _standard(self, text: str) -> str:
        return text if self.generic else standard_date(text)

    def _leave_out(self, data: dict[str, Any]) -> None:
        """Leave out rows that relaxed checks allow to be left out, and count them."""
        if self.parameters.choice("GeographicalCoordinatesCheckType", CHECKS) and self.has_space:
            known = data["locations"]["location"]
            for name in data.keys() & {"cases", "controls", "population", "circle_population"}:
                unknown = ~data[name]["location"].isin(known)
                self._drop(data, name, unknown, "with a location without coordinates")
        if self.parameters.choice("StudyPeriodCheckType", CHECKS) and self.dated:
            for name in data.keys() & {"cases", "controls"}:
                outside = self._is_outside(data[name]["date"])
                self._drop(data, name, outside, "with a date outside the study period")

    def _drop(self, data: dict[str, Any], name: str, rows: "pd.Series[bool]", reason: str) -> None:
        if rows.any():
            data[name] = data[name][~rows]
            self.dropped.append((f"{name} ({self.files[name].name}): {reason}", int(rows.sum())))

    def _is_outside(self, dates: "pd.Series[str]") -> "pd.Series[bool]":
        """Whether dates are outside the study period; those that are no dates are not."""
        unit = time_unit(self.parameters)
        first, _ = read_date("StartDate", self.period["start"], unit)
        _, last = read_date("EndDate", self.period["as_of"], unit)
        spans = {text: _span(text, unit) for text in dates.unique()}
        outside = {
            text: span is not None and (span[0] < first or span[1] > last)
            for text, span in spans.items()
        }
        return dates.map(outside).astype(bool)


def _covariates(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(name for name in map(str, frame.columns) if name.startswith("covariate"))


def _span(text: str, unit: TimeUnit) -> tuple[int, int] | None:
    try:
        return read_date("date", text, unit)
    except DataError:
        return None
