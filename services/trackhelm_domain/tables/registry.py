"""Registered models with versions, stages, aliases and approvals, and MLflow 3's logged models.

Owner: registry; but for the two tables that link runs to logged models, which ingest owns, because it accepts
a run's inputs and outputs. Readers: query, artifact.
"""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import LOCATION_KEY, Base, BigId
from trackhelm_core.limits import (
    ACTOR_NAME_LENGTH,
    ALIAS_LENGTH,
    FOREIGN_ID_LENGTH,
    KEY_LENGTH,
    REGISTERED_MODEL_NAME_LENGTH,
)
from trackhelm_domain.tables.runs import RUN_ID_LENGTH


class Stage(StrEnum):
    """A stage of a version, as it is stored and answered. In requests it is case-insensitive."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


class RegisteredModel(Base):
    """A registered model. Times are milliseconds since the epoch.

    `next_version` is the number of the next version. A number is never reused, even if its version is
    deleted.
    """

    __tablename__ = "registered_model"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    workspace_id: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    name: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH))
    description: Mapped[str] = mapped_column(Text)
    creation_timestamp: Mapped[int] = mapped_column(BigInteger)
    last_updated_timestamp: Mapped[int] = mapped_column(BigInteger)
    next_version: Mapped[int] = mapped_column(Integer)


class RegisteredModelTag(Base):
    """A tag of a registered model."""

    __tablename__ = "registered_model_tag"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class ModelVersion(Base):
    """A version of a registered model.

    `source` is the URI as it was registered. `storage_location` is the location of the files to which it was
    resolved then, and `location_key` the key of that location.
    When a version is deleted, its row is deleted, and its number is not reused.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        Index("uq_model_version_number", "registered_model_id", "version", unique=True),
        # The newest version of a stage is the end of one range of this index.
        Index("ix_model_version_stage", "registered_model_id", "current_stage", "version"),
        # A page of a model's versions in the default order is one range of this index.
        Index("ix_model_version_page", "registered_model_id", "last_updated_timestamp", "version"),
        Index("ix_model_version_run_id", "run_id"),
        # Finds the versions that were made from a logged model.
        Index("ix_model_version_model_id", "model_id"),
        Index("ix_model_version_updated", "last_updated_timestamp"),
        Index("ix_model_version_location_key", "location_key"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    registered_model_id: Mapped[int] = mapped_column(ForeignKey("registered_model.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(Text)
    current_stage: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(Text)
    storage_location: Mapped[str] = mapped_column(Text)
    location_key: Mapped[str | None] = mapped_column(LOCATION_KEY)
    run_id: Mapped[str | None] = mapped_column(String(FOREIGN_ID_LENGTH))
    run_link: Mapped[str] = mapped_column(Text)
    model_id: Mapped[str | None] = mapped_column(String(FOREIGN_ID_LENGTH))
    creation_timestamp: Mapped[int] = mapped_column(BigInteger)
    last_updated_timestamp: Mapped[int] = mapped_column(BigInteger)


class ModelVersionTag(Base):
    """A tag of a version."""

    __tablename__ = "model_version_tag"

    model_version_id: Mapped[int] = mapped_column(
        ForeignKey("model_version.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


INDEXED_LENGTH = 100
"""The first characters of a tag's value that are indexed, because an index cannot hold long values."""

INDEXED_VALUE = func.substr(ModelVersionTag.value, text("1"), text(str(INDEXED_LENGTH)))

Index("ix_model_version_tag_value", ModelVersionTag.key, INDEXED_VALUE)


class RegisteredModelAlias(Base):
    """A name for one version of a model; setting it again moves it."""

    __tablename__ = "registered_model_alias"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[str] = mapped_column(String(ALIAS_LENGTH), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


PENDING = "pending"
"""The status of a request that is not decided yet."""


class Protection(Base):
    """A protection of a stage or alias: another actor must approve its change. `*` means all of the kind."""

    __tablename__ = "registry_protection"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    target: Mapped[str] = mapped_column(String(ALIAS_LENGTH), primary_key=True)


class ApprovalRequest(Base):
    """A change of something protected, and its decision. Times are milliseconds since the epoch.

    `move` is the change as JSON; two requests for the same change have the same text. A request outlives its
    model and then has only the name, which has followed every renaming.
    """

    __tablename__ = "approval_request"
    __table_args__ = (
        Index(
            "uq_approval_request_pending",
            "registered_model_id",
            "move",
            unique=True,
            postgresql_where=text(f"status = '{PENDING}'"),
            sqlite_where=text(f"status = '{PENDING}'"),
        ),
        Index("ix_approval_request_model", "model_name", "id"),
        Index("ix_approval_request_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    registered_model_id: Mapped[int | None] = mapped_column(
        ForeignKey("registered_model.id", ondelete="SET NULL")
    )
    workspace_id: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    model_name: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH))
    action: Mapped[str] = mapped_column(String(30))
    move: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    requested_by_kind: Mapped[str] = mapped_column(String(20))
    requested_at: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(ACTOR_NAME_LENGTH))
    decided_by_kind: Mapped[str | None] = mapped_column(String(20))
    decided_at: Mapped[int | None] = mapped_column(BigInteger)
    decision_comment: Mapped[str | None] = mapped_column(Text)


class AliasHistory(Base):
    """The versions to which an alias was set, in order: the highest position is the newest."""

    __tablename__ = "alias_history"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[str] = mapped_column(String(ALIAS_LENGTH), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)


class StageHistory(Base):
    """The versions that each stage transition changed: the version itself, and those that it archived."""

    __tablename__ = "stage_history"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    transition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_stage: Mapped[str] = mapped_column(String(20))
    to_stage: Mapped[str] = mapped_column(String(20))


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
