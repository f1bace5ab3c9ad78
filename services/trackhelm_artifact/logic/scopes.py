"""Which part of the server's own store is meant, in words of the tracking API."""

from sqlalchemy.orm import Session

from trackhelm_artifact.logic.paths import parse_path
from trackhelm_artifact.logic.roots import Root, logged_model_root, run_root
from trackhelm_artifact.store.roots import experiment_location
from trackhelm_core.errors import InvalidParameterError, NotFoundError
from trackhelm_core.objects.keys import ObjectKey
from trackhelm_core.validation import parse_experiment_id


def scope(
    session: Session, *, experiment: str = "", run: str = "", model: str = "", prefix: str = ""
) -> ObjectKey:
    """Return the key below which the files of one experiment, run or logged model are, or a prefix's.

    None of them is all of the store. Raises `ApiError`.
    """
    given = [name for name in (experiment, run, model, prefix) if name]
    if len(given) > 1:
        raise InvalidParameterError("At most one of experiment, run, model and prefix can be given.")
    if experiment:
        location = experiment_location(session, parse_experiment_id(experiment))
        if location is None:
            raise NotFoundError(f"No Experiment with id={experiment} exists.")
        return _own_key(Root(location))
    if run:
        return _own_key(run_root(session, run))
    if model:
        return _own_key(logged_model_root(session, model))
    return parse_path(prefix)


def _own_key(root: Root) -> ObjectKey:
    key = root.own_key()
    if key is None:
        raise InvalidParameterError(
            f"The files are at {root.uri!r}, outside of the server's own store: nothing is recorded of them."
        )
    return key
