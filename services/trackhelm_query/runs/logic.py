"""Rules for reading and searching runs."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from trackhelm_core.db.statements import PlainRows
from trackhelm_core.errors import NotFoundError
from trackhelm_core.limits import SEARCH_RUNS_PAGE
from trackhelm_core.validation import parse_experiment_id
from trackhelm_domain.access.checks import permits_experiment, permitted_experiments, reader
from trackhelm_domain.runs import reading
from trackhelm_domain.runs.schemas import RunRecords, WrittenRun
from trackhelm_query.runs import search_plan
from trackhelm_query.runs.store import WRITTEN
from trackhelm_query.searches import SearchRequest


def get_run(session: Session, run_id: str) -> RunRecords:
    """Return a run, active or deleted."""
    found = reading.run_by_uuid(session, run_id)
    if found is None or not permits_experiment(session, found.runs[0][reading.EXPERIMENT_AT]):
        raise NotFoundError(f"Run with id={run_id} not found.")
    return found


def find_runs(session: Session, experiment_ids: Sequence[str], asked: SearchRequest) -> tuple[PlainRows, str]:
    """Return a page of rows of runs, as `search_plan.search` returns them, and the token of the next page."""
    searched = sorted({parse_experiment_id(experiment_id) for experiment_id in experiment_ids})
    search = asked.parse(["runs", searched, *reader()], largest_page=SEARCH_RUNS_PAGE)
    searched = sorted(permitted_experiments(session, searched))
    if not searched:
        return (), ""
    return search_plan.search(session, searched, search)


def search_runs(
    session: Session, experiment_ids: Sequence[str], asked: SearchRequest
) -> tuple[RunRecords | None, str]:
    """Return a page of runs, None if there is none, and the token of the next page."""
    rows, next_token = find_runs(session, experiment_ids, asked)
    if not rows:
        return None, next_token
    documents = {row[0]: WrittenRun(*row[WRITTEN]) for row in rows if row[WRITTEN.start] is not None}
    return reading.run_records(session, rows, documents), next_token
