"""MLflow 3's logged models, and their uses by runs as inputs and outputs.

Owner of the models: registry. Owner of the two link tables: ingest, which accepts a run's inputs and outputs.
Readers of all: query, artifact.
"""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import Base, BigId
from trackhelm_core.limits import KEY_LENGTH
from trackhelm_domain.tables.runs import RUN_ID_LENGTH

MODEL_ID_LENGTH = 64


class LoggedModel(Base):
    """A model that a run (or a script without one) logged. Times are milliseconds since the epoch.

    `source_run_id` is the public id that the client sent, because a model may outlive its run.
    """

    __tablename__ = "logged_model"
    __table_args__ = (Index("ix_logged_model_page", "experiment_id", "creation_timestamp"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    model_id: Mapped[str] = mapped_column(String(MODEL_ID_LENGTH), unique=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    name: Mapped[str] = mapped_column(Text)
    model_type: Mapped[str | None] = mapped_column(Text)
    source_run_id: Mapped[str | None] = mapped_column(String(RUN_ID_LENGTH), index=True)
    status: Mapped[str] = mapped_column(String(32))
    status_message: Mapped[str | None] = mapped_column(Text)
    artifact_uri: Mapped[str] = mapped_column(Text)
    creation_timestamp: Mapped[int] = mapped_column(BigInteger)
    last_updated_timestamp: Mapped[int] = mapped_column(BigInteger)
    lifecycle_stage: Mapped[str] = mapped_column(String(10))


class LoggedModelParam(Base):
    """A param of a logged model: written once, never changed."""

    __tablename__ = "logged_model_param"

    logged_model_id: Mapped[int] = mapped_column(
        ForeignKey("logged_model.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class LoggedModelTag(Base):
    """A tag of a logged model."""

    __tablename__ = "logged_model_tag"

    logged_model_id: Mapped[int] = mapped_column(
        ForeignKey("logged_model.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class RunModelInput(Base):
    """The use of a logged model as an input. `model_id` is what the client sent; the model need not exist.

    `position` is its place among the inputs of the run.
    """

    __tablename__ = "run_model_input"
    __table_args__ = (Index("ix_run_model_input_model_id", "model_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[str] = mapped_column(String(MODEL_ID_LENGTH), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)


class RunModelOutput(Base):
    """A logged model that a run made at a step. `model_id` and `position` are as in `RunModelInput`."""

    __tablename__ = "run_model_output"
    __table_args__ = (Index("ix_run_model_output_model_id", "model_id"),)

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[str] = mapped_column(String(MODEL_ID_LENGTH), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
