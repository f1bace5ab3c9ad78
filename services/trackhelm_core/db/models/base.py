"""The declarative base: constraint names, so that a later migration can name what it changes."""

from sqlalchemy import MetaData, Table, inspect
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


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that are composed anew for each of many requests.

    Of an attribute of a model the ORM makes a statement of its own kind: composing one takes twice as long.
    """
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return table
