"""Alembic's entry point; the connection comes from the ledger."""

from alembic import context

from enteroscan.nightly.ledger.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite's is: a migration is made as a whole, or not at all
)
context.run_migrations()
