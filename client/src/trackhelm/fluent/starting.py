"""How a run starts: created by the server or here, resumed, or shared by the processes of a job.

A server that does not answer is not waited for. What is started here has its id and name at once, and is
sent later.
"""

import logging
import random
import uuid
from typing import TYPE_CHECKING, Final

from trackhelm import environment
from trackhelm.client import MlflowClient
from trackhelm.client.runs import now_ms
from trackhelm.context.machine import user
from trackhelm.entities import LifecycleStage, Run, RunData, RunInfo, RunTag
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, is_away
from trackhelm.fluent import _state
from trackhelm.fluent.experiments import experiment_of_run
from trackhelm.rest.transport import API, OWN_API

if TYPE_CHECKING:
    from trackhelm.fluent.runs import ActiveRun
    from trackhelm.log.ranks import Rank

_NOTE: Final = "mlflow.note.content"
_PARENT: Final = "mlflow.parentRunId"
_NAME: Final = "mlflow.runName"

_logger = logging.getLogger("trackhelm")

# fmt: off
_QUALITIES: Final = [
    "amber", "brisk", "calm", "clever", "cosmic", "crisp", "eager", "fair", "fleet", "gentle", "golden",
    "hardy", "honest", "jolly", "keen", "kind", "lively", "lucid", "mellow", "merry", "mighty",
    "modest", "nimble", "noble", "patient", "placid", "polite", "proud", "quick", "quiet", "rapid",
    "robust", "rustic", "serene", "sharp", "silent", "silver", "smooth", "snug", "solid", "spry",
    "stately", "steady", "stout", "sunny", "swift", "tidy", "trusty", "upbeat", "vivid", "warm", "wise",
    "witty",
]
# fmt: on
# fmt: off
_NOUNS: Final = [
    "aspen", "badger", "beaver", "birch", "bison", "cedar", "cheetah", "condor", "coyote", "crane",
    "dolphin", "eagle", "elk", "falcon", "ferret", "finch", "fox", "gecko", "gull", "hare", "hawk",
    "heron", "ibex", "jaguar", "kestrel", "kite", "koala", "lark", "lemur", "lion", "lynx", "maple",
    "marten", "mole", "moose", "newt", "oak", "orca", "osprey", "otter", "owl", "panda", "pine",
    "puffin", "quail", "raven", "robin", "salmon", "seal", "shrike", "spruce", "stork", "swan", "swift",
    "tern", "tiger", "toad", "trout", "viper", "vole", "walrus", "wolf", "wren", "yak", "zebra",
]
# fmt: on


def described(tags: dict[str, str], description: str | None) -> dict[str, str]:
    """Return the tags of a run, with its description among them."""
    if description is None:
        return tags
    if _NOTE in tags:
        raise MlflowException.invalid_parameter_value(
            f"Description is already set via the tag {_NOTE} in tags. Remove the key {_NOTE} from the tags "
            "or omit the description."
        )
    return {**tags, _NOTE: description}


def parent_of(parent_run_id: str | None, active: "list[ActiveRun]") -> str | None:
    """Return the parent of a new run: the one that is given, or the active run."""
    if parent_run_id is None:
        return active[-1].info.run_id if active else None
    if active and parent_run_id != active[-1].info.run_id:
        raise MlflowException(
            f"Current run with UUID {active[-1].info.run_id} does not match the specified parent_run_id "
            f"{parent_run_id}. To start a new nested run under the parent run with UUID "
            f"{active[-1].info.run_id}, first end the current run with mlflow.end_run()."
        )
    if not active:
        parent = _read_once(parent_run_id)
        if parent is not None and parent.info.lifecycle_stage == LifecycleStage.DELETED:
            raise MlflowException(
                f"Cannot start run under parent run with ID {parent_run_id} because it is in the deleted "
                "state."
            )
    return parent_run_id


def _read_once(run_id: str) -> Run | None:
    """Return a run, or None if the server does not answer, which is not waited for."""
    if _state.destination().is_offline:
        return None
    client = MlflowClient()
    try:
        answer = client._rest.call_once("GET", f"{API}runs/get", query={"run_id": run_id})  # noqa: SLF001 - ours
    except MlflowException as error:
        if is_away(error):
            return None
        if error.error_code == RESOURCE_DOES_NOT_EXIST:
            # It may have been started here, while the server was away.
            return client.get_run(run_id)
        raise
    return Run.from_dictionary(answer["run"])


def resume(run_id: str, run_name: str | None, tags: dict[str, str]) -> Run:
    """Let a run go on, and return it."""
    run = _read_once(run_id)
    if run is None:
        _logger.warning("The tracking server does not answer: the run %s is resumed when it does", run_id)
        return _resume_here(run_id, run_name, tags)
    experiment_id = _state.active_experiment()[0]
    if experiment_id is not None and experiment_id != run.info.experiment_id:
        raise MlflowException(
            f"Cannot start run with ID {run_id} because active experiment ID does not match environment "
            "run ID. Make sure --experiment-name or --experiment-id matches experiment set with "
            "set_experiment(), or just use command-line arguments"
        )
    if run.info.lifecycle_stage == LifecycleStage.DELETED:
        raise MlflowException(f"Cannot start run with ID {run_id} because it is in the deleted state.")
    client = MlflowClient()
    client.update_run(run_id, "RUNNING", run_name)
    if tags:
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    return client.get_run(run_id)


def _resume_here(run_id: str, run_name: str | None, tags: dict[str, str]) -> Run:
    experiment_id = _state.active_experiment()[0] or ""
    info = RunInfo(
        run_id, experiment_id, user(), "RUNNING", now_ms(), None, LifecycleStage.ACTIVE, None, run_name
    )
    every = {**tags, _NAME: run_name} if run_name else tags
    if every:
        _state.destination().log.tags(run_id, every)
    return Run(info, RunData(tags=[RunTag(key, value) for key, value in every.items()]))


_shared_runs = 0
"""The shared runs that this process has started: every rank counts alike, so that their ids agree."""


def rank_of_shared_run(shared: bool | None) -> "Rank | None":
    """Return which process of a job this is, if all of them are to share a run; None otherwise."""
    if not (environment.flag("SHARED_RUN", default=False) if shared is None else shared):
        return None
    from trackhelm.log.ranks import detect

    return detect()


def share(
    rank: "Rank",
    run_id: str | None,
    experiment_id: str | None,
    run_name: str | None,
    parent: str | None,
    tags: dict[str, str],
) -> Run:
    """Return the run of all processes of a job, which the first of them creates."""
    global _shared_runs  # noqa: PLW0603 - a count of the process
    from trackhelm.log.ranks import shared_run_id

    if run_id is not None:
        if rank.is_primary:
            return resume(run_id, run_name, tags)
        return _read_once(run_id) or _resume_here(run_id, None, {})
    shared_id = shared_run_id(rank, _shared_runs)
    destination = _state.destination()
    if shared_id is None:
        raise MlflowException.invalid_parameter_value(
            "`shared=True` needs something that all processes of the job have in common, and no other job: "
            "set TRACKHELM_JOB_ID, or give a `run_id`"
        )
    if not destination.is_offline and destination.transport.takes_run_ids() is False:
        raise MlflowException(
            "`shared=True` without a `run_id` needs a server that takes ids of clients, as Trackhelm's does",
            error_code="NOT_IMPLEMENTED",
        )
    _shared_runs += 1
    if rank.is_primary:
        run = create(experiment_id, run_name, parent, tags, shared_id)
        # Another rank may have been quicker, and has created it without these.
        destination.log.tags(shared_id, run.data.tags | tags | ({_NAME: run_name} if run_name else {}))
        return run
    name = None
    if experiment_id is None:
        experiment_id, name = experiment_of_run()
    info = RunInfo(
        shared_id,
        experiment_id or "",
        user(),
        "RUNNING",
        now_ms(),
        None,
        LifecycleStage.ACTIVE,
        None,
        run_name,
    )
    return _log_run(info, name, tags)


def create(
    experiment_id: str | None,
    run_name: str | None,
    parent: str | None,
    tags: dict[str, str],
    run_id: str | None = None,
) -> Run:
    """Create a run, by the server if it answers, and return it."""
    from trackhelm.context import context_tags

    own = {**tags}
    if parent is not None:
        own[_PARENT] = parent
    if run_name:
        own[_NAME] = run_name
    every = {**context_tags(), **own}
    name = None
    if experiment_id is None:
        experiment_id, name = experiment_of_run()
    info = RunInfo(
        run_id=run_id or uuid.uuid4().hex,
        experiment_id=experiment_id or "",
        user_id=every.get("mlflow.user", "unknown"),
        status="RUNNING",
        start_time=now_ms(),
        end_time=None,
        lifecycle_stage=LifecycleStage.ACTIVE,
        run_name=run_name or every.get(_NAME),
    )
    if experiment_id is not None and not _state.destination().is_offline:
        try:
            return _create_on_server(info, every)
        except MlflowException as error:
            if not is_away(error):
                raise
            _logger.warning("The tracking server does not answer (%s): the run is sent when it does", error)
    return _create_here(info, name, every)


def _create_on_server(info: RunInfo, tags: dict[str, str]) -> Run:
    # The id is ours, so that the same run is meant if the answer is lost and the log creates it.
    body = {
        "run_id": info.run_id,
        "experiment_id": info.experiment_id,
        "user_id": info.user_id,
        "run_name": info.run_name,
        "start_time": info.start_time,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    client = MlflowClient()
    transport = client._rest  # noqa: SLF001 - of this package
    api = OWN_API if transport.takes_run_ids() else API
    answer = transport.call_once("POST", f"{api}runs/create", body=body)
    run = Run.from_dictionary(answer["run"])
    if run.info.artifact_uri:
        client._remember_run_store(run.info.run_id, run.info.artifact_uri)  # noqa: SLF001 - likewise
    return run


def _create_here(info: RunInfo, experiment_name: str | None, tags: dict[str, str]) -> Run:
    info.run_name = info.run_name or generated_name()
    return _log_run(info, experiment_name, {**tags, _NAME: info.run_name})


def _log_run(info: RunInfo, experiment_name: str | None, tags: dict[str, str]) -> Run:
    _state.destination().log.create_run(
        info.run_id,
        start_time_ms=info.start_time,
        experiment_id=info.experiment_id or None,
        experiment_name=experiment_name,
        run_name=info.run_name,
        user_id=info.user_id,
        tags=tags,
    )
    return Run(info, RunData(tags=[RunTag(key, value) for key, value in tags.items()]))


def generated_name() -> str:
    """Return a name of at most 20 characters."""
    # Programs that train set the seed of `random`, and would all have the same names.
    chance = random.SystemRandom()
    return f"{chance.choice(_QUALITIES)}-{chance.choice(_NOUNS)}-{chance.randrange(1_000)}"
