"""Experiments and their lifecycle, runs, their params and tags, the datasets that they read, and files.

Owner: ingest. Readers: query, artifact, registry. Saved views and the tables of files, at the end, name other
owners.

A run has two ids: the public `uuid` of the API, and a small integer by which rows of params, tags and series
refer to it. In the same way the text of a key is stored once, in `key`. In MLflow's own database every metric
row has both texts: 482 bytes for each point were measured.
"""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    SQLColumnExpression,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import LOCATION_KEY, Base, BigId
from trackhelm_core.limits import (
    ACTOR_NAME_LENGTH,
    ARTIFACT_LOCATION_LENGTH,
    DATASET_DIGEST_LENGTH,
    DATASET_NAME_LENGTH,
    EXPERIMENT_NAME_LENGTH,
    INPUT_TAG_KEY_LENGTH,
    KEY_LENGTH,
    OBJECT_KEY_BYTES,
    SAVED_VIEW_NAME_LENGTH,
    SOURCE_ADDRESS_LENGTH,
)


class LifecycleStage(StrEnum):
    """Whether an experiment, run or logged model is in use or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"
    PURGED = "purged"
    """The stage of a run that was deleted for good and still has rows, but no longer its public id."""


DEFAULT_EXPERIMENT_ID = 0
"""`mlflow.start_run()` uses this experiment if none is set, so it exists from the first start."""


class Experiment(Base):
    """A named set of runs in one workspace; it leaves that only when the workspace is deleted without it.

    In the bin, its name stays taken.

    `location_key` is the key of the artifact location: see `trackhelm_domain.locations`.
    """

    __tablename__ = "experiment"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        Index("ix_experiment_location_key", "location_key"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    workspace_id: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    name: Mapped[str] = mapped_column(String(EXPERIMENT_NAME_LENGTH))
    artifact_location: Mapped[str] = mapped_column(String(ARTIFACT_LOCATION_LENGTH))
    location_key: Mapped[str | None] = mapped_column(LOCATION_KEY)
    lifecycle_stage: Mapped[str] = mapped_column(String(10))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    last_update_time: Mapped[int] = mapped_column(BigInteger)


class ExperimentTag(Base):
    """A tag of an experiment."""

    __tablename__ = "experiment_tag"

    experiment_id: Mapped[int] = mapped_column(
        ForeignKey("experiment.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


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
    its series. Logging anything but metrics takes the mark back likewise. See docs/decisions/0024. No
    run is both.

    Its source is the address from which it was created or last resumed, and when, by the server's clock:
    what the watcher finds its pod by. Runs of versions before have none.
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
        # Finds the runs that go on, which the watcher reads again and again among all that have ended.
        Index(
            "ix_run_running",
            "id",
            sqlite_where=text("status = 'RUNNING'"),
            postgresql_where=text("status = 'RUNNING'"),
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
    source_address: Mapped[str | None] = mapped_column(String(SOURCE_ADDRESS_LENGTH))
    source_time: Mapped[int | None] = mapped_column(BigInteger)


class RunSnapshot(Base):
    """What was logged to a run, in one value: see `trackhelm_domain.runs.messages`.

    `pairs` are the digests of its params and tags, on PostgreSQL only: SQLite cannot index members of a list.

    `metrics` are the last points of a run that goes on, which its document lacks: those in `series.last_json`
    behind each other. On SQLite only, and not if they are long: PostgreSQL would write all of the row anew
    with each batch of points. Triggers remove what a change of a series makes stale. Where there is none, a
    page joins those of the series.
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
    metrics: Mapped[str | None] = mapped_column(Text)
    pairs: Mapped[Sequence[uuid.UUID] | None] = mapped_column(ARRAY(Uuid).with_variant(LargeBinary, "sqlite"))


Index(
    "ix_run_snapshot_pairs",
    RunSnapshot.pairs,
    postgresql_using="gin",
    # Otherwise the index would gather new entries in a list that every search reads completely.
    postgresql_with={"fastupdate": "off"},
).ddl_if(dialect="postgresql")


_BEGINNING: Final = 32


def beginning_of(value: SQLColumnExpression[str]) -> ColumnElement[str]:
    """Return the beginning of the value of a param or tag. SQLite has an index of it: values may be long."""
    return func.substr(value, literal_column("1"), literal_column(str(_BEGINNING)))


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


for _model in (RunParam, RunTag):
    # PostgreSQL has digests of finalized runs, and statistics by which it chooses.
    _name = f"ix_{_model.__tablename__}_value"
    Index(_name, _model.key_id, beginning_of(_model.value)).ddl_if(dialect="sqlite")


class Dataset(Base):
    """A dataset as it was first described: one row for each name and digest in an experiment."""

    __tablename__ = "dataset"
    __table_args__ = (
        UniqueConstraint("experiment_id", "name", "digest"),
        # Finds the same data in other experiments.
        Index("ix_dataset_digest", "digest", "name"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    name: Mapped[str] = mapped_column(String(DATASET_NAME_LENGTH))
    digest: Mapped[str] = mapped_column(String(DATASET_DIGEST_LENGTH))
    source_type: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    schema: Mapped[str | None] = mapped_column(Text)
    profile: Mapped[str | None] = mapped_column(Text)


class RunDataset(Base):
    """The use of a dataset by a run. Ids grow, so the uses of a run are answered in the order of logging."""

    __tablename__ = "run_dataset"
    __table_args__ = (UniqueConstraint("run_id", "dataset_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"), index=True)


class RunDatasetTag(Base):
    """A tag of the use of a dataset, such as `mlflow.data.context`."""

    __tablename__ = "run_dataset_tag"

    run_dataset_id: Mapped[int] = mapped_column(
        ForeignKey("run_dataset.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(INPUT_TAG_KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class SavedView(Base):
    """A view of an experiment's runs that somebody saved under a name. Owner: query. Times in milliseconds.

    `state` is a JSON object of the web UI: filter, order, columns, groups, charts.
    """

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("experiment_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(32), unique=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(SAVED_VIEW_NAME_LENGTH))
    state: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    updated_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    last_update_time: Mapped[int] = mapped_column(BigInteger)


# The checksum index of the files in the store, and tombstones of files that are to be deleted.
#
# Owner of `artifact_record`: artifact. `artifact_tombstone` has several writers: a service that deletes
# something for good calls `trackhelm_domain.deletion`, and artifact deletes the files and then the row.

KEY_TEXT = String(OBJECT_KEY_BYTES).with_variant(String(OBJECT_KEY_BYTES, collation="C"), "postgresql")
"""A key in the store. Compared by bytes on both databases, so that all below a directory is one range."""


class ArtifactRecord(Base):
    """A file in the server's own store, as it was when it was stored.

    `sha256` is NULL if the server has never seen the bytes, because a client sent them to the store directly.
    `etag` is the store's tag, by which the recorded version differs from one that has replaced it.
    `recorded_time` is in milliseconds since the epoch.
    """

    __tablename__ = "artifact_record"
    __table_args__ = CLUSTERED

    key: Mapped[str] = mapped_column(KEY_TEXT, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    etag: Mapped[str] = mapped_column(Text)
    recorded_time: Mapped[int] = mapped_column(BigInteger)


class ArtifactTombstone(Base):
    """The files of something that was deleted for good, until they are deleted. Time in milliseconds."""

    __tablename__ = "artifact_tombstone"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity_type: Mapped[str] = mapped_column(String(30))
    entity_id: Mapped[str] = mapped_column(String(64))
    artifact_uri: Mapped[str] = mapped_column(Text)
    deleted_time: Mapped[int] = mapped_column(BigInteger)
