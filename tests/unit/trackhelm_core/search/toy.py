"""Runs as a service would describe them for search, over tables that exist for these tests only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, ForeignKey, Select, delete, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import (
    ATTRIBUTE_PREFIXES,
    ChoiceAttribute,
    EntitySearch,
    IdAttribute,
    MetricCollection,
    NumberAttribute,
    StringAttribute,
    StringCollection,
    metric_rows,
    string_rows,
)
from trackhelm_core.search.grammar import Aggregate, Expression

STATUSES = {"RUNNING": 1, "SCHEDULED": 2, "FINISHED": 3, "FAILED": 4, "KILLED": 5}


class Base(DeclarativeBase):
    pass


class Run(Base):
    __tablename__ = "toy_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    experiment_id: Mapped[int]
    run_name: Mapped[str | None]
    status: Mapped[int]
    start_time: Mapped[int] = mapped_column(BigInteger)
    end_time: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int]


class Tag(Base):
    __tablename__ = "toy_tag"
    run: Mapped[int] = mapped_column(ForeignKey(Run.id), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Param(Base):
    __tablename__ = "toy_param"
    run: Mapped[int] = mapped_column(ForeignKey(Run.id), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Series(Base):
    __tablename__ = "toy_series"
    run: Mapped[int] = mapped_column(ForeignKey(Run.id), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[float | None]
    min: Mapped[float | None]
    max: Mapped[float | None]


class Dataset(Base):
    __tablename__ = "toy_dataset"
    id: Mapped[int] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(ForeignKey(Run.id))
    name: Mapped[str]
    digest: Mapped[str]
    context: Mapped[str]


def _tags(key: str) -> Select[Any]:
    return select(Tag.value).where(Tag.run == Run.id, Tag.key == key).correlate(Run)


def _params(key: str) -> Select[Any]:
    return select(Param.value).where(Param.run == Run.id, Param.key == key).correlate(Run)


def _metrics(key: str, aggregate: Aggregate) -> Select[Any]:
    column = {Aggregate.LAST: Series.last, Aggregate.MIN: Series.min, Aggregate.MAX: Series.max}[aggregate]
    return select(column).where(Series.run == Run.id, Series.key == key).correlate(Run)


def _datasets(key: str) -> Select[Any]:
    column = {"name": Dataset.name, "digest": Dataset.digest, "context": Dataset.context}[key]
    return select(column).where(Dataset.run == Run.id).correlate(Run)


RUNS = EntitySearch(
    name="runs",
    attributes={
        "run_id": StringAttribute(Run.run_id),
        "run_name": StringAttribute(Run.run_name),
        "experiment_id": IdAttribute(Run.experiment_id),
        "status": ChoiceAttribute(Run.status, STATUSES),
        "start_time": NumberAttribute(Run.start_time),
        "end_time": NumberAttribute(Run.end_time),
        "version": NumberAttribute(Run.version),
    },
    aliases={
        "run name": "run_name",
        "Run name": "run_name",
        "Run Name": "run_name",
        "created": "start_time",
        "Created": "start_time",
    },
    collections={
        "metrics": MetricCollection(metric_rows(_metrics)),
        "params": StringCollection(string_rows(_params)),
        "tags": StringCollection(string_rows(_tags)),
        "datasets": StringCollection(string_rows(_datasets), keys=("name", "digest", "context")),
    },
    prefixes={
        "metric": "metrics",
        "param": "params",
        "parameter": "params",
        "parameters": "params",
        "tag": "tags",
        "dataset": "datasets",
    },
    attribute_prefixes=ATTRIBUTE_PREFIXES | {"run"},
)


@dataclass
class ToyRun:
    """A run in plain Python. A metric is (last, min, max), where nan is nan."""

    run_id: str = "r1"
    experiment_id: int = 0
    run_name: str | None = "a run"
    status: str = "RUNNING"
    start_time: int = 0
    end_time: int | None = None
    version: int = 1
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    datasets: list[dict[str, str]] = field(default_factory=list)


def store(connection: Connection, runs: Iterable[ToyRun]) -> None:
    """Replace whatever is in the tables; a run's id is its place in the sequence."""
    for table in (Tag, Param, Series, Dataset, Run):
        connection.execute(delete(table))
    for index, run in enumerate(runs):
        connection.execute(
            insert(Run).values(
                id=index,
                run_id=run.run_id,
                experiment_id=run.experiment_id,
                run_name=run.run_name,
                status=STATUSES[run.status],
                start_time=run.start_time,
                end_time=run.end_time,
                version=run.version,
            )
        )
        for key, value in run.tags.items():
            connection.execute(insert(Tag).values(run=index, key=key, value=value))
        for key, value in run.params.items():
            connection.execute(insert(Param).values(run=index, key=key, value=value))
        for key, values in run.metrics.items():
            columns = [None if value != value else value for value in values]  # noqa: PLR0124  # NaN alone
            last, low, high = columns
            connection.execute(insert(Series).values(run=index, key=key, last=last, min=low, max=high))
        for dataset in run.datasets:
            connection.execute(insert(Dataset).values(run=index, **dataset))


def search(connection: Connection, expression: Expression) -> list[int]:
    """Give the places of the runs that the database finds."""
    statement = select(Run.id).where(compile_filter(expression, RUNS)).order_by(Run.id)
    return list(connection.scalars(statement))
