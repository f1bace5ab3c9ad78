"""What is known of a run from where it runs: who, what program, which commit, which machine or pod.

Tags that stock clients set as well are found before the run starts. What takes longer, the changes in the
working tree and the list of packages, is found by a thread and sent as tags and as the artifact
`environment.json`. `TRACKHELM_LOG_ENVIRONMENT=false` leaves that out.
"""

import logging
import os
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm import environment
from trackhelm.exceptions import MlflowException, is_away

if TYPE_CHECKING:
    from trackhelm.client import MlflowClient

ENVIRONMENT_FILE: Final = "environment.json"

_COMMIT: Final = "mlflow.source.git.commit"
_DIRTY: Final = "mlflow.source.git.dirty"
_WAIT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_AGAIN_SECONDS: Final = 10.0

_logger = logging.getLogger("trackhelm")
_recorders: dict[str, threading.Thread] = {}


def context_tags() -> dict[str, str]:
    """Return the tags of a new run: user, source, commit, and the pod in a cluster.

    `MLFLOW_RUN_CONTEXT` may hold more of them, as a JSON object.
    """
    from trackhelm.context.machine import cluster_tags, user

    name, kind = _source()
    tags = {"mlflow.user": user(), "mlflow.source.name": name, "mlflow.source.type": kind}
    tags.update(_git_tags(str(Path.cwd())))
    tags.update(cluster_tags())
    told = environment.text("RUN_CONTEXT")
    if told is not None:
        import json

        try:
            tags.update({str(key): str(value) for key, value in json.loads(told).items()})
        except (ValueError, AttributeError):
            _logger.warning("MLFLOW_RUN_CONTEXT is no JSON object, and is not used: %.100s", told)
    return tags


def record_details(run_id: str) -> None:
    """Begin to find out what takes longer, and to log it to a run."""
    if not environment.flag("LOG_ENVIRONMENT", default=True):
        return
    # A daemon: it must not keep a program from its end. `finish_details` waits for it.
    recorder = threading.Thread(target=_record, args=(run_id,), name="trackhelm-context", daemon=True)
    _recorders[run_id] = recorder
    recorder.start()


def finish_details(run_id: str) -> None:
    """Wait until what was found out of a run is logged, a while at most, unless the server is away."""
    recorder = _recorders.pop(run_id, None)
    if recorder is None or recorder is threading.current_thread():
        return
    from trackhelm.fluent._state import destination

    until = time.monotonic() + _WAIT_SECONDS
    to = destination()
    while recorder.is_alive() and time.monotonic() < until and not (to.is_away or to.is_failing):
        recorder.join(_LOOK_SECONDS)


def main_file() -> str | None:
    """Return the program's file as it was called; None in a console."""
    return sys.argv[0] if sys.argv and sys.argv[0] else None


def _source() -> tuple[str, str]:
    notebook = os.environ.get("JPY_SESSION_NAME") or os.environ.get("VSCODE_NOTEBOOK")
    if "ipykernel" in sys.modules and notebook:
        return Path(notebook).name, "NOTEBOOK"
    return main_file() or "<console>", "LOCAL"


@lru_cache(maxsize=8)
def _git_tags(folder: str) -> dict[str, str]:
    """Return the tags of the commit; `folder` is the present one, which a path of the program begins at."""
    from trackhelm.context.git import head

    found = head(_program_folder(folder))
    if found is None:
        return {}
    named = {
        _COMMIT: found.commit,
        "mlflow.source.git.branch": found.branch,
        "mlflow.source.git.repoURL": found.repository,
    }
    return {key: value for key, value in named.items() if value}


def _program_folder(folder: str) -> Path:
    file = main_file()
    return Path(folder, file).parent if file is not None else Path(folder)


def _store(client: "MlflowClient", run_id: str, found: dict[str, Any]) -> None:
    """Store what was found as an artifact; while the server is away, again until this process ends."""
    while True:
        try:
            client.log_dict(run_id, found, ENVIRONMENT_FILE)
        except MlflowException as error:
            if not is_away(error):
                raise
        else:
            return
        time.sleep(_AGAIN_SECONDS)


def _record(run_id: str) -> None:
    from trackhelm.context.git import changes
    from trackhelm.context.machine import description

    try:
        folder = _program_folder(str(Path.cwd()))
        git: dict[str, Any] = dict(_git_tags(str(Path.cwd())))
        from trackhelm.client import MlflowClient

        client = MlflowClient()
        if git:
            is_dirty, patch = changes(folder)
            client.set_tag(run_id, _DIRTY, str(is_dirty).lower())
            git |= {_DIRTY: is_dirty, "patch": patch}
        _store(client, run_id, description(git))
    except Exception as error:  # noqa: BLE001 - it must not reach the training that goes on
        _logger.warning("The environment of the run %s could not be logged: %s", run_id, error)
