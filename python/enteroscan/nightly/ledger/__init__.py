"""What the job remembers: an SQL database, SQLite or PostgreSQL.

>>> with open_ledger("night.toml") as ledger:  # doctest: +SKIP
...     ledger.review("20240610-1", verdict="outbreak", who="duty officer")
"""

from enteroscan.nightly.ledger._database import LedgerError
from enteroscan.nightly.ledger._ledger import Ledger, Verdict, open_ledger

__all__ = ["Ledger", "LedgerError", "Verdict", "open_ledger"]
