"""Metric series and their points. Owner: ingest. Readers: query, registry (a logged model's metrics).

A point is a column entry of a compressed chunk, never a row. What search and tables need of a series (last,
min, max, count) is folded into its row as points arrive, so they never touch history.
"""

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import Base, BigId, MetricValue

NO_LABELS_ID = 0
"""The label set of a plain point. Its series' summary covers the key's points of every label set, so that
a run has one row a key that says its last, min, max and count: what search reads."""


class LabelSet(Base):
    """A set of labels that tells apart points of one key: model, dataset, rank or node.

    `labels` is canonical JSON (sorted keys), `digest` its SHA-256: two processes that meet a set at once
    agree on its row. `model_id` is lifted out of it, because a logged model asks for its metrics.
    Never updated or deleted: processes cache the ids.
    """

    __tablename__ = "label_set"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    labels: Mapped[str] = mapped_column(Text)
    model_id: Mapped[str | None] = mapped_column(String(64), index=True)


class Series(Base):
    """The points of one run, key and label set, summarised.

    The last point is the one with the greatest (step, timestamp, value), a NaN counting as 0: MLflow's
    rule. `min_value` and `max_value` are over finite points, NULL when there is none. `count` counts
    a point that was sent twice in different requests twice, until compaction. `chunks` is how many chunks
    hold the points: many make history slow, and are merged.

    `indexed_in` and `indexed_value` are the experiment and last value of a series without labels, as of when
    its run finalized. They count only while the run is finalized.
    """

    __tablename__ = "series"
    __table_args__ = (
        # The label set before the key: a table of runs reads the series without labels of many runs, and
        # must not walk past those of a run's thousand ranks.
        UniqueConstraint("run_id", "label_set_id", "key_id"),
        # Finds the other series of a key, for its history. Partial: nearly every series has no labels.
        Index(
            "ix_series_labelled",
            "run_id",
            "key_id",
            sqlite_where=text(f"label_set_id <> {NO_LABELS_ID}"),
            postgresql_where=text(f"label_set_id <> {NO_LABELS_ID}"),
        ),
        # Finds a logged model's metrics.
        Index(
            "ix_series_label_set_id",
            "label_set_id",
            sqlite_where=text(f"label_set_id <> {NO_LABELS_ID}"),
            postgresql_where=text(f"label_set_id <> {NO_LABELS_ID}"),
        ),
        # Gives an experiment's finalized runs in the order of a metric. Its columns are written when a run
        # finalizes, never by points: an index on `last_value` would be written by every batch of them.
        Index(
            "ix_series_indexed",
            "indexed_in",
            "key_id",
            "indexed_value",
            "run_id",
            sqlite_where=text("indexed_value IS NOT NULL"),
            postgresql_where=text("indexed_value IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    key_id: Mapped[int] = mapped_column(ForeignKey("key.id"))
    label_set_id: Mapped[int] = mapped_column(ForeignKey("label_set.id"))
    last_step: Mapped[int] = mapped_column(BigInteger)
    last_timestamp: Mapped[int] = mapped_column(BigInteger)
    last_value: Mapped[float] = mapped_column(MetricValue, nullable=True)
    min_value: Mapped[float | None]
    max_value: Mapped[float | None]
    count: Mapped[int] = mapped_column(BigInteger)
    nonfinite_count: Mapped[int] = mapped_column(BigInteger)
    chunks: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    indexed_in: Mapped[int | None] = mapped_column(BigInteger)
    indexed_value: Mapped[float | None]


class MetricChunk(Base):
    """Points of one series in the form of `trackhelm_core.chunks`; bounds are inclusive."""

    __tablename__ = "metric_chunk"
    # A page of history is by time: the index gives a series' chunks in the order in which they are needed.
    __table_args__ = (Index("ix_metric_chunk_time", "series_id", "min_timestamp"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    min_step: Mapped[int] = mapped_column(BigInteger)
    max_step: Mapped[int] = mapped_column(BigInteger)
    min_timestamp: Mapped[int] = mapped_column(BigInteger)
    max_timestamp: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class PartitionPosition(Base):
    """How far a partition of the queue is stored: the id of the last entry in it.

    Moved in the transaction that stores the entries up to it, so no entry is stored twice or left out.
    """

    __tablename__ = "partition_position"

    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)


class JournalEntry(Base):
    """An accepted request's points, not yet stored as chunks: the queue of a server without Redis.

    Its id is given by the database, grows, and is never given again. It is deleted by the transaction that
    stores its points. One that cannot be stored is kept with the reason, as a dead letter, until somebody
    deletes it.
    """

    __tablename__ = "metric_journal"
    # Without it SQLite gives ids of deleted rows again.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None] = mapped_column(Text)
