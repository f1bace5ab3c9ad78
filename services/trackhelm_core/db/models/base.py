"""The declarative base: constraint names, so that a later migration can name what it changes."""

from enum import StrEnum

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class LifecycleStage(StrEnum):
    """Whether an experiment, run or logged model is in use or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"
    PURGED = "purged"
    """Of a run that was deleted for good, while its rows are: nobody finds it, its public id is gone."""
