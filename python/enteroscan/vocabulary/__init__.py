"""Names and codes of symptoms, agents, foods and venues, and the spellings that mean them.

The tables are CSV files that come with the package; a folder of your own overrides and extends
them (`load`). `sources()` says where each comes from and whether it was verified.
"""

import pandas as pd

from enteroscan.vocabulary._foods import match_foods, normalise_food, split_foods
from enteroscan.vocabulary._merge import (
    apply_merges,
    merge_similar,
    read_aliases,
    write_aliases,
)
from enteroscan.vocabulary._tables import TableName, Vocabulary, load
from enteroscan.vocabulary._text import normalise_text
from enteroscan.vocabulary._venues import match_venues, normalise_venue

__all__ = [
    "TableName",
    "Vocabulary",
    "agent_symptoms",
    "agents",
    "apply_merges",
    "diagnoses",
    "food_classes",
    "foods",
    "load",
    "match_foods",
    "match_venues",
    "merge_similar",
    "normalise_food",
    "normalise_text",
    "normalise_venue",
    "packagings",
    "read_aliases",
    "residence_classes",
    "result_words",
    "sources",
    "specimen_types",
    "split_foods",
    "stool_types",
    "symptoms",
    "venue_types",
    "venues",
    "write_aliases",
]


def symptoms() -> pd.DataFrame:
    """Return the symptoms, those of the national case form first in its order."""
    return load().table("symptoms")


def stool_types() -> pd.DataFrame:
    """Return what stools look like (腹泻性状)."""
    return load().table("stool_types")


def agents() -> pd.DataFrame:
    """Return the agents with their incubation in hours, symptoms and vehicles."""
    return load().table("agents")


def agent_symptoms() -> pd.DataFrame:
    """Return the share of the cases of an agent that have a symptom."""
    return load().table("agent_symptoms")


def food_classes() -> pd.DataFrame:
    """Return the food classes of the case form (食品分类)."""
    return load().table("food_classes")


def foods() -> pd.DataFrame:
    """Return the foods, a tree under the food classes."""
    return load().table("foods")


def packagings() -> pd.DataFrame:
    """Return how foods were made or packed (加工或包装方式)."""
    return load().table("packagings")


def venue_types() -> pd.DataFrame:
    """Return the kinds of places where people eat or buy (进食场所类型, 购买场所类型)."""
    return load().table("venue_types")


def venues() -> pd.DataFrame:
    """Return chains of venues, by venue type."""
    return load().table("venues")


def residence_classes() -> pd.DataFrame:
    """Return where patients belong (患者属于)."""
    return load().table("residence_classes")


def specimen_types() -> pd.DataFrame:
    """Return what is sampled (标本类型)."""
    return load().table("specimen_types")


def result_words() -> pd.DataFrame:
    """Return the words for results of the laboratory (检验结果)."""
    return load().table("result_words")


def diagnoses() -> pd.DataFrame:
    """Return the first diagnoses of the case form (初步诊断)."""
    return load().table("diagnoses")


def sources() -> pd.DataFrame:
    """Return where every table comes from, its version, and whether it was verified."""
    return load().sources.copy()
