"""What was stated before a run, what proves it, and the value of each process pair."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for runs of before, and the table of artifacts."""
    for name in ("statements", "evidence"):
        op.add_column("bolt_runs", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("bolt_runs", sa.Column("measured", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bolt_comparisons", sa.Column("pair_values", sa.Text(), nullable=True))
    run = sa.ForeignKey("bolt_runs.id", name="fk_bolt_artifacts_run_bolt_runs", ondelete="CASCADE")
    op.create_table(
        "bolt_artifacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), run, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_artifacts"),
    )
    op.create_index("ix_bolt_artifacts_run", "bolt_artifacts", ["run"])
