"""Runs, their params and tags. Owner: ingest. Readers: query, artifact, registry.

A run has two ids: the public `uuid` of the wire, and a small integer that rows of params, tags and series
carry. Likewise a key's text is stored once, in `key`. In MLflow's own database every metric row carries
both texts: 482 bytes a point were measured.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import Base, BigId
from trackhelm_core.limits import KEY_LENGTH
from trackhelm_domain.tables.lifecycle import LifecycleStage

RUN_ID_LENGTH = 32

CLUSTERED = {"sqlite_with_rowid": False}
"""SQLite keeps the rows in the order of the primary key, without a second tree beside it: a run's rows lie
together. Measured on 400,000 params: a page of runs and a filter read them in a third of the time."""


class Key(Base):
    """The text of a key of metrics, params or tags. Never updated or deleted: processes cache the ids."""

    __tablename__ = "key"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)


class Run(Base):
    """A run. Times are milliseconds since the epoch.

    It is finalized after it has ended: its snapshot and the indexed values of its series then say what it
    holds. A write to a finalized run, or a change of its tags, reopens it in the same transaction; what is
    left of the snapshot and those values then counts for nothing. See docs/decisions/0017.
    """

    __tablename__ = "run"
    __table_args__ = (
        # A page of an experiment in the default order is one walk of this index.
        Index("ix_run_page", "experiment_id", "lifecycle_stage", text("start_time DESC"), "uuid"),
        # Finds runs that were deleted for good and whose rows are still there: none, nearly always.
        Index(
            "ix_run_purged",
            "id",
            sqlite_where=text(f"lifecycle_stage = '{LifecycleStage.PURGED}'"),
            postgresql_where=text(f"lifecycle_stage = '{LifecycleStage.PURGED}'"),
        ),
        # Few are, at any time: a search looks these up one by one, and the others by their indexed values.
        Index(
            "ix_run_not_finalized",
            "experiment_id",
            sqlite_where=text("finalized = 0"),
            postgresql_where=text("NOT finalized"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(RUN_ID_LENGTH), unique=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    name: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10))
    start_time: Mapped[int] = mapped_column(BigInteger)
    end_time: Mapped[int | None] = mapped_column(BigInteger)
    lifecycle_stage: Mapped[str] = mapped_column(String(10))
    deleted_time: Mapped[int | None] = mapped_column(BigInteger)
    artifact_uri: Mapped[str] = mapped_column(Text)
    finalized: Mapped[bool] = mapped_column(server_default=false(), default=False)


class RunSnapshot(Base):
    """What was logged to a finalized run, in one value: see `trackhelm_domain.runs.snapshots`.

    `pairs` are the digests of its params and tags, on PostgreSQL only: SQLite has no index of members.
    """

    __tablename__ = "run_snapshot"
    __table_args__ = (
        # Documents of another version are finalized anew, and until then found by other ways.
        Index("ix_run_snapshot_version", "version", "run_id"),
    )

    run_id: Mapped[int] = mapped_column(
        ForeignKey("run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(SmallInteger)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    pairs: Mapped[Sequence[uuid.UUID] | None] = mapped_column(ARRAY(Uuid).with_variant(LargeBinary, "sqlite"))


Index(
    "ix_run_snapshot_pairs",
    RunSnapshot.pairs,
    postgresql_using="gin",
    # It would else gather new entries in a list that every search reads to its end.
    postgresql_with={"fastupdate": "off"},
).ddl_if(dialect="postgresql")


class RunParam(Base):
    """A param of a run: written once, never changed."""

    __tablename__ = "run_param"
    __table_args__ = CLUSTERED

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("key.id"), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class RunTag(Base):
    """A tag of a run."""

    __tablename__ = "run_tag"
    __table_args__ = CLUSTERED

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("key.id"), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
