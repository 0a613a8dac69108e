"""What a detector hands on: evidence, and whom it is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from enteroscan.nightly.night import Evidence, Sentences

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """One thing that one detector of one stream found on one night.

    `members` are the numbers of the cases, each with the probability that it belongs there, if the
    detector has one. `title` says in a few words what it is.
    """

    evidence: Evidence
    members: Mapping[str, float | None]
    title: Sentences = field(default_factory=dict)

    @property
    def is_count(self) -> bool:
        """Whether it is a count that is too high, and not a group of people."""
        return self.evidence.kind == "time_series"

    @property
    def source(self) -> tuple[str, str]:
        """Stream and detector."""
        return self.evidence.stream, self.evidence.detector
