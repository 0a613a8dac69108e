"""How good a detector is: nights replayed as they were, and counted against a known truth.

>>> from enteroscan.evaluation import SamePlaceRule, replay_simulated, score
>>> from enteroscan.simulate import District, random_outbreaks
>>> days = {"start": "2024-04-01", "end": "2024-06-30"}
>>> reports = District(cases_per_year=300).simulate(
...     **days, outbreaks=random_outbreaks(30, **days, random_state=1), random_state=1
... )
>>> done = replay_simulated(reports, SamePlaceRule(), first="2024-05-01", last="2024-06-30")
>>> table = score([done], by="statistic", thresholds=[2, 3]).table
>>> table[["threshold", "sensitivity", "false_signals_per_month", "ppv"]]  # doctest: +SKIP
"""

from enteroscan.evaluation.detectors import LinkDetector, SamePlaceRule, ScanDetector
from enteroscan.evaluation.replay import GROUP_COLUMNS, Detector, known_on, replay
from enteroscan.evaluation.scores import Replay, Score, is_real, score, signals
from enteroscan.evaluation.simulated import (
    replay_simulated,
    to_cases,
    with_festival_food,
    with_new_hospital,
    with_surge,
)

__all__ = [
    "GROUP_COLUMNS",
    "Detector",
    "LinkDetector",
    "Replay",
    "SamePlaceRule",
    "ScanDetector",
    "Score",
    "is_real",
    "known_on",
    "replay",
    "replay_simulated",
    "score",
    "signals",
    "to_cases",
    "with_festival_food",
    "with_new_hospital",
    "with_surge",
]
