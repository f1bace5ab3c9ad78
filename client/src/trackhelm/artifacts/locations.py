"""Which store a run's, model's or version's artifacts are in, and how whole folders are moved.

The URIs that MLflow's API takes: `runs:/RUN/path`, `models:/NAME/VERSION`, `models:/NAME@ALIAS`,
`models:/MODEL_ID`, and those of stores.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trackhelm.artifacts.stores import ArtifactStore, checked_path, files_below, join, store_of
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException

if TYPE_CHECKING:
    from collections.abc import Callable

    from trackhelm.client import MlflowClient

_WORKERS: Final = 8
_LATEST: Final = "latest"
_STAGES: Final = frozenset({"none", "staging", "production", "archived"})


def upload_folder(
    store: ArtifactStore, local_dir: Path, path: str, done: "Callable[[str], None] | None" = None
) -> None:
    """Store every file of a folder below a path, several at once. `done` is told each that is stored."""
    files = sorted(file for file in local_dir.rglob("*") if file.is_file())

    def upload(file: Path) -> None:
        target = join(path, file.relative_to(local_dir).as_posix())
        store.upload(file, target)
        if done is not None:
            done(target)

    if len(files) == 1:
        upload(files[0])
        return
    with ThreadPoolExecutor(_WORKERS) as workers:
        # Each in a copy of this context, which may say how long a call may wait (`environment.overridden`).
        started = [workers.submit(copy_context().run, upload, file) for file in files]
        for one in started:
            one.result()


def download(
    store: ArtifactStore,
    path: str,
    dst_path: str | Path | None,
    done: "Callable[[str], None] | None" = None,
) -> Path:
    """Download a file, or a folder with everything in it, and return where it is.

    Args:
        store: Where it is.
        path: Its path in the store; the whole store if it is empty.
        dst_path: The folder into which it is written, under its path; a new temporary one by default.
        done: Is told each file that is there.
    """
    into = Path(tempfile.mkdtemp(prefix="trackhelm-")) if dst_path is None else Path(dst_path)
    into.mkdir(parents=True, exist_ok=True)
    listed = list(files_below(store, path))
    names = [file.path for file in listed] or ([path] if path else [])

    def fetch(name: str) -> None:
        target = into / checked_path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        store.download(name, target)
        if done is not None:
            done(name)

    if len(names) == 1:
        fetch(names[0])
    else:
        with ThreadPoolExecutor(_WORKERS) as workers:
            list(workers.map(fetch, names))
    return into / path if path else into


def locate(client: "MlflowClient", uri: str) -> tuple[ArtifactStore, str]:
    """Return the store and the path in it that a URI names."""
    scheme, _, rest = uri.partition(":")
    if scheme == "runs":
        run_id, _, path = rest.strip("/").partition("/")
        return _of_run_or_model(client, run_id, path)
    if scheme == "models":
        return _of_model(client, rest.strip("/"))
    transport = client._rest if scheme == "mlflow-artifacts" else None  # noqa: SLF001 - of this package
    base, _, name = uri.rstrip("/").rpartition("/")
    if scheme in {"mlflow-artifacts", "http", "https"} and base:
        return store_of(base, transport), name
    local = Path(uri.removeprefix("file://") if scheme == "file" else uri)
    if "://" not in uri or scheme == "file":
        return store_of(str(local.parent), None), local.name
    return store_of(base, None), name


def _of_run_or_model(client: "MlflowClient", run_id: str, path: str) -> tuple[ArtifactStore, str]:
    """Return where `runs:/RUN/path` is: with the run, or since MLflow 3 with a logged model of that name."""
    store = client._run_store(run_id)  # noqa: SLF001 - of this package
    name, _, inner = path.partition("/")
    if not name or store.list(path):
        return store, path
    parent = path.rpartition("/")[0]
    if any(file.path == path for file in store.list(parent)):
        return store, path
    run = client.get_run(run_id)
    outputs = run.outputs.model_outputs if run.outputs else []
    for output in reversed(outputs):
        model = client.get_logged_model(output.model_id)
        if model.name == name:
            return client._model_store(model.model_id), inner  # noqa: SLF001 - of this package
    return store, path


def _of_model(client: "MlflowClient", rest: str) -> tuple[ArtifactStore, str]:
    name, at, alias = rest.partition("@")
    if at:
        alias, _, path = alias.partition("/")
        version = client.get_model_version_by_alias(name, alias).version
    else:
        name, _, tail = rest.partition("/")
        if name.startswith("m-") and len(name) == len("m-") + 32:
            return client._model_store(name), tail  # noqa: SLF001 - of this package
        version, _, path = tail.partition("/")
        if not version:
            raise MlflowException.invalid_parameter_value(
                f"Not a proper models:/ URI: models:/{rest}. It is models:/<name>/<version>, "
                "models:/<name>/<stage>, models:/<name>/latest, models:/<name>@<alias> or models:/<model_id>"
            )
        version = version_number(client, name, version)
    uri = client.get_model_version_download_uri(name, version)
    store, inner = locate(client, uri)
    return store, join(inner, path)


def version_number(client: "MlflowClient", name: str, version: str) -> str:
    """Return the number of a version that is given by its number, its stage, or as `latest`."""
    if version.isdigit():
        return version
    stages = None if version.lower() == _LATEST else [version]
    if stages and version.lower() not in _STAGES:
        raise MlflowException.invalid_parameter_value(
            f"Invalid version {version!r} of the model {name!r}: expected a number, a stage or 'latest'"
        )
    found = client.get_latest_versions(name, stages)
    if not found:
        raise MlflowException(
            f"No versions of model with name '{name}' and stage '{version}' found",
            error_code=RESOURCE_DOES_NOT_EXIST,
        )
    return max(found, key=lambda one: int(one.version)).version
