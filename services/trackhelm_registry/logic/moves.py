"""Moves of what can be protected: their one spelling, what they are called, and doing them."""

from sqlalchemy.orm import Session

from trackhelm_core.audit.changes import Cause, Entity
from trackhelm_registry.logic import aliases, model_versions, protections, registered_models, rollbacks
from trackhelm_registry.logic.history import of_model, of_version
from trackhelm_registry.logic.stages import parse_stage
from trackhelm_registry.schemas import moves
from trackhelm_registry.schemas.approvals import TargetKind
from trackhelm_registry.schemas.moves import Move


def canonical(move: Move) -> Move:
    """Return a valid move in the one spelling by which it is told to be the same as another."""
    match move:
        case moves.StageTransition(version, stage, archive):
            return moves.StageTransition(version, parse_stage(stage), archive)
        case moves.ProtectionLifting(kind, target):
            return moves.ProtectionLifting(kind, protections.checked_target(TargetKind(kind), target))
        case _:
            return move


def entity_of(name: str, move: Move) -> Entity:
    """Return what a canonical move is about, as the audit trail names it."""
    match move:
        case moves.StageTransition(version) | moves.VersionDeletion(version):
            return of_version(name, int(version))
        case _:
            return of_model(name)


def do_move(session: Session, name: str, move: Move, cause: Cause) -> None:
    """Do a move, whatever is protected; refuse it as its endpoint would if it is not possible."""
    match move:
        case moves.StageTransition(version, stage, archive):
            transition = model_versions.Transition(stage, archive)
            model_versions.transition_version(session, name, version, transition, cause)
        case moves.AliasSetting(alias, version):
            aliases.set_alias(session, name, alias, version, cause)
        case moves.AliasDeletion(alias):
            aliases.delete_alias(session, name, alias, cause)
        case moves.VersionDeletion(version):
            model_versions.delete_version(session, name, version, cause)
        case moves.ModelDeletion():
            registered_models.delete_model(session, name, cause)
        case moves.ModelRenaming(new_name):
            registered_models.rename_model(session, name, new_name, cause)
        case moves.ProtectionLifting(kind, target):
            protections.lift(session, name, TargetKind(kind), target, cause)
        case moves.AliasRollback():
            rollbacks.roll_back_alias(session, name, move, cause)
        case moves.StageRollback():
            rollbacks.roll_back_stage(session, name, move, cause)
