"""The request and answer of the search of runs. `trackhelm_domain.runs.schemas` has the form of a run."""

from typing import Annotated, Any, Final

from msgspec import field
from pydantic import BeforeValidator

from trackhelm_core.limits import SEARCH_RUNS_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, WireModel
from trackhelm_domain.runs.schemas import Run
from trackhelm_domain.tables.runs import LifecycleStage

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
    # Protobuf ignores an unknown name of an enum value, as if the field were absent.
    return _VIEWS.get(str(view), ACTIVE)


View = Annotated[Stages, BeforeValidator(_stages)]
"""A view type, by its name or number. Anything else means active runs."""


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


ExperimentId = Annotated[str, BeforeValidator(_as_text)]
"""The id of an experiment in a list, where MLflow's server accepts a number instead of a text."""


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
