"""How the tables of the ledger came to their form, step by step (Alembic)."""

HEAD = "0001"  # the last step
