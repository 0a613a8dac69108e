"""Describing a cluster: when, who, where, what they ate, which agent, one source or many.

Functions take plain frames, one row a person; `describe` does all of it for case reports.
"""

from enteroscan.investigation._agents import AgentRanking, rank_agents
from enteroscan.investigation._answers import food_histories
from enteroscan.investigation._describe import Investigation, describe
from enteroscan.investigation._foods import (
    DoseResponse,
    case_comparison,
    case_control_table,
    cohort_table,
    dose_response,
    food_history_test,
    mid_p_interval,
    mid_p_value,
    stratified_table,
    vehicle_table,
)
from enteroscan.investigation._people import person_place_time
from enteroscan.investigation._source import SourceJudgement, judge_source
from enteroscan.investigation._time import (
    EpidemicCurve,
    ExposureWindow,
    candidate_meals,
    epidemic_curve,
    exposure_window,
)

__all__ = [
    "AgentRanking",
    "DoseResponse",
    "EpidemicCurve",
    "ExposureWindow",
    "Investigation",
    "SourceJudgement",
    "candidate_meals",
    "case_comparison",
    "case_control_table",
    "cohort_table",
    "describe",
    "dose_response",
    "epidemic_curve",
    "exposure_window",
    "food_histories",
    "food_history_test",
    "judge_source",
    "mid_p_interval",
    "mid_p_value",
    "person_place_time",
    "rank_agents",
    "stratified_table",
    "vehicle_table",
]
