"""The tables. A change here needs a migration; a test holds the two together.

Text that repeats (commits, environments, case ids) is kept once and referred to by number: a store of
1,000 commits x 1,000 benchmarks has millions of records, and their rows must stay small. The prefix keeps
the tables apart from others in a shared PostgreSQL database.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from pytest_bolt.stores.columns import AnyInteger, AnyText, Number, Phrase, Plain, UtcTime

SCHEMA_VERSION = 3
VERSION_TABLE = "bolt_version"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

fingerprints = Table(
    "bolt_fingerprints",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),  # Fingerprint.digest
    Column("parts", Plain, nullable=False),
)

environments = Table(
    "bolt_environments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),  # of all facts
    Column("fingerprint_id", ForeignKey("bolt_fingerprints.id"), nullable=False),
    Column("facts", Plain, nullable=False),
)

revisions = Table(
    "bolt_revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),  # of all fields
    Column("commit_hash", AnyText, nullable=False, index=True),
    Column("dirty", Boolean, nullable=False),
    Column("diff_hash", AnyText, nullable=False),
    Column("name", AnyText, nullable=False),
    Column("branch", AnyText, nullable=False),
    Column("subject", AnyText, nullable=False),
    Column("trailers", Plain),
)

cases = Table(
    "bolt_cases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(32), nullable=False, unique=True),  # of the key, which may be too long to index
    Column("key", AnyText, nullable=False),
    Column("detail", Plain, nullable=False),  # the whole case, as first seen
)

runs = Table(
    "bolt_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(32), nullable=False, unique=True),
    Column("started", UtcTime, nullable=False, index=True),
    Column("ended", UtcTime),
    Column("state", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("environment_id", ForeignKey("bolt_environments.id"), nullable=False),
    Column("head_id", ForeignKey("bolt_revisions.id"), nullable=False),
    Column("base_id", ForeignKey("bolt_revisions.id")),
    Column("command", Plain, nullable=False),
    Column("hypothesis", AnyText, nullable=False),
    Column("expect", Plain),
    Column("settings", Plain),
    Column("notes", Plain),
    Column("control", Plain),  # the null control, where there was one
    Column("statements", Plain),  # what was stated, stored before anything is measured
    Column("measured", UtcTime),  # when the first measurement began
    Column("evidence", Plain),
    Column("collected", Integer),  # benchmarks that the run meant to judge
    Column("host", AnyText, nullable=False),
    Column("process", String(64), nullable=False),  # process id and start, to tell running from killed
)

records = Table(
    "bolt_records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("bolt_runs.id", ondelete="CASCADE"), nullable=False),
    Column("case_id", ForeignKey("bolt_cases.id"), nullable=False),
    Column("revision_id", ForeignKey("bolt_revisions.id"), nullable=False),
    Column("fingerprint_id", ForeignKey("bolt_fingerprints.id"), nullable=False),
    Column("side", String(4), nullable=False),
    Column("clock", String(8), nullable=False),
    Column("time_ns", Number, nullable=False),  # one iteration
    Column("metrics", Plain),
    Column("warnings", Plain),
    Column("variant", Plain),  # the case, where it differs from the one first seen
    UniqueConstraint("run", "case_id", "side"),
    Index("ix_bolt_records_baseline", "revision_id", "fingerprint_id", "case_id"),
    Index("ix_bolt_records_series", "case_id", "fingerprint_id", "run"),
)

rounds = Table(
    "bolt_rounds",
    metadata,
    Column(
        "record_id",
        ForeignKey("bolt_records.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("data", LargeBinary, nullable=False),  # stores.rounds
)

comparisons = Table(
    "bolt_comparisons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("bolt_runs.id", ondelete="CASCADE"), nullable=False),
    Column("case_id", ForeignKey("bolt_cases.id"), nullable=False),
    Column("variant", Plain),
    Column("verdict", String(16), nullable=False),
    Column("margin", Number, nullable=False),
    Column("ratio", Number),
    Column("ratio_low", Number),
    Column("ratio_high", Number),
    Column("base_ns", Number),
    Column("head_ns", Number),
    Column("detectable", Number),
    Column("clock", String(8), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("method", Phrase, nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("pair_values", Plain),  # change and error of each process pair in turn, in millionths
    Column("quads", Integer, nullable=False),
    Column("seed", AnyInteger, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("noise_only", Boolean, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("detail", AnyText, nullable=False),
    Column("warnings", Plain),
    Column("metrics", Plain),
    Column("notes", Plain),
    UniqueConstraint("run", "case_id"),
)

artifacts = Table(
    "bolt_artifacts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("bolt_runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("sha256", String(64), nullable=False),  # of the content
    Column("data", LargeBinary, nullable=False),  # the content, compressed with zlib
)
