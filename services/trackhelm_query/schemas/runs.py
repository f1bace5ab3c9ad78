"""The search of runs: request and answer. What a run is stands in `trackhelm_core.wire.runs`."""

from typing import Annotated, Any

from msgspec import field
from pydantic import BeforeValidator

from trackhelm_core.limits import SEARCH_RUNS_DEFAULT_PAGE
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import Int64, WireModel
from trackhelm_core.wire.runs import Run
from trackhelm_query.schemas.views import ACTIVE, View


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
