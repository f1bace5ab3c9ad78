"""Experiments. Owner: ingest. Readers: query, artifact, registry."""

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import LOCATION_KEY, Base, BigId
from trackhelm_core.limits import ARTIFACT_LOCATION_LENGTH, EXPERIMENT_NAME_LENGTH, KEY_LENGTH

DEFAULT_EXPERIMENT_ID = 0
"""`mlflow.start_run()` uses this experiment if none is set, so it exists from the first start."""


class Experiment(Base):
    """A named set of runs. While the experiment is in the bin, its name stays taken.

    `location_key` is the key of the artifact location: see `trackhelm_domain.locations`.
    """

    __tablename__ = "experiment"
    __table_args__ = (Index("ix_experiment_location_key", "location_key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(EXPERIMENT_NAME_LENGTH), unique=True)
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
