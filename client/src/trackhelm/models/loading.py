"""From the URI of a model to its files on this machine.

A path is used where it is; everything else is downloaded into a temporary folder, which is deleted when the
process ends, or into the folder that the caller names. This module must not know of flavours.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from trackhelm.exceptions import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, MlflowException
from trackhelm.models.model import MLMODEL, Model
from trackhelm.models.trust import note_origin

if TYPE_CHECKING:
    from trackhelm.artifacts.stores import ArtifactStore

_META = "registered_model_meta"


def local_path_of(model_uri: str) -> Path | None:
    """Return the local path that a URI is; None if it names something elsewhere."""
    if model_uri.startswith("file:"):
        return Path(unquote(model_uri.removeprefix("file:").replace("//", "", 1) or "/"))
    if ":/" in model_uri:
        return None
    return Path(model_uri)


def fetch(model_uri: str | Path, dst_path: str | Path | None = None) -> Path:
    """Return the folder of a model on this machine.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION`, `models:/NAME/STAGE`,
            `models:/NAME@ALIAS`, `models:/MODEL_ID`, or the URI of a store.
        dst_path: The folder into which it is downloaded or copied; a temporary one by default.

    Raises:
        MlflowException: There is no model.
    """
    uri = str(model_uri)
    local = local_path_of(uri)
    if local is not None:
        if not (local / MLMODEL).is_file():
            raise MlflowException(
                f'Could not find an "MLmodel" configuration file at "{local}"',
                error_code=RESOURCE_DOES_NOT_EXIST,
            )
        if dst_path is not None:
            local = Path(shutil.copytree(local, Path(dst_path), dirs_exist_ok=True))
        return _noted(local, None, "")
    from trackhelm.artifacts.locations import download, locate
    from trackhelm.client import MlflowClient

    client = MlflowClient()
    store, path = locate(client, _pinned(client, uri))
    if not any(file.path.rpartition("/")[2] == MLMODEL for file in store.list(path)):
        raise MlflowException(
            f'Could not find an "MLmodel" configuration file at "{uri}"', error_code=RESOURCE_DOES_NOT_EXIST
        )
    # The files of a registered model are in the folder that is named, and not below their path in the store.
    is_moved = dst_path is not None and path != "" and uri.startswith("models:")
    folder = download(store, path, _temporary() if dst_path is None or is_moved else dst_path)
    if dst_path is not None and is_moved:
        folder = Path(shutil.copytree(folder, dst_path, dirs_exist_ok=True))
    _note_version(client, uri, folder)
    return _noted(folder, store, path)


def _noted(folder: Path, store: "ArtifactStore | None", path: str) -> Path:
    from trackhelm.models.model import read_yaml

    recorded = read_yaml(folder / MLMODEL).get("file_digests") or {}
    note_origin(folder, store, path, recorded if isinstance(recorded, Mapping) else {})
    return folder


def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="trackhelm-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def version_of(client: Any, model_uri: str) -> tuple[str, str] | None:
    """Return the name and number of the version that a URI names now; None if it names none."""
    from trackhelm.artifacts.locations import version_number

    if not model_uri.startswith("models:/"):
        return None
    rest = model_uri.removeprefix("models:/").strip("/")
    name, at, alias = rest.partition("@")
    if at:
        return name, str(client.get_model_version_by_alias(name, alias.partition("/")[0]).version)
    name, _, version = rest.partition("/")
    if not version:
        return None
    return name, version_number(client, name, version.partition("/")[0])


def _pinned(client: Any, uri: str) -> str:
    """Return a URI with the number of its version, so that what is noted is what is downloaded."""
    found = version_of(client, uri)
    return uri if found is None else f"models:/{found[0]}/{found[1]}"


def _note_version(client: Any, uri: str, folder: Path) -> None:
    """Write which registered version a copy is of, as MLflow's client does."""
    found = version_of(client, uri)
    if found is not None:
        text = f"model_name: {found[0]}\nmodel_version: '{found[1]}'\n"
        (folder / _META).write_text(text, encoding="utf-8")


def load_meta(model_uri: str | Path) -> Model:
    """Return the contents of a model's MLmodel file, of which alone is downloaded."""
    uri = str(model_uri)
    if local_path_of(uri) is not None:
        return Model.load(fetch(uri))
    from trackhelm.artifacts import load_text

    return Model.from_text(load_text(f"{uri.rstrip('/')}/{MLMODEL}"))


def rewrite_mlmodel(model_uri: str, change: Callable[[Model], Any]) -> None:
    """Change the MLmodel file of a model that is saved or logged, but not of a registered version."""
    local = local_path_of(model_uri)
    if local is not None:
        model = Model.load(local)
        change(model)
        model.save(local / MLMODEL)
        return
    if model_uri.startswith("models:/") and not model_uri.removeprefix("models:/").startswith("m-"):
        raise MlflowException(
            f"The model {model_uri!r} is a registered version, of which the files cannot be changed: change "
            "the logged model, and register it again",
            error_code=INVALID_PARAMETER_VALUE,
        )
    from trackhelm.artifacts.locations import locate
    from trackhelm.client import MlflowClient

    client = MlflowClient()
    store, path = locate(client, model_uri)
    with tempfile.TemporaryDirectory(prefix="trackhelm-") as folder:
        file = Path(folder) / MLMODEL
        inner = f"{path}/{MLMODEL}" if path else MLMODEL
        store.download(inner, file)
        model = Model.load(file)
        change(model)
        model.save(file)
        store.upload(file, inner)
