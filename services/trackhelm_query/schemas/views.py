"""Which lifecycle stages a search covers, as the wire names them."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from trackhelm_core.db.models.lifecycle import LifecycleStage

Stages = tuple[LifecycleStage, ...]

ACTIVE: Final[Stages] = (LifecycleStage.ACTIVE,)
DELETED: Final[Stages] = (LifecycleStage.DELETED,)
ALL: Final[Stages] = (LifecycleStage.ACTIVE, LifecycleStage.DELETED)

_VIEWS: Final = {
    "ACTIVE_ONLY": ACTIVE, "1": ACTIVE,
    "DELETED_ONLY": DELETED, "2": DELETED,
    "ALL": ALL, "3": ALL,
}  # fmt: skip


def _stages(view: Any) -> Stages:
    # Protobuf drops the name of an enum value it does not know, as if the field were not there.
    return _VIEWS.get(str(view), ACTIVE)


View = Annotated[Stages, BeforeValidator(_stages)]
"""A view type: its name or number, and active ones for whatever else is sent."""
