"""Metric series and their points. Owner: ingest. Readers: query, registry (a logged model's metrics).

A point is part of a compressed chunk and never a row. The summary of a series that searches and tables of
runs need (last, min, max, count) is kept in its row and updated as points arrive, so they never read the
history.
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

from trackhelm_core.db.statements import Base, BigId, MetricValue

NO_LABELS_ID = 0
"""The label set of points without labels. The summary of its series covers the key's points of every label
set, so that a run has one row for each key with the last, min, max and count that a search reads."""


class LabelSet(Base):
    """A set of labels that tells apart the points of one key: model, dataset, rank or node.

    `labels` is canonical JSON (sorted keys) and `digest` its SHA-256, so that two processes that insert a set
    at the same time agree on its row. `model_id` is also a column, by which a logged model's metrics are
    found. A row is never updated or deleted, because processes cache the ids.
    """

    __tablename__ = "label_set"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    labels: Mapped[str] = mapped_column(Text)
    model_id: Mapped[str | None] = mapped_column(String(64), index=True)


class Series(Base):
    """The points of one run, key and label set, summarised.

    The last point is the one with the greatest (step, timestamp, value), where NaN counts as 0, as in MLflow.
    `min_value` and `max_value` are taken over finite values and are NULL if there is none. `count` counts a
    point that was sent in two requests twice, until compaction. `chunks` is the number of chunks with the
    points; many chunks make reading the history slow, so they are merged.

    `last_json` is the last point in the wire's form, of a series without labels, so that a running run's
    metrics are read as one text. It may be missing unless the run is documented, and goes when it finalizes.

    `indexed_in` and `indexed_value` are the experiment and last value of a series without labels: on SQLite
    at any time, for which triggers care, and on PostgreSQL as of when its run finalized; there they count
    while the run is finalized.
    """

    __tablename__ = "series"
    __table_args__ = (
        # The label set comes before the key: a table of runs reads the series without labels of many runs,
        # and must not read those of a run's thousand ranks.
        UniqueConstraint("run_id", "label_set_id", "key_id"),
        # Finds the labelled series of a key, for its history. Partial, as nearly every series has no labels.
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
        # Returns an experiment's runs in the order of a metric. On PostgreSQL its columns are written when a
        # run is finalized, and not when points arrive: with an indexed column, a batch writes all indexes of
        # a row anew. SQLite writes only this one, which takes 2 us.
        Index(
            "ix_series_indexed",
            "indexed_in",
            "key_id",
            "indexed_value",
            "run_id",
            sqlite_where=text("indexed_value IS NOT NULL"),
            postgresql_where=text("indexed_value IS NOT NULL"),
        ),
        # Finds the keys of an experiment, together with the index above: few series end with NaN.
        Index(
            "ix_series_indexed_nan",
            "indexed_in",
            "key_id",
            sqlite_where=text("indexed_in IS NOT NULL AND indexed_value IS NULL"),
            postgresql_where=text("indexed_in IS NOT NULL AND indexed_value IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    key_id: Mapped[int] = mapped_column(ForeignKey("key.id"))
    label_set_id: Mapped[int] = mapped_column(ForeignKey("label_set.id"))
    last_step: Mapped[int] = mapped_column(BigInteger)
    last_timestamp: Mapped[int] = mapped_column(BigInteger)
    last_value: Mapped[float] = mapped_column(MetricValue, nullable=True)
    last_json: Mapped[str | None] = mapped_column(Text)
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
    # A page of history is ordered by time: the index returns a series' chunks in the order that is needed.
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
    """The position of a partition of the queue: the id of its last entry that is stored.

    It is written in the transaction that stores the entries up to it, so no entry is stored twice or skipped.
    """

    __tablename__ = "partition_position"

    partition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)


class JournalEntry(Base):
    """The points of an accepted request that are not yet stored as chunks: the queue without Redis.

    The database generates the ids, which grow and are never reused. The transaction that stores the points
    deletes the entry. An entry that cannot be stored is kept with the reason, as a dead letter, until an
    operator deletes it.
    """

    __tablename__ = "metric_journal"
    # Without it SQLite would reuse the ids of deleted rows.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None] = mapped_column(Text)
