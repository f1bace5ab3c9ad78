"""Requests and answers about returning an alias or a stage to what it was before."""

from collections.abc import Mapping

from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Comment, Required
from trackhelm_registry.schemas.common import NamedModel


class RollBackAlias(NamedModel):
    """`POST trackhelm/rollbacks/alias`: only if the alias points to `from_version`, where that is given."""

    alias: Required
    from_version: str = ""
    comment: Comment = ""


class RollBackStage(NamedModel):
    """`POST trackhelm/rollbacks/stage`: only if `from_version`, where given, is the stage's newest."""

    stage: Required
    from_version: str = ""
    comment: Comment = ""


class RolledBackAlias(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/alias`. `from_version` is absent where the alias was deleted."""

    name: str
    alias: str
    to_version: str
    from_version: str | None = None


class RolledBackStage(Reply, frozen=True):
    """The answer of `trackhelm/rollbacks/stage`: each version went from the first stage to the second."""

    name: str
    stage: str
    versions: Mapping[str, tuple[str, str]]
