"""Statements that read experiments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import PlainRows, is_any_of
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import (
    EntitySearch,
    IdAttribute,
    NumberAttribute,
    ResolvedAttribute,
    StringAttribute,
    StringCollection,
    resolve_order,
    string_rows,
)
from trackhelm_core.search.grammar import OrderTerm
from trackhelm_core.search.pages import Page, SortColumn, read_page
from trackhelm_core.search.text import SearchSyntaxError
from trackhelm_domain.access.checks import readable_experiments
from trackhelm_domain.tables import Experiment, ExperimentTag
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_query.searches import Search

_COLUMNS = (
    Experiment.id,
    Experiment.name,
    Experiment.artifact_location,
    Experiment.lifecycle_stage,
    Experiment.last_update_time,
    Experiment.creation_time,
)

# An experiment that was deleted for good may still have its row.
_FOUND = select(*_COLUMNS).where(Experiment.lifecycle_stage != LifecycleStage.PURGED)

_ID = "experiment_id"
SEARCH = EntitySearch(
    name="experiments",
    attributes={
        "name": StringAttribute(Experiment.name),
        _ID: IdAttribute(Experiment.id),
        "creation_time": NumberAttribute(Experiment.creation_time),
        "last_update_time": NumberAttribute(Experiment.last_update_time),
    },
    collections={
        "tags": StringCollection(
            string_rows(
                lambda key: (
                    select(ExperimentTag.value)
                    .where(ExperimentTag.experiment_id == Experiment.id, ExperimentTag.key == key)
                    .correlate(Experiment)
                )
            )
        )
    },
    prefixes={"tag": "tags"},
    key_comparator_words="Invalid comparator for tag: {operator}",
)
"""What can be searched in experiments."""


def by_id(session: Session, experiment_id: int) -> PlainRows:
    """Return the experiment, if there is one."""
    return list(map(tuple, session.execute(_FOUND.where(Experiment.id == experiment_id))))


def by_name(session: Session, workspace_id: int, name: str) -> PlainRows:
    """Return the experiment of a workspace, active or deleted, if there is one."""
    named = (Experiment.workspace_id == workspace_id, Experiment.name == name)
    return list(map(tuple, session.execute(_FOUND.where(*named))))


def search(session: Session, asked: Search) -> Page[tuple[Any, ...]]:
    """Return a page of the experiments that match a search."""
    statement = select(*_COLUMNS).where(Experiment.lifecycle_stage.in_(asked.stages))
    if (readable := readable_experiments(session)) is not None:
        statement = statement.where(readable)
    if asked.where is not None:
        statement = statement.where(compile_filter(asked.where, SEARCH))
    return read_page(session, statement, _sort_columns(asked.order), asked.page).of(tuple)


def tags_of(session: Session, experiment_ids: Sequence[int]) -> PlainRows:
    """Return experiment id, key and value of all tags of experiments, in the order of keys."""
    found = session.execute(
        select(ExperimentTag.experiment_id, ExperimentTag.key, ExperimentTag.value)
        .where(is_any_of(session, ExperimentTag.experiment_id, experiment_ids))
        .order_by(ExperimentTag.experiment_id, ExperimentTag.key)
    )
    return list(map(tuple, found))


def _sort_columns(terms: Sequence[OrderTerm]) -> list[SortColumn]:
    if not terms:
        return [SortColumn(Experiment.creation_time, descending=True), SortColumn(Experiment.id)]
    columns = []
    for order in resolve_order(terms, SEARCH):
        by = order.by
        if not isinstance(by, ResolvedAttribute):
            allowed = ", ".join(SEARCH.attributes)
            raise SearchSyntaxError(
                f"experiments are not sorted by {by.field.prefix}. Allowed: {allowed}",
                by.field.position,
                lead=f"Invalid order_by entity: {by.field.prefix}",
            )
        columns.append(SortColumn(by.part.column, descending=order.descending))
        if by.field.key == _ID:
            return columns
    return [*columns, SortColumn(Experiment.id, descending=True)]
