"""Rules for reading and searching experiments."""

from sqlalchemy.orm import Session

from trackhelm_core.access import current_access
from trackhelm_core.db.statements import PlainRows
from trackhelm_core.errors import NotFoundError
from trackhelm_core.limits import SEARCH_EXPERIMENTS_PAGE
from trackhelm_core.validation import parse_experiment_id
from trackhelm_domain.access.checks import here, permits_experiment, reader
from trackhelm_query.experiments import store
from trackhelm_query.searches import ExperimentRecords, SearchRequest


def get_experiment(session: Session, experiment_id: str) -> ExperimentRecords:
    """Return an experiment, active or deleted."""
    number = parse_experiment_id(experiment_id)
    found = store.by_id(session, number)
    if not found or not permits_experiment(session, number):
        raise NotFoundError(f"No Experiment with id={experiment_id} exists.")
    return _with_tags(session, found)


def get_experiment_by_name(session: Session, name: str) -> ExperimentRecords:
    """Return an experiment, active or deleted; clients check themselves whether it is deleted."""
    found = store.by_name(session, here(), name)
    is_readable = bool(found) and permits_experiment(session, found[0][0])
    if found and not is_readable and current_access().rights.creates_experiments:
        # Not as if it were missing: who creates one of this name learns that it is taken.
        raise current_access().denied(f"read experiment '{name}'")
    if not is_readable:
        raise NotFoundError(f"Could not find experiment with name '{name}'.")
    return _with_tags(session, found)


def search_experiments(session: Session, asked: SearchRequest) -> tuple[ExperimentRecords, str]:
    """Return a page of experiments and the token of the next one."""
    search = asked.parse(["experiments", *reader()], largest_page=SEARCH_EXPERIMENTS_PAGE)
    rows, next_token = store.search(session, search)
    return _with_tags(session, rows), next_token


def _with_tags(session: Session, rows: PlainRows) -> ExperimentRecords:
    tags = store.tags_of(session, [row[0] for row in rows]) if rows else ()
    return ExperimentRecords(rows, tags)
