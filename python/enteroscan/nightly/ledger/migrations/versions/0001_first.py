"""The first form of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "night",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("recorded", MOMENT, nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("n_news", sa.Integer(), nullable=False),
        sa.Column("n_cases", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", name="pk_night"),
    )
    op.create_table(
        "stream",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("n_cases", sa.Integer(), nullable=False),
        sa.Column("n_usable", sa.Integer(), nullable=False),
        sa.Column("n_signals", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("spec", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "stream", "detector", name="pk_stream"),
        sa.ForeignKeyConstraint(["as_of"], ["night.as_of"], name="fk_stream_as_of"),
    )
    op.create_table(
        "signal",
        sa.Column("signal_id", sa.String(32), nullable=False),
        sa.Column("first_night", sa.Date(), nullable=False),
        sa.Column("last_found", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("told_p", sa.Double(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("merged_into", sa.String(32), nullable=True),
        sa.Column("split_from", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("signal_id", name="pk_signal"),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["signal.signal_id"], name="fk_signal_merged_into"
        ),
        sa.ForeignKeyConstraint(["split_from"], ["signal.signal_id"], name="fk_signal_split_from"),
    )
    op.create_table(
        "history",
        sa.Column("signal_id", sa.String(32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("news", sa.String(16), nullable=False),
        sa.Column("n_cases", sa.Integer(), nullable=False),
        sa.Column("n_new_cases", sa.Integer(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("recurrence_interval_days", sa.Double(), nullable=True),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id", "as_of", name="pk_history"),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.signal_id"], name="fk_history_signal_id"),
        sa.ForeignKeyConstraint(["as_of"], ["night.as_of"], name="fk_history_as_of"),
    )
    op.create_table(
        "member",
        sa.Column("signal_id", sa.String(32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id", "as_of", "case_id", name="pk_member"),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.signal_id"], name="fk_member_signal_id"),
        sa.ForeignKeyConstraint(["as_of"], ["night.as_of"], name="fk_member_as_of"),
    )
    op.create_index("ix_member_as_of", "member", ["as_of"])
    op.create_table(
        "evidence",
        sa.Column("signal_id", sa.String(32), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id", "as_of", "position", name="pk_evidence"),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.signal_id"], name="fk_evidence_signal_id"),
        sa.ForeignKeyConstraint(["as_of"], ["night.as_of"], name="fk_evidence_as_of"),
    )
    op.create_table(
        "verdict",
        sa.Column("verdict_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("signal_id", sa.String(32), nullable=False),
        sa.Column("when", MOMENT, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("verdict_id", name="pk_verdict"),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.signal_id"], name="fk_verdict_signal_id"),
    )
    op.create_index("ix_verdict_signal_id", "verdict", ["signal_id"])
    op.create_table(
        "outbox",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("attempted", MOMENT, nullable=True),
        sa.Column("sent", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_outbox"),
        sa.ForeignKeyConstraint(["as_of"], ["night.as_of"], name="fk_outbox_as_of"),
    )
