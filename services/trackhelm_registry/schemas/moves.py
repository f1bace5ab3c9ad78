"""Moves of what can be protected, as they are asked for, stored until somebody approves, and answered."""

from collections.abc import Mapping

import msgspec

from trackhelm_core.wire.replies import Reply


class StageTransition(Reply, frozen=True, tag_field="action", tag="transition_stage"):
    """A version goes to a stage; those that are in it may be archived."""

    version: str
    stage: str
    archive_existing_versions: bool = False


class AliasSetting(Reply, frozen=True, tag_field="action", tag="set_alias"):
    """An alias is pointed to a version."""

    alias: str
    version: str


class AliasDeletion(Reply, frozen=True, tag_field="action", tag="delete_alias"):
    """An alias is deleted."""

    alias: str


class VersionDeletion(Reply, frozen=True, tag_field="action", tag="delete_version"):
    """A version is deleted, from its stage and with its aliases."""

    version: str


class ModelDeletion(Reply, frozen=True, tag_field="action", tag="delete_model"):
    """A model is deleted with all that it has."""


class ModelRenaming(Reply, frozen=True, tag_field="action", tag="rename_model"):
    """A model gets another name: its old one may then be another model's."""

    new_name: str


class ProtectionLifting(Reply, frozen=True, tag_field="action", tag="lift_protection"):
    """A stage or alias is protected no longer."""

    kind: str
    target: str


class AliasRollback(Reply, frozen=True, tag_field="action", tag="roll_back_alias"):
    """An alias goes back to a version. `from_version` is absent where the alias was deleted."""

    alias: str
    to_version: str
    from_version: str | None = None


class StageRollback(Reply, frozen=True, tag_field="action", tag="roll_back_stage"):
    """A stage gets back what it held: each version goes from the first stage to the second."""

    stage: str
    versions: Mapping[str, tuple[str, str]]


Move = (
    StageTransition
    | AliasSetting
    | AliasDeletion
    | VersionDeletion
    | ModelDeletion
    | ModelRenaming
    | ProtectionLifting
    | AliasRollback
    | StageRollback
)

_decoder: msgspec.json.Decoder[Move] = msgspec.json.Decoder(Move)


def move_text(move: Move) -> str:
    """Return a move as JSON: the same move, the same text."""
    return msgspec.json.encode(move, order="deterministic").decode()


def read_move(text: str) -> Move:
    """Return the move of a text that `move_text` made."""
    return _decoder.decode(text)


def action_of(move: Move) -> str:
    """Return the word for what a move does, as it is answered in `action`."""
    tag = move.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
