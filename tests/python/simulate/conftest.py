"""Reports that several files look at."""

import pytest

from enteroscan.simulate import District, Outbreak, SimulatedReports

SEED = 20240630
OUTBREAKS = (
    Outbreak(agent="salmonella", start="2023-06-10 12:00", venue_type="restaurant", n_exposed=120),
    Outbreak(agent="kidney_bean", start="2023-09-12", venue_type="school_canteen", size=60),
    Outbreak(agent="mushroom_hepatic", start="2023-07-08 18:00", venue_type="home", size=6),
    Outbreak(
        agent="nitrite", start="2023-03-01", brand="晨露", duration_days=14, size=40, food="卤肉"
    ),
    Outbreak(agent="norovirus", start="2023-12-01 12:00", venue_type="workplace_canteen", size=80),
)


@pytest.fixture(scope="session")
def year() -> SimulatedReports:
    """A year of a large district without outbreaks."""
    spec = District(cases_per_year=20_000)
    return spec.simulate(start="2023-01-01", end="2023-12-31", random_state=SEED)


@pytest.fixture(scope="session")
def with_outbreaks() -> SimulatedReports:
    """A year of a small district with outbreaks of all kinds."""
    spec = District(cases_per_year=800)
    return spec.simulate(
        start="2023-01-01", end="2023-12-31", outbreaks=OUTBREAKS, random_state=SEED
    )
