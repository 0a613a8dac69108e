"""Describing a cluster: when, who, where, what they ate, which agent, one source or many."""

from enteroscan.investigation._answers import food_histories
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

__all__ = [
    "DoseResponse",
    "case_comparison",
    "case_control_table",
    "cohort_table",
    "dose_response",
    "food_histories",
    "food_history_test",
    "mid_p_interval",
    "mid_p_value",
    "stratified_table",
    "vehicle_table",
]
