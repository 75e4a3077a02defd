"""Seekers, their facts, and the store's own secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "memory_secrets",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "memory_seekers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "memory_facts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "seeker_id",
            sa.String(64),
            sa.ForeignKey("memory_seekers.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("sentence", sa.LargeBinary, nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True)),
        sa.Column(
            "superseded_by", sa.Integer, sa.ForeignKey("memory_facts.id", ondelete="SET NULL")
        ),
        sqlite_autoincrement=True,  # a number is not given twice: buttons name facts by it
    )
    current = sa.text("superseded_at IS NULL")
    op.create_index(
        "memory_facts_current",
        "memory_facts",
        ["seeker_id", "form"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index("ix_memory_facts_seeker_id", "memory_facts", ["seeker_id"])
    op.create_index("ix_memory_facts_confirmed_at", "memory_facts", ["confirmed_at"])


def downgrade() -> None:
    """Drop them."""
    for table in ("memory_facts", "memory_seekers", "memory_secrets"):
        op.drop_table(table)
