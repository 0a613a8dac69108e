"""Simulated case reports: a district to practise on, with outbreaks whose truth is known.

>>> from enteroscan.simulate import District, Outbreak
>>> wedding = Outbreak(agent="salmonella", start="2024-06-08 12:00", size=8)
>>> district = District(cases_per_year=300)
>>> reports = district.simulate(start="2024-01-01", end="2024-12-31", outbreaks=[wedding])
>>> int(reports.truth.members["person"].nunique())
8
"""

from enteroscan._workdays import working_days
from enteroscan.simulate._tables import sources
from enteroscan.simulate.district import District
from enteroscan.simulate.mess import Mess
from enteroscan.simulate.outbreak import Outbreak, random_outbreaks
from enteroscan.simulate.reports import SimulatedReports, Truth

__all__ = [
    "District",
    "Mess",
    "Outbreak",
    "SimulatedReports",
    "Truth",
    "random_outbreaks",
    "sources",
    "working_days",
]
