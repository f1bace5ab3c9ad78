"""A param or tag that is logged alone: one statement of PostgreSQL, durable when it returns.

A client that logs one by one waits for each, and its latency is made of round trips: BEGIN, finding the run,
the row and COMMIT take four. What this does not store it leaves to the transaction that says why.
"""

from functools import cache
from typing import Any

from sqlalchemy import CTE, Select, bindparam, not_, select
from sqlalchemy.orm import Session

from trackhelm_core.db.models import Run, RunParam, RunTag
from trackhelm_core.db.models.base import table_of
from trackhelm_core.db.models.lifecycle import LifecycleStage
from trackhelm_core.db.upsert import insert_for


def add_param(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Add a param that is new to an active run that is not settled; return whether that was done."""
    return _store(session, RunParam, uuid, key_id, value)


def set_tag(session: Session, uuid: str, key_id: int, value: str) -> bool:
    """Set a tag of an active run that is not settled; return whether that was done."""
    return _store(session, RunTag, uuid, key_id, value)


def _store(
    session: Session, model: type[RunParam] | type[RunTag], uuid: str, key_id: int, value: str
) -> bool:
    parameters = {"uuid": uuid, "of_key": key_id, "new_value": value}
    return session.connection().execute(_statement(model), parameters).first() is not None


@cache
def _statement(model: type[RunParam] | type[RunTag]) -> Select[*tuple[Any, ...]]:
    run, pairs = table_of(Run).c, table_of(model).c
    found: CTE = (
        select(run.id)
        .where(
            run.uuid == bindparam("uuid"),
            run.lifecycle_stage == LifecycleStage.ACTIVE.value,
            not_(run.settled),
        )
        # It must not settle between here and the commit.
        .with_for_update(read=True, key_share=True)
        .cte("found")
    )
    row = select(
        found.c.id,
        bindparam("of_key", type_=pairs.key_id.type),
        bindparam("new_value", type_=pairs.value.type),
    )
    insert = insert_for("postgresql", model).from_select(["run_id", "key_id", "value"], row)
    if model is RunTag:
        insert = insert.on_conflict_do_update(
            index_elements=[pairs.run_id, pairs.key_id], set_={"value": insert.excluded.value}
        )
    else:
        insert = insert.on_conflict_do_nothing()
    stored = insert.returning(pairs.run_id).cte("stored")
    return select(stored.c.run_id)
