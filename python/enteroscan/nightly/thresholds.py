"""From which recurrence interval on a finding is a signal, by stream and detector."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from enteroscan._language import Texts
from enteroscan.errors import SpecError
from enteroscan.nightly.config import Config
from enteroscan.nightly.detect import StreamResult
from enteroscan.nightly.finding import Finding

__all__ = ["Thresholds", "load_thresholds", "name_of"]


def name_of(stream: str, detector: str) -> str:
    """Return the name under which a stream's detector stands in tables."""
    return f"{stream} / {detector}"


@dataclass(frozen=True)
class Thresholds:
    """Least recurrence intervals in days, by stream and detector; `otherwise` for all others.

    A count that its method calls too high without a p-value is a signal as it is.
    """

    days: Mapping[str, float] = field(default_factory=dict)
    otherwise: float = 0.0

    def of(self, stream: str, detector: str) -> float:
        """Return the threshold of a stream's detector."""
        return self.days.get(name_of(stream, detector), self.otherwise)

    def apply(self, result: StreamResult) -> StreamResult:
        """Keep the findings that are signals."""
        least = self.of(result.stream, result.detector)
        kept = tuple(one for one in result.findings if _reaches(one, least))
        return replace(result, findings=kept)


def _reaches(finding: Finding, least: float) -> bool:
    interval = finding.evidence.recurrence_interval_days
    return finding.is_count if interval is None else interval >= least


def load_thresholds(config: Config) -> Thresholds:
    """Return the thresholds of the settings, and those that were chosen for the budget.

    What a detector says itself counts first, then what the budget's file says.

    Raises
    ------
    SpecError
        The file of the budget's thresholds is damaged.
    """
    path = config.path(config.alarm.thresholds)
    days: dict[str, float] = {}
    if config.alarm.signals_a_week is not None and path.exists():
        try:
            table = json.loads(path.read_text(encoding="utf-8"))["thresholds"]
            days = {str(name): float(value) for name, value in table.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = Texts(config.output.language, "nightly")("bad_thresholds", file=path)
            raise SpecError(message) from error
    for stream in config.stream_specs:
        for name in stream.detectors:
            own = config.detectors[name].min_recurrence_interval_days
            if own is not None:
                days[name_of(stream.name, name)] = own
    return Thresholds(days, config.alarm.min_recurrence_interval_days)
