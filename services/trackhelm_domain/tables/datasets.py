"""Datasets that runs read. Owner: ingest. Readers: query, registry."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import Base, BigId
from trackhelm_core.limits import DATASET_DIGEST_LENGTH, DATASET_NAME_LENGTH, INPUT_TAG_KEY_LENGTH


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
