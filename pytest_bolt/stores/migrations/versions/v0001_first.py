"""The first schema: runs, environments, cases, records, rounds, comparisons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _create_places()
    _create_runs()
    _create_records()
    _create_comparisons()


def _create_places() -> None:
    op.create_table(
        "bolt_fingerprints",
        _number("id"),
        _short("digest", 32),
        _text("parts"),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_fingerprints"),
        sa.UniqueConstraint("digest", name="uq_bolt_fingerprints_digest"),
    )
    op.create_table(
        "bolt_environments",
        _number("id"),
        _short("digest", 32),
        _number("fingerprint_id"),
        _text("facts"),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_environments"),
        sa.UniqueConstraint("digest", name="uq_bolt_environments_digest"),
        _reference("environments", "fingerprint_id", "fingerprints"),
    )
    op.create_table(
        "bolt_revisions",
        _number("id"),
        _short("digest", 32),
        _text("commit_hash"),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        *(_text(name) for name in ("diff_hash", "name", "branch", "subject")),
        _text("trailers", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_revisions"),
        sa.UniqueConstraint("digest", name="uq_bolt_revisions_digest"),
    )
    op.create_index("ix_bolt_revisions_commit_hash", "bolt_revisions", ["commit_hash"])
    op.create_table(
        "bolt_cases",
        _number("id"),
        _short("digest", 32),
        _text("key"),
        _text("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_cases"),
        sa.UniqueConstraint("digest", name="uq_bolt_cases_digest"),
    )


def _create_runs() -> None:
    op.create_table(
        "bolt_runs",
        _number("id"),
        _short("run_id", 32),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        _short("state", 16),
        _short("mode", 16),
        _number("environment_id"),
        _number("head_id"),
        _number("base_id", nullable=True),
        _text("command"),
        _text("hypothesis"),
        *(_text(name, nullable=True) for name in ("expect", "settings", "notes")),
        _number("collected", nullable=True),
        _text("host"),
        _short("process", 64),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_runs"),
        sa.UniqueConstraint("run_id", name="uq_bolt_runs_run_id"),
        _reference("runs", "environment_id", "environments"),
        _reference("runs", "head_id", "revisions"),
        _reference("runs", "base_id", "revisions"),
    )
    op.create_index("ix_bolt_runs_started", "bolt_runs", ["started"])


def _create_records() -> None:
    op.create_table(
        "bolt_records",
        *(_number(name) for name in ("id", "run", "case_id", "revision_id", "fingerprint_id")),
        _short("side", 4),
        _short("clock", 8),
        _double("time_ns", nullable=False),
        *(_text(name, nullable=True) for name in ("metrics", "warnings", "variant")),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_records"),
        sa.UniqueConstraint("run", "case_id", "side", name="uq_bolt_records_run_case_id_side"),
        _reference("records", "run", "runs", ondelete="CASCADE"),
        _reference("records", "case_id", "cases"),
        _reference("records", "revision_id", "revisions"),
        _reference("records", "fingerprint_id", "fingerprints"),
    )
    baseline, series = ["revision_id", "fingerprint_id", "case_id"], ["case_id", "fingerprint_id", "run"]
    op.create_index("ix_bolt_records_baseline", "bolt_records", baseline)
    op.create_index("ix_bolt_records_series", "bolt_records", series)
    op.create_table(
        "bolt_rounds",
        sa.Column("record_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_bolt_rounds"),
        _reference("rounds", "record_id", "records", ondelete="CASCADE"),
    )


def _create_comparisons() -> None:
    numbers = ("ratio", "ratio_low", "ratio_high", "base_ns", "head_ns", "detectable")
    op.create_table(
        "bolt_comparisons",
        *(_number(name) for name in ("id", "run", "case_id")),
        _text("variant", nullable=True),
        _short("verdict", 16),
        _double("margin", nullable=False),
        *(_double(name) for name in numbers),
        _short("clock", 8),
        _short("mode", 16),
        _text("method"),
        _number("pairs"),
        _number("quads"),
        _text("seed"),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("failed", "noise_only")),
        *(_text(name) for name in ("reason", "detail")),
        *(_text(name, nullable=True) for name in ("warnings", "metrics", "notes")),
        sa.PrimaryKeyConstraint("id", name="pk_bolt_comparisons"),
        sa.UniqueConstraint("run", "case_id", name="uq_bolt_comparisons_run_case_id"),
        _reference("comparisons", "run", "runs", ondelete="CASCADE"),
        _reference("comparisons", "case_id", "cases"),
    )


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _double(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _short(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _reference(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    name = f"fk_bolt_{table}_{column}_bolt_{target}"
    return sa.ForeignKeyConstraint([column], [f"bolt_{target}.id"], name=name, ondelete=ondelete)
