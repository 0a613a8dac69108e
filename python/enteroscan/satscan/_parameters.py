"""SaTScan's parameter files."""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, TypeVar

from enteroscan.errors import DataError
from enteroscan.satscan._text import ENCODINGS, decode

T = TypeVar("T")

# What SaTScan takes where the file says nothing.
DEFAULTS: Mapping[str, str] = {
    "AdjustForEarlierAnalyses": "n",
    "AdjustForWeeklyTrends": "n",
    "AnalysisType": "1",
    "CoordinatesType": "1",
    "CriteriaForReportingSecondaryClusters": "0",
    "EarlyTerminationThreshold": "50",
    "EndDate": "2000/12/31",
    "GeographicalCoordinatesCheckType": "0",
    "IncludePurelySpatial": "n",
    "IncludePurelyTemporal": "n",
    "MaxSizeInMaxCirclePopulationFile_Reported": "50",
    "MaxSpatialSizeInDistanceFromCenter": "1",
    "MaxSpatialSizeInDistanceFromCenter_Reported": "1",
    "MaxSpatialSizeInMaxCirclePopulationFile": "50",
    "MaxSpatialSizeInPopulationAtRisk": "50",
    "MaxSpatialSizeInPopulationAtRisk_Reported": "50",
    "MaxTemporalSize": "50",
    "MaxTemporalSizeInterpretation": "0",
    "MinimumCasesInHighRateClusters": "2",
    "MinimumCasesInLowRateClusters": "0",
    "MinimumTemporalClusterSize": "1",
    "ModelType": "0",
    "MonteCarloReps": "999",
    "NumberParallelProcesses": "0",
    "PValueReportType": "0",
    "PrecisionCaseTimes": "0",
    "ProspectiveFrequency": "1",
    "ProspectiveFrequencyType": "0",
    "ProspectiveStartDate": "2000/12/31",
    "RandomizationSeed": "12345678",
    "RiskLimitHighClusters": "n",
    "RiskLimitLowClusters": "n",
    "RiskThresholdHighClusters": "1",
    "RiskThresholdLowClusters": "1",
    "ScanAreas": "1",
    "StartDate": "2000/1/1",
    "StudyPeriodCheckType": "0",
    "TimeAggregationLength": "1",
    "TimeAggregationUnits": "0",
    "UseAdjustmentsByRRFile": "n",
    "UseDistanceFromCenterOption": "n",
    "UseDistanceFromCenterOption_Reported": "n",
    "UseGridFile": "n",
    "UseMaxCirclePopulationFileOption": "n",
    "UseMaxCirclePopulationFileOption_Reported": "n",
    "UseNeighborsFile": "n",
    "UseReportOnlySmallerClusters": "n",
}

# Files have no default; these are the settings that name them.
FILES = (
    "AdjustmentsByKnownRelativeRisksFilename",
    "CaseFile",
    "ControlFile",
    "CoordinatesFile",
    "GridFile",
    "MaxCirclePopulationFile",
    "NeighborsFilename",
    "PopulationFile",
)

FLAGS = {"y": True, "n": False}


@dataclass(frozen=True)
class Parameters:
    """The settings of a parameter file, by name."""

    path: Path
    values: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=lambda: DEFAULTS)

    @classmethod
    def read(
        cls,
        path: str | Path,
        *,
        defaults: Mapping[str, str] = DEFAULTS,
        program: str = "SaTScan",
    ) -> "Parameters":
        """Read a file; its sections do not matter, for no name is in two of them."""
        path = Path(path)
        parser = configparser.ConfigParser(
            interpolation=None,
            delimiters=("=",),
            comment_prefixes=(";", "#"),
            empty_lines_in_values=False,
        )
        parser.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their capitals
        try:
            parser.read_string(decode(path), source=path.name)
        except UnicodeDecodeError as error:
            message = f"{path}: this text is in none of {', '.join(ENCODINGS)}; save it as UTF-8"
            raise DataError(message) from error
        except configparser.Error as error:
            reason = str(error).replace("\n", " ")
            message = f"{path}: this is no parameter file of {program}: {reason}"
            raise DataError(message) from error
        values: dict[str, str] = {}
        for section in parser.sections():
            for name, value in parser.items(section):
                if values.setdefault(name, value) != value:
                    message = f"{path}: {name} is there with two values, {values[name]} and {value}"
                    raise DataError(message)
        if not values:
            message = f"{path}: this is no parameter file of {program}: there are no settings in it"
            raise DataError(message)
        stripped = {name: value.strip() for name, value in values.items()}
        return cls(path, stripped, defaults)

    def text(self, name: str) -> str:
        """Return a setting as it is."""
        return self.values.get(name) or self.defaults.get(name, "")

    def choice(self, name: str, choices: Mapping[str, T]) -> T:
        """Return what a setting stands for."""
        value = self.text(name)
        key = value.lower()
        if key not in choices:
            self.refuse(name, f"must be one of {', '.join(choices)}")
        return choices[key]

    def flag(self, name: str) -> bool:
        """Return a setting that is y or n."""
        return self.choice(name, FLAGS)

    def whole(self, name: str) -> int:
        """Return a setting that is a whole number."""
        try:
            return int(self.text(name))
        except ValueError:
            self.refuse(name, "must be a whole number")

    def number(self, name: str) -> float:
        """Return a setting that is a number."""
        try:
            return float(self.text(name))
        except ValueError:
            self.refuse(name, "must be a number")

    def file(self, name: str) -> Path | None:
        """Return the path of a file, relative ones from the folder of the parameter file."""
        value = self.text(name).replace("\\", "/")
        return self.path.parent / value if value else None

    def refuse(self, name: str, reason: str) -> NoReturn:
        """Raise an error that names a setting."""
        message = f"{self.path}: {name}={self.text(name)} {reason}"
        raise DataError(message)
