"""The transaction of a change that may need approval, for routes. `logic` decides whether it does."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.audit import AuditContext
from trackhelm_registry.governance.logic import GuardedChange
from trackhelm_registry.governance.schemas import GovernedChange


@contextmanager
def require_approval(
    database: Database, name: str, move: GovernedChange, context: AuditContext
) -> Iterator[Session]:
    """Open a transaction in which the block makes a change of a model; it is committed when the block ends.

    If the change touched something protected, it is undone, the approval request is committed in its place,
    and then `PermissionDeniedError` is raised, which names the request. Build the answer after the block.
    """
    with database.writing() as session:
        change = GuardedChange(session, name, move, context)
        yield session
        refusal = change.settle()
    if refusal is not None:
        raise refusal
