"""The calls of `MlflowClient` about the artifacts of runs and logged models."""

import io
import json
import logging
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from trackhelm.artifacts.locations import download, upload_folder
from trackhelm.artifacts.stores import ArtifactStore, FolderStore, checked_path, join, store_of
from trackhelm.client._base import all_pages
from trackhelm.client.logged_models import LoggedModelCalls
from trackhelm.client.runs import RunCalls, now_ms
from trackhelm.destinations import ARTIFACTS_TO_SEND
from trackhelm.entities import FileInfo, Run
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException, ServerAwayException, is_away

if TYPE_CHECKING:
    import pandas as pd

_LOGGED_ARTIFACTS: Final = "mlflow.loggedArtifacts"
_LOGGED_IMAGES: Final = "mlflow.loggedImages"
_IMAGE_KEY: Final = re.compile(r"[a-zA-Z0-9_\-./ ]+")
_NOT_IN_TABLE_NAMES: Final = "\"',:[]{}"
_PAGE: Final = 1_000

_logger = logging.getLogger("trackhelm")

_stores: dict[tuple[str, str], ArtifactStore] = {}
"""The store of a tracking URI's run: where a run's artifacts are does not change."""

_tables_offline: dict[tuple[str, str], list[dict[str, str]]] = {}
"""The tables of runs that this process has logged offline, as their tag names them."""


class ArtifactCalls(RunCalls, LoggedModelCalls):
    """Artifacts: files, folders, and what is turned into a file."""

    def log_artifact(self, run_id: str, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Store a file, or a folder under its own name, in a folder of a run's artifacts."""
        with _storing(f"{local_path} of the run {run_id}"):
            _upload(self._run_store(run_id), Path(local_path), artifact_path)

    def log_artifacts(self, run_id: str, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Store everything in a folder in a folder of a run's artifacts."""
        with _storing(f"{local_dir} of the run {run_id}"):
            _upload_contents(self._run_store(run_id), Path(local_dir), artifact_path)

    def log_model_artifact(
        self, model_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Store a file in a folder of a logged model's artifacts."""
        with _storing(f"{local_path} of the model {model_id}"):
            _upload(self._model_store(model_id), Path(local_path), artifact_path)

    def log_model_artifacts(
        self, model_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Store everything in a folder in a folder of a logged model's artifacts."""
        with _storing(f"{local_dir} of the model {model_id}"):
            _upload_contents(self._model_store(model_id), Path(local_dir), artifact_path)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """List a folder of a run's artifacts; the root by default."""
        return self._run_store(run_id).list(path or "")

    def list_logged_model_artifacts(self, model_id: str, path: str | None = None) -> list[FileInfo]:
        """List a folder of a logged model's artifacts; the root by default."""
        return self._model_store(model_id).list(path or "")

    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Download a file or folder of a run and return its local path.

        Args:
            run_id: The run.
            path: Its path among the run's artifacts; all of them if it is empty.
            dst_path: The folder into which it is written; a new temporary one by default.
        """
        from trackhelm.artifacts.locations import locate

        store, inner = locate(self, f"runs:/{run_id}/{path}")  # type: ignore[arg-type]  # the whole client
        return str(download(store, inner, dst_path))

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Store a text as a file (UTF-8)."""
        self._store_file(run_id, artifact_file, lambda path: path.write_text(text, encoding="utf-8"))

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Store a dictionary or list as a file: YAML if its name ends so, else JSON."""
        self._store_file(run_id, artifact_file, lambda path: _write_dict(dictionary, path))

    def log_stream(self, run_id: str, stream: io.BufferedIOBase | io.RawIOBase, artifact_file: str) -> None:
        """Store what a binary stream gives until its end as a file."""

        def copy(path: Path) -> None:
            with path.open("wb") as file:
                shutil.copyfileobj(stream, file)

        self._store_file(run_id, artifact_file, copy)

    def log_figure(
        self, run_id: str, figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None
    ) -> None:
        """Store a figure of matplotlib or plotly as a file, in the format of its name.

        `save_kwargs` are given to what saves the figure.
        """
        self._store_file(run_id, artifact_file, lambda path: _write_figure(figure, path, save_kwargs or {}))

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Store an image: under a path, or as one of a series with a key and a step.

        Args:
            run_id: The run.
            image: A numpy array, a Pillow image, or a `trackhelm.Image`.
            artifact_file: The path.
            key: The name of the series instead.
            step: The step of the image in its series, 0 by default.
            timestamp: Milliseconds since 1970, now by default.
            synchronous: False to let an image of a series be sent in the background.
        """
        from trackhelm.artifacts.images import thumbnail, to_pillow

        if artifact_file is not None and (key, step, timestamp) != (None, None, None):
            raise TypeError(
                "The `artifact_file` parameter cannot be used in conjunction with `key`, `step`, or "
                "`timestamp` parameters"
            )
        if artifact_file is None and key is None:
            raise TypeError("Invalid arguments: Please specify exactly one of `artifact_file` or `key`")
        pillow = to_pillow(image)
        if artifact_file is not None:
            self._store_file(run_id, artifact_file, pillow.save)
            return
        assert key is not None, "one of both is given"
        if not _IMAGE_KEY.fullmatch(key):
            raise ValueError(
                "The `key` parameter may only contain alphanumerics, underscores (_), dashes (-), periods "
                f"(.), spaces ( ), and slashes (/). The provided key `{key}` contains invalid characters."
            )
        at = now_ms() if timestamp is None else timestamp
        series = key.replace("/", "~")
        name = f"images/{series}+step+{step or 0}+timestamp+{at}+{uuid.uuid4()}"
        files = {
            f"{name}.png": _encoded(pillow, "PNG"),
            f"{name}+compressed.webp": _encoded(thumbnail(pillow), "WEBP"),
        }
        for file, content in files.items():
            if synchronous is False:
                from trackhelm.artifacts.background import submit

                submit(self._store_bytes, run_id, file, content)
            else:
                self._store_bytes(run_id, file, content)
        self.set_tag(run_id, _LOGGED_IMAGES, True)  # noqa: FBT003 - the tag's text is `True`

    def log_table(self, run_id: str, data: Any, artifact_file: str) -> None:
        """Store a table, or add its rows to the one that is there.

        Args:
            run_id: The run.
            data: A dictionary of columns, or a pandas data frame.
            artifact_file: A path that ends in `.json` or `.parquet`.
        """
        from trackhelm.artifacts.tables import as_frame, read_table, with_stored_images, write_table

        _check_table_name(artifact_file)
        frame = with_stored_images(
            as_frame(data), artifact_file, lambda f, c: self._store_bytes(run_id, f, c)
        )
        folder = str(PurePosixPath(artifact_file).parent)
        if any(
            file.path == artifact_file
            for file in self.list_artifacts(run_id, "" if folder == "." else folder)
        ):
            import pandas as pd

            with tempfile.TemporaryDirectory(prefix="trackhelm-") as place:
                before = read_table(Path(self.download_artifacts(run_id, artifact_file, place)))
            frame = pd.concat([before, frame], ignore_index=True)
        self._store_file(run_id, artifact_file, lambda path: write_table(frame, path))
        logged = self._logged_tables(run_id)
        entry = {"path": artifact_file, "type": "table"}
        if entry not in logged:
            logged.append(entry)
            self.set_tag(run_id, _LOGGED_ARTIFACTS, json.dumps(logged))

    def _logged_tables(self, run_id: str) -> list[dict[str, str]]:
        """Return what a run's tag says of its tables; offline, of those that this process has logged."""
        if self._destination.is_offline:
            return _tables_offline.setdefault((self.tracking_uri, run_id), [])
        logged: list[dict[str, str]] = json.loads(self.get_run(run_id).data.tags.get(_LOGGED_ARTIFACTS, "[]"))
        return logged

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: list[str] | None = None,
        extra_columns: list[str] | None = None,
    ) -> "pd.DataFrame":
        """Return the rows of a table of several runs as one pandas data frame.

        Args:
            experiment_id: The experiment of the runs.
            artifact_file: The path of the table in each run.
            run_ids: The runs; all that have the table by default.
            extra_columns: Columns of `search_runs`, such as `run_id`, that are added.
        """
        import pandas as pd

        from trackhelm.artifacts.tables import read_table, runs_as_frame

        _check_table_name(artifact_file)
        wanted = f'"path"%:%"{artifact_file}",%"type"%:%"table"'
        query = f"tags.{_LOGGED_ARTIFACTS} LIKE '%{wanted}%'"
        if run_ids:
            query += " and attributes.run_id IN (" + ",".join(f"'{run_id}'" for run_id in run_ids) + ")"
        runs: list[Run] = all_pages(
            lambda most, token: self.search_runs([experiment_id], query, 1, most, None, token), _PAGE, None
        )
        if not runs:
            raise MlflowException(
                "No runs found with the corresponding table artifact.", error_code=RESOURCE_DOES_NOT_EXIST
            )
        about = runs_as_frame(runs)
        frames = []
        for (_, row), run in zip(about.iterrows(), runs, strict=True):
            with tempfile.TemporaryDirectory(prefix="trackhelm-") as place:
                frame = read_table(Path(self.download_artifacts(run.info.run_id, artifact_file, place)))
            for column in extra_columns or ():
                frame[f"{column}_" if column in frame else column] = row[column]
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def _run_store(self, run_id: str) -> ArtifactStore:
        """Return where a run's artifacts are."""
        destination = self._destination
        if destination.is_offline:
            assert destination.folder is not None, "only a folder is without a server"
            return FolderStore(destination.folder / ARTIFACTS_TO_SEND / run_id)
        name = self.tracking_uri, run_id
        if name not in _stores:
            uri = self.get_run(run_id).info.artifact_uri
            if uri is None:
                raise MlflowException(f"The run {run_id!r} has no artifact URI")
            self._remember_run_store(run_id, uri)
        return _stores[name]

    def _remember_run_store(self, run_id: str, uri: str) -> None:
        _stores[self.tracking_uri, run_id] = store_of(uri, self._rest)

    def _model_store(self, model_id: str) -> ArtifactStore:
        """Return where a logged model's artifacts are."""
        return store_of(self.get_logged_model(model_id).artifact_location, self._rest)

    def _store_file(self, run_id: str, artifact_file: str, write: Callable[[Path], Any]) -> None:
        """Let a file be written, under its own name, and store it."""
        with _temporary(artifact_file) as path:
            write(path)
            with _storing(f"{artifact_file} of the run {run_id}"):
                self._run_store(run_id).upload(path, str(PurePosixPath(artifact_file)))

    def _store_bytes(self, run_id: str, artifact_file: str, content: bytes) -> None:
        self._store_file(run_id, artifact_file, lambda path: path.write_bytes(content))


@contextmanager
def _storing(what: str) -> Iterator[None]:
    """Say of an artifact that a server that does not answer did not store it."""
    try:
        yield
    except MlflowException as error:
        if not is_away(error):
            raise
        raise ServerAwayException(
            f"The artifact {what} was not stored, since the tracking server does not answer. Artifacts are "
            "sent at once, unlike metrics, params and tags: log it again later, or log offline. "
            f"{error.message}"
        ) from error


@contextmanager
def _temporary(artifact_file: str) -> Iterator[Path]:
    name = PurePosixPath(checked_path(os.path.normpath(artifact_file))).name
    with tempfile.TemporaryDirectory(prefix="trackhelm-") as folder:
        yield Path(folder) / name


def _upload(store: ArtifactStore, local: Path, artifact_path: str | None) -> None:
    if local.is_dir():
        upload_folder(store, local, join(_folder(artifact_path), local.name))
    elif local.exists():
        store.upload(local, join(_folder(artifact_path), local.name))
    else:
        raise FileNotFoundError(f"No such file or directory: '{local}'")


def _upload_contents(store: ArtifactStore, local: Path, artifact_path: str | None) -> None:
    if not local.is_dir():
        # MLflow's client stores nothing then, and scripts count on it.
        _logger.warning("No artifacts are logged: %s is no folder", local)
        return
    upload_folder(store, local, _folder(artifact_path))


def _folder(artifact_path: str | None) -> str:
    if not artifact_path or artifact_path == ".":
        return ""
    return checked_path(artifact_path)


def _write_dict(dictionary: Any, path: Path) -> None:
    if path.suffix in {".yml", ".yaml"}:
        try:
            import yaml
        except ModuleNotFoundError:
            pass  # JSON is YAML, too
        else:
            path.write_text(yaml.dump(dictionary, indent=2, default_flow_style=False), encoding="utf-8")
            return
    path.write_text(json.dumps(dictionary, indent=2, default=str), encoding="utf-8")


def _write_figure(figure: Any, path: Path, save_kwargs: dict[str, Any]) -> None:
    # By their methods, so that neither library is imported.
    if hasattr(figure, "savefig"):
        figure.savefig(path, **save_kwargs)
    elif hasattr(figure, "write_html"):
        if path.suffix == ".html":
            figure.write_html(path, **{"include_plotlyjs": "cdn", "auto_open": False, **save_kwargs})
        elif path.suffix in {".png", ".jpeg", ".webp", ".svg", ".pdf"}:
            figure.write_image(path, **save_kwargs)
        else:
            raise TypeError(f"Unsupported file extension for plotly figure: '{path.suffix}'")
    else:
        raise TypeError(f"Unsupported figure object type: '{type(figure)}'")


def _encoded(pillow: Any, image_format: str) -> bytes:
    content = io.BytesIO()
    pillow.save(content, format=image_format)
    return content.getvalue()


def _check_table_name(artifact_file: str) -> None:
    forbidden = [character for character in _NOT_IN_TABLE_NAMES if character in artifact_file]
    if forbidden:
        raise ValueError(f"The artifact_file contains forbidden character: {forbidden[0]}")
    if not artifact_file.endswith((".json", ".parquet")):
        raise ValueError(
            f"Invalid artifact file path '{artifact_file}'. Please ensure the file you are trying to log "
            "as a table has a file name with either '.json' or '.parquet' extension."
        )
