"""What a workspace uses of its quotas: noted by logic, counted and held against the quota before the commit.

What is added is noted in the session. Before the commit the row of the workspace is locked, so that
two transactions cannot both take the last place, and nothing else is locked after it but the end of the audit
trail. Where a workspace has no quotas, nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import dialect_of, insert_for
from trackhelm_core.errors import ApiError, ErrorCode
from trackhelm_core.runtime import now_ms
from trackhelm_domain.outbox import Announcement, Event, announce
from trackhelm_domain.quotas.book import NO_QUOTAS, QuotaBook
from trackhelm_domain.tables import (
    AccessToken,
    Experiment,
    RegisteredModel,
    Run,
    Webhook,
    Workspace,
    WorkspaceUsage,
)
from trackhelm_domain.tables.runs import LifecycleStage


class Stock(StrEnum):
    """What a workspace may have a number of; each is the name of its quota."""

    BYTES = "bytes"
    RUNS = "runs"
    EXPERIMENTS = "experiments"
    MODELS = "registered_models"
    TOKENS = "tokens"
    WEBHOOKS = "webhooks"


_FREE: Final = {
    Stock.BYTES: "delete files, or runs and then for good with `trackhelm-server gc`",
    Stock.RUNS: "delete some, and then for good with `trackhelm-server gc`",
    Stock.EXPERIMENTS: "delete some, and then for good with `trackhelm-server gc`",
    Stock.MODELS: "delete some",
    Stock.TOKENS: "revoke some",
    Stock.WEBHOOKS: "delete some",
}

NEARLY: Final = 0.8
"""The share of a quota at which webhooks are told that it is nearly used."""

_KEPT: Final = frozenset({Stock.RUNS, Stock.BYTES})
"""Stocks whose number is kept in `workspace_usage`; the others are counted."""

_NOTED: Final = "quota_uses"
"""The key in `Session.info` under which is noted what a transaction adds, by workspace and stock."""

_BOOK: Final = "quotas"
"""The key in `Session.info` under which the process's quotas are kept."""


class QuotaUse:
    """The hook by which each transaction that writes holds what it adds against the quotas."""

    def __init__(self, book: QuotaBook) -> None:
        self._book = book

    def begin(self, session: Session) -> None:
        """Give a session the quotas that the process knows."""
        session.info[_BOOK] = self._book

    def before_commit(self, session: Session) -> Callable[[], None] | None:
        """Count what was added; raises `ApiError` (403) if there is no room for it."""
        apply_noted(session)
        return self._book.forget if session.info.pop(_CHANGED, False) else None


_CHANGED: Final = "quotas_changed"
"""The key in `Session.info` that says that quotas change with the session's transaction."""


def change_quotas(session: Session) -> None:
    """Let this process read quotas again when the transaction has been committed."""
    session.info[_CHANGED] = True


def note_use(session: Session, workspace_id: int, stock: Stock, number: int = 1) -> None:
    """Note that a transaction adds to a workspace, or takes from it if the number is negative."""
    book: QuotaBook | None = session.info.get(_BOOK)
    if book is None or not (quotas := book.in_session(session)) or workspace_id not in quotas:
        return
    noted: Counter[tuple[int, Stock]] = session.info.setdefault(_NOTED, Counter())
    noted[workspace_id, stock] += number


def has_quotas(session: Session) -> bool:
    """Return whether any workspace has quotas, for who must find out first which one something belongs to."""
    book: QuotaBook | None = session.info.get(_BOOK)
    return book is not None and bool(book.in_session(session))


@dataclass(frozen=True, slots=True)
class Used:
    """The row of a workspace in `workspace_usage`."""

    runs: int
    bytes: int
    announced: frozenset[str]
    counted_time: int


_ROW: Final = (
    WorkspaceUsage.runs,
    WorkspaceUsage.bytes,
    WorkspaceUsage.announced,
    WorkspaceUsage.counted_time,
)


def apply_noted(session: Session) -> None:
    """Count what was noted in a session, workspace by workspace in one order.

    Raises:
        ApiError: A quota would be exceeded (403).
    """
    noted: Counter[tuple[int, Stock]] | None = session.info.pop(_NOTED, None)
    if not noted:
        return
    session.flush()
    for workspace_id in sorted({number for number, _ in noted}):
        added = {stock: noted[workspace_id, stock] for stock in Stock if noted[workspace_id, stock]}
        if added:
            _apply(session, workspace_id, added)


def _apply(session: Session, workspace_id: int, added: Mapping[Stock, int]) -> None:
    row = _add(session, workspace_id, runs=added.get(Stock.RUNS, 0), size=added.get(Stock.BYTES, 0))
    book: QuotaBook = session.info[_BOOK]
    quotas = book.in_session(session).get(workspace_id, NO_QUOTAS)
    announced = set(row.announced)
    for stock, number in added.items():
        limit: int | None = getattr(quotas, stock)
        if limit is None:
            continue
        used = stock_of(session, workspace_id, stock, row)
        # Of bytes was asked before they were stored: what is stored is counted.
        if number > 0 and used > limit and stock is not Stock.BYTES:
            raise exceeded(session, workspace_id, stock, used - number, limit)
        if used < NEARLY * limit:
            announced.discard(stock)
        elif stock not in announced:
            announced.add(stock)
            _announce(session, workspace_id, stock, used, limit)
    if announced != row.announced:
        session.execute(
            update(WorkspaceUsage)
            .where(WorkspaceUsage.workspace_id == workspace_id)
            .values(announced=",".join(sorted(announced)))
        )


def _add(session: Session, workspace_id: int, *, runs: int, size: int) -> Used:
    """Add to the row of a workspace, which stays locked until the commit; make it if it is not there."""
    changed = (
        update(WorkspaceUsage)
        .where(WorkspaceUsage.workspace_id == workspace_id)
        .values(runs=WorkspaceUsage.runs + runs, bytes=WorkspaceUsage.bytes + size)
        .returning(*_ROW)
        .execution_options(synchronize_session=False)
    )
    found = session.execute(changed).one_or_none()
    if found is None:
        # The count that is due will correct it.
        store_usage(session, workspace_id, runs=0, size=0, counted_time=0, keep=True)
        found = session.execute(changed).one()
    return _used(found)


def _used(row: tuple[int, int, str, int]) -> Used:
    runs, size, announced, counted_time = row
    return Used(runs, size, frozenset(filter(None, announced.split(","))), counted_time)


def usage_of(session: Session, workspace_id: int, *, lock: bool = False) -> Used:
    """Return what is kept of a workspace's usage; nothing if it was never counted."""
    statement = select(*_ROW).where(WorkspaceUsage.workspace_id == workspace_id)
    found = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    return Used(0, 0, frozenset(), 0) if found is None else _used(found)


def store_usage(
    session: Session, workspace_id: int, *, runs: int, size: int, counted_time: int, keep: bool = False
) -> None:
    """Store what was counted; with `keep`, what another transaction has stored meanwhile stays."""
    values = {"runs": runs, "bytes": size, "counted_time": counted_time}
    statement = insert_for(dialect_of(session), WorkspaceUsage).values(
        workspace_id=workspace_id, announced="", **values
    )
    on = ["workspace_id"]
    session.execute(
        statement.on_conflict_do_nothing(index_elements=on)
        if keep
        else statement.on_conflict_do_update(index_elements=on, set_=values)
    )


# Counting.


def stock_of(session: Session, workspace_id: int, stock: Stock, kept: Used) -> int:
    """Return how much of something a workspace has."""
    if stock in _KEPT:
        return kept.runs if stock is Stock.RUNS else kept.bytes
    return session.scalar(_counts(workspace_id)[stock]) or 0


def count_runs(session: Session, workspace_id: int) -> int:
    """Return how many runs a workspace has, in the bin or not."""
    statement = select(func.count()).select_from(Run).join(Experiment, Experiment.id == Run.experiment_id)
    is_there = Run.lifecycle_stage != LifecycleStage.PURGED
    return session.scalar(statement.where(Experiment.workspace_id == workspace_id, is_there)) or 0


def _counts(workspace_id: int) -> Mapping[Stock, Select[int]]:
    def count(*conditions: ColumnElement[bool]) -> Select[int]:
        return select(func.count()).where(*conditions)

    is_there = Experiment.lifecycle_stage != LifecycleStage.PURGED
    return {
        Stock.EXPERIMENTS: count(Experiment.workspace_id == workspace_id, is_there),
        Stock.MODELS: count(RegisteredModel.workspace_id == workspace_id),
        Stock.TOKENS: count(AccessToken.workspace_id == workspace_id, AccessToken.expiry_time > now_ms()),
        Stock.WEBHOOKS: count(Webhook.workspace_id == workspace_id),
    }


# What is said of a quota.


def check_room(session: Session, book: QuotaBook, workspace_id: int, size: int | None) -> int | None:
    """Refuse a file for which a workspace has no room; `size` is None if it is not known.

    Return how many bytes there are for it, None for any number. Files that are being sent are not counted
    yet: those that are sent at the same time may exceed the quota together.

    Raises:
        ApiError: There is no room (403).
    """
    limit = book.in_session(session).get(workspace_id, NO_QUOTAS).bytes
    if limit is None:
        return None
    used = usage_of(session, workspace_id).bytes
    if limit - used < (size or 1):
        raise exceeded(session, workspace_id, Stock.BYTES, used, limit)
    return limit - used


def exceeded(session: Session, workspace_id: int, stock: Stock, used: int, limit: int) -> ApiError:
    """Return the refusal of what exceeds a quota. Its status is 403, which stock clients do not repeat."""
    name = session.scalar(select(Workspace.name).where(Workspace.id == workspace_id))
    return ApiError(
        ErrorCode.RESOURCE_LIMIT_EXCEEDED,
        f"Workspace '{name}' has {used:,} of at most {limit:,} {stock.value.replace('_', ' ')}, and no room "
        f"for this: {_FREE[stock]}, or ask an administrator for a larger quota.",
    )


def _announce(session: Session, workspace_id: int, stock: Stock, used: int, limit: int) -> None:
    name = session.scalar(select(Workspace.name).where(Workspace.id == workspace_id))
    data = {"workspace": name, "quota": stock.value, "used": used, "limit": limit}
    announce(
        session,
        Announcement(
            Event.WORKSPACE_QUOTA_NEARLY_USED, f"workspace/{name}", data, now_ms(), workspace_id=workspace_id
        ),
    )
