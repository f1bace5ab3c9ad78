"""Statements about approval requests, and about which stages and aliases are protected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from trackhelm_core.access import current_access
from trackhelm_core.db.statements import upsert
from trackhelm_core.search.pages import AnyRow, Page, PageRequest, SortColumn, read_page
from trackhelm_domain.access.checks import here, readable_models
from trackhelm_domain.tables import ApprovalRequest, Protection, RegisteredModel
from trackhelm_domain.tables.registry import PENDING

_NEWEST_FIRST: Final = (SortColumn(ApprovalRequest.id, descending=True),)


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state of a request, and who decided it, when and why."""

    status: str
    actor: str
    actor_kind: str
    time: int
    comment: str


def pending_request(session: Session, model: int, move: str) -> int | None:
    """Return the id of the pending request for a change of a model."""
    request = ApprovalRequest
    return session.scalar(
        select(request.id).where(
            request.registered_model_id == model, request.move == move, request.status == PENDING
        )
    )


def insert_request(session: Session, values: Mapping[str, Any]) -> int:
    """Insert a pending request and return its id."""
    statement = insert(ApprovalRequest).values(**values, workspace_id=here(), status=PENDING)
    return session.execute(statement.returning(ApprovalRequest.id)).scalar_one()


class StoredRequest(NamedTuple):
    """An approval request as it is stored, with the columns of its table."""

    id: int
    registered_model_id: int | None
    model_name: str
    action: str
    move: str
    status: str
    requested_by: str
    requested_by_kind: str
    requested_at: int
    comment: str
    decided_by: str | None
    decided_by_kind: str | None
    decided_at: int | None
    decision_comment: str | None


def _request_of(row: AnyRow) -> StoredRequest:
    return StoredRequest(**{name: getattr(row, name) for name in StoredRequest._fields})


def find_request(session: Session, request: int) -> StoredRequest | None:
    """Return a request in its current state."""
    # Columns are selected, because the session would keep an object and return it unchanged later.
    statement = select(ApprovalRequest.__table__).where(
        ApprovalRequest.id == request, ApprovalRequest.workspace_id == here()
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else _request_of(row)


def decide(session: Session, request: int, decision: Decision) -> bool:
    """Decide a pending request; return False if it was decided already."""
    decided = session.scalar(
        update(ApprovalRequest)
        .where(ApprovalRequest.id == request, ApprovalRequest.status == PENDING)
        .values(
            status=decision.status,
            decided_by=decision.actor,
            decided_by_kind=decision.actor_kind,
            decided_at=decision.time,
            decision_comment=decision.comment,
        )
        .returning(ApprovalRequest.id)
    )
    return decided is not None


def rename_model(session: Session, model: int, name: str) -> None:
    """Change the model's name in its requests."""
    session.execute(
        update(ApprovalRequest).where(ApprovalRequest.registered_model_id == model).values(model_name=name)
    )


def request_page(session: Session, wanted: Mapping[str, str], page: PageRequest) -> Page[StoredRequest]:
    """Return a page of the requests whose columns have the given values, the newest first."""
    columns = ApprovalRequest.__table__.c
    statement = select(ApprovalRequest.__table__).where(
        ApprovalRequest.workspace_id == here(), *(columns[name] == value for name, value in wanted.items())
    )
    if (readable := readable_models(session)) is not None:
        models = select(RegisteredModel.id).where(readable)
        of_readable = ApprovalRequest.registered_model_id.in_(models)
        # Those of models that are no more are for managers.
        gone = ApprovalRequest.registered_model_id.is_(None)
        statement = statement.where(
            or_(of_readable, gone) if current_access().rights.manages else of_readable
        )
    return read_page(session, statement, _NEWEST_FIRST, page).of(_request_of)


def protections(session: Session, model: int) -> set[tuple[str, str]]:
    """Return the protected targets of a model as pairs of kind and target."""
    statement = select(Protection.kind, Protection.target).where(Protection.registered_model_id == model)
    return {(kind, target) for kind, target in session.execute(statement)}


def add_protection(session: Session, model: int, kind: str, target: str) -> None:
    """Protect a stage or an alias, unless it is protected already."""
    upsert(session, Protection, [{"registered_model_id": model, "kind": kind, "target": target}])


def remove_protection(session: Session, model: int, kind: str, target: str) -> None:
    """Lift the protection of a stage or an alias."""
    session.execute(
        delete(Protection).where(
            Protection.registered_model_id == model, Protection.kind == kind, Protection.target == target
        )
    )
