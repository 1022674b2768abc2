"""What the base differed by from itself in a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty for runs of before."""
    op.add_column("bolt_runs", sa.Column("control", sa.Text(), nullable=True))
