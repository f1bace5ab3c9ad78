"""The search of runs: request and answer. What a run is stands in `trackhelm_domain.runs.schemas`."""

from typing import Annotated, Any, Final

from msgspec import field
from pydantic import BeforeValidator

from trackhelm_core.limits import SEARCH_RUNS_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, WireModel
from trackhelm_domain.runs.schemas import Run
from trackhelm_domain.tables.lifecycle import LifecycleStage

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


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


ExperimentId = Annotated[str, BeforeValidator(_as_text)]
"""An experiment's id in a list, where MLflow's server takes a number for the text of it."""


class SearchRuns(WireModel):
    """`POST runs/search`."""

    experiment_ids: tuple[ExperimentId, ...] = ()
    filter: str = ""
    run_view_type: View = ACTIVE
    max_results: Int64 = SEARCH_RUNS_DEFAULT_PAGE
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class RunPage(Reply, frozen=True):
    """The answer of `runs/search`."""

    runs: list[Run] = field(default_factory=list)
    next_page_token: str = ""
