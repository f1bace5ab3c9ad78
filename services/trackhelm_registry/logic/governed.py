"""The unit of work of a move that may touch what is protected."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Cause
from trackhelm_core.audit.recorder import recorded_changes
from trackhelm_core.db.trials import Trial
from trackhelm_core.db.unit_of_work import Database
from trackhelm_registry.logic.gate import ask_for_approval, protected_targets
from trackhelm_registry.logic.protected_changes import held_targets
from trackhelm_registry.schemas.moves import ModelRenaming, Move


@contextmanager
def governed(database: Database, name: str, move: Move, cause: Cause) -> Iterator[Session]:
    """Open a transaction in which the block does a move of a model: committed when the block ends.

    If it touched what is protected, it is undone, the request for approval is committed in its place, and
    then `PermissionDeniedError` is raised, which names it. Answer after the block, as always.
    """
    refusal = None
    # Both names at once: who locks one and then the other may wait for who does it the other way round.
    names = {name, move.new_name} if isinstance(move, ModelRenaming) else {name}
    with database.writing() as session:
        protected = protected_targets(session, name, names)
        trial = Trial(session) if protected else None
        yield session
        if trial is not None and (held := held_targets(protected, recorded_changes(session))):
            trial.undo()
            refusal = ask_for_approval(session, name, move, held, cause)
    if refusal is not None:
        raise refusal
