"""Runs, their params and tags. Owner: ingest. Readers: query, artifact, registry.

A run has two ids: the public `uuid` of the API, and a small integer by which rows of params, tags and series
refer to it. In the same way the text of a key is stored once, in `key`. In MLflow's own database every metric
row has both texts: 482 bytes for each point were measured.
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
"""SQLite keeps the rows in the order of the primary key, without a separate B-tree for it, so that the rows
of a run are stored together. Measured with 400,000 params, a page of runs and a filter took a third of the
time."""


class Key(Base):
    """The text of a key of metrics, params or tags. Never updated or deleted, because processes cache ids."""

    __tablename__ = "key"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)


class Run(Base):
    """A run. Times are milliseconds since the epoch.

    It is finalized after it has ended: its snapshot and the indexed values of its series then say what it
    holds. A write to a finalized run, or a change of its tags, reopens it in the same transaction; what is
    left of the snapshot and those values then counts for nothing. See docs/decisions/0017.

    It is documented when it goes on, its document has all but its metrics, and those are in `last_json` of
    its series. Whoever logs anything but metrics takes the mark back likewise. See docs/decisions/0024. No
    run is both.
    """

    __tablename__ = "run"
    __table_args__ = (
        # A page of an experiment in the default order is one range of this index.
        Index("ix_run_page", "experiment_id", "lifecycle_stage", text("start_time DESC"), "uuid"),
        # Finds runs that were deleted for good but still have their rows. Nearly always there are none.
        Index(
            "ix_run_purged",
            "id",
            sqlite_where=text(f"lifecycle_stage = '{LifecycleStage.PURGED}'"),
            postgresql_where=text(f"lifecycle_stage = '{LifecycleStage.PURGED}'"),
        ),
        # At any time only a few runs match: a search looks these up one by one, and the others by their
        # indexed values.
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
    documented: Mapped[bool] = mapped_column(server_default=false(), default=False)


class RunSnapshot(Base):
    """What was logged to a run, in one value: see `trackhelm_domain.runs.snapshots`.

    `pairs` are the digests of its params and tags, on PostgreSQL only: SQLite cannot index members of a list.
    """

    __tablename__ = "run_snapshot"
    __table_args__ = (
        # Finds documents of another version: their runs are finalized again, and are found by other
        # conditions until then.
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
    # Otherwise the index would gather new entries in a list that every search reads completely.
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
