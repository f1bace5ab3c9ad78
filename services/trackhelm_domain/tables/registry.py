"""Registered models, versions, stages and aliases. Owner: registry. Readers: query, artifact."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import LOCATION_KEY, Base, BigId
from trackhelm_core.limits import ALIAS_LENGTH, FOREIGN_ID_LENGTH, KEY_LENGTH, REGISTERED_MODEL_NAME_LENGTH


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

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH), unique=True)
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
