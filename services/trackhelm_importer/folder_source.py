"""A `mlruns` folder as a source: the files of MLflow's file store. Must not write, and must not need MLflow.

A folder has no snapshot: what is written to it while it is read may come half, and is brought whole by the
next pass.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.chunks.points import Points, merge, summarise
from trackhelm_importer.records import (
    ACTIVE,
    DELETED_STAGE,
    LOGGED_MODEL_STATUSES,
    Counts,
    DatasetUse,
    Experiment,
    LastValue,
    LoggedModel,
    ModelPoint,
    Piece,
    RegisteredModel,
    Run,
    RunHead,
    SourceError,
    Version,
    Webhook,
    Workspace,
    logged_model_of_source,
)
from trackhelm_ingest.runs.store import STATUSES

_META: Final = "meta.yaml"
_TRASH: Final = ".trash"
_REGISTRY: Final = "models"
_IN_EXPERIMENT: Final = frozenset({"tags", "datasets", "models", "traces"})
_STEP: Final = 2
"""The column of the step in a metric's file: `time value step`."""


class FolderSource:
    """A folder of MLflow's file store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.name = self._folder.as_uri()
        if not self._folder.is_dir():
            raise SourceError(f"there is no folder {self._folder}")
        if not any(self._folder.glob(f"*/{_META}")):
            raise SourceError(f"{self._folder} is no mlruns folder: no folder in it has a {_META}")
        self._load = _yaml()

    def refresh(self) -> None:
        """Look again at which runs there are."""
        self.__dict__.pop("_run_folders", None)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def counts(self) -> Counts:
        """Count what there is, by the names of the tables of a database."""
        counted: Counter[str] = Counter()
        for experiment in self.experiments():
            counted["experiments"] += 1
            counted["experiment_tags"] += len(experiment.tags)
        for folder in self._run_folders.values():
            counted["runs"] += 1
            counted["params"] += sum(1 for _ in _files(folder / "params"))
            counted["tags"] += sum(1 for _ in _files(folder / "tags"))
            counted["metrics"] += sum(len(points) for _, points in _metrics(folder))
        for logged in self.logged_models():
            counted["logged_models"] += 1
            counted["logged_model_params"] += len(logged.params)
            counted["logged_model_tags"] += len(logged.tags)
            counted["logged_model_metrics"] += len(logged.points)
        for model in self.registered_models():
            counted["registered_models"] += 1
            counted["registered_model_tags"] += len(model.tags)
            counted["registered_model_aliases"] += len(model.aliases)
            counted["model_versions"] += len(model.versions)
        traces = sum(1 for folder in self._experiment_folders() for _ in folder.glob("traces/*"))
        return Counts(counted, {"traces": traces} if traces else {})

    def workspaces(self) -> list[Workspace]:
        """Return the one workspace that a folder is."""
        return [Workspace(DEFAULT_WORKSPACE)]

    def experiments(self) -> Iterator[Experiment]:
        """Yield every experiment by id."""
        found = []
        for folder in self._experiment_folders():
            meta = self._meta(folder)
            found.append(
                Experiment(
                    id=int(meta["experiment_id"]),
                    name=meta["name"],
                    artifact_location=meta.get("artifact_location") or "",
                    stage=meta.get("lifecycle_stage") or ACTIVE,
                    creation_time=_time(meta.get("creation_time"), folder),
                    last_update_time=_time(meta.get("last_update_time"), folder),
                    tags=_texts(folder / "tags"),
                )
            )
        yield from sorted(found, key=lambda experiment: experiment.id)

    def run_heads(self) -> Iterator[RunHead]:
        """Yield every run with the sizes of its metrics' files: a point is a line more."""
        for uuid, folder in sorted(self._run_folders.items()):
            yield RunHead(uuid, str(sum(path.stat().st_size for _, path in _files(folder / "metrics"))))

    def runs(self, uuids: Sequence[str]) -> list[Run]:
        """Return runs with their params, tags, datasets and models."""
        return [self._run(uuid, self._run_folders[uuid]) for uuid in uuids if uuid in self._run_folders]

    def _run(self, uuid: str, folder: Path) -> Run:
        meta = self._meta(folder)
        inputs = [self._meta(path) for path in _folders(folder / "inputs")]
        outputs = [self._meta(path) for path in _folders(folder / "outputs")]
        return Run(
            uuid=uuid,
            experiment_id=int(meta["experiment_id"]),
            name=meta.get("run_name") or meta.get("name") or "",
            user_id=meta.get("user_id") or "",
            status=STATUSES.get(meta["status"], "FINISHED"),
            start_time=meta.get("start_time") or 0,
            end_time=meta.get("end_time"),
            stage=meta.get("lifecycle_stage") or ACTIVE,
            deleted_time=meta.get("deleted_time"),
            artifact_uri=meta.get("artifact_uri") or "",
            params=_texts(folder / "params"),
            tags=_texts(folder / "tags"),
            datasets=[
                self._dataset(folder.parent, each) for each in inputs if each["source_type"] == "DATASET"
            ],
            inputs=[each["source_id"] for each in inputs if each["source_type"] == "MODEL"],
            outputs=[(each["destination_id"], each.get("step") or 0) for each in outputs],
        )

    def _dataset(self, experiment: Path, use: Mapping[str, Any]) -> DatasetUse:
        meta = self._meta(experiment / "datasets" / use["source_id"])
        return DatasetUse(
            name=meta["name"],
            digest=meta["digest"],
            source_type=meta["source_type"],
            source=meta["source"],
            schema=meta.get("schema"),
            profile=meta.get("profile"),
            tags={str(key): str(value) for key, value in (use.get("tags") or {}).items()},
        )

    def points(self, uuids: Sequence[str]) -> Iterator[Piece]:
        """Yield the points of runs, a metric in one piece."""
        for uuid in uuids:
            if folder := self._run_folders.get(uuid):
                for key, points in _metrics(folder):
                    yield Piece(uuid, key, points)

    def last_values(self, uuids: Sequence[str]) -> dict[tuple[str, str], LastValue]:
        """Return the last point of each metric of runs."""
        found = {}
        for run, key, points in self.points(uuids):
            last = summarise(points)
            found[run, key] = LastValue(last.last_step, last.last_timestamp, last.last_value)
        return found

    def logged_models(self) -> Iterator[LoggedModel]:
        """Yield every logged model."""
        for experiment in self._experiment_folders():
            for folder in _folders(experiment / "models"):
                meta = self._meta(folder)
                yield LoggedModel(
                    model_id=meta["model_id"],
                    experiment_id=int(meta["experiment_id"]),
                    name=meta["name"],
                    model_type=meta.get("model_type"),
                    source_run_id=meta.get("source_run_id"),
                    status=LOGGED_MODEL_STATUSES.get(meta["status"], LOGGED_MODEL_STATUSES[1]),
                    status_message=meta.get("status_message"),
                    artifact_uri=meta["artifact_location"],
                    creation_time=meta["creation_timestamp"],
                    last_update_time=meta["last_updated_timestamp"],
                    stage=meta.get("lifecycle_stage") or ACTIVE,
                    params=_texts(folder / "params"),
                    tags=_texts(folder / "tags"),
                    points=list(_model_points(folder)),
                )

    def registered_models(self) -> Iterator[RegisteredModel]:
        """Yield every registered model and prompt with its versions."""
        for folder in _folders(self._folder / _REGISTRY):
            meta = self._meta(folder)
            versions = [
                (path, self._meta(path)) for path in _folders(folder) if path.name.startswith("version-")
            ]
            yield RegisteredModel(
                name=meta["name"],
                description=meta.get("description") or "",
                creation_time=meta["creation_timestamp"],
                last_update_time=meta["last_updated_timestamp"],
                next_version=max((int(each["version"]) for _, each in versions), default=0) + 1,
                tags=_texts(folder / "tags"),
                aliases={name: int(number) for name, number in _texts(folder / "aliases").items()},
                versions=sorted(
                    (
                        _version(path, each)
                        for path, each in versions
                        if each.get("current_stage") != DELETED_STAGE
                    ),
                    key=lambda version: version.number,
                ),
            )

    def webhooks(self) -> Iterator[Webhook]:
        """Yield nothing: a file store has no webhooks."""
        return iter(())

    def _experiment_folders(self) -> list[Path]:
        folders = [*_folders(self._folder), *_folders(self._folder / _TRASH)]
        return [folder for folder in folders if folder.name not in {_TRASH, _REGISTRY} and _has_meta(folder)]

    @cached_property
    def _run_folders(self) -> dict[str, Path]:
        return {
            folder.name: folder
            for experiment in self._experiment_folders()
            for folder in _folders(experiment)
            if folder.name not in _IN_EXPERIMENT and _has_meta(folder)
        }

    def _meta(self, folder: Path) -> dict[str, Any]:
        path = folder / _META
        try:
            content = self._load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error}") from error
        except ValueError as error:
            raise SourceError(f"{path} is no YAML: {error}") from error
        if not isinstance(content, dict):
            raise SourceError(f"{path} has no fields")
        return content


def _yaml() -> Any:
    try:
        import yaml  # noqa: PLC0415 - needed for this kind of source only
    except ModuleNotFoundError as error:
        raise SourceError(
            "reading a mlruns folder needs PyYAML: pip install 'trackhelm-server[import]'"
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def load(text: str) -> Any:
        try:
            return yaml.load(text, loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    return load


def _version(folder: Path, meta: Mapping[str, Any]) -> Version:
    source = meta.get("source") or ""
    return Version(
        number=int(meta["version"]),
        description=meta.get("description") or "",
        stage=meta.get("current_stage") or "None",
        source=source,
        storage_location=meta.get("storage_location") or source,
        run_id=meta.get("run_id"),
        run_link=meta.get("run_link") or "",
        model_id=meta.get("model_id") or logged_model_of_source(source),
        creation_time=meta["creation_timestamp"],
        last_update_time=meta["last_updated_timestamp"],
        tags=_texts(folder / "tags"),
    )


def _metrics(folder: Path) -> Iterator[tuple[str, Points]]:
    for key, path in _files(folder / "metrics"):
        lines = path.read_bytes().split(b"\n")
        rows = [line.split(b" ") for line in lines if line.strip()]
        if not rows:
            continue
        times, values = ([row[column] for row in rows] for column in (0, 1))
        # MLflow before 1.0 wrote no step.
        steps = [int(row[2]) if len(row) > _STEP else 0 for row in rows]
        points = Points(
            np.array(steps, np.int64),
            np.array([int(time) for time in times], np.int64),
            np.array([float(value) for value in values], np.float64),
        )
        yield key, merge([points])


def _model_points(folder: Path) -> Iterator[ModelPoint]:
    for key, path in _files(folder / "metrics"):
        for line in path.read_text(encoding="utf-8").splitlines():
            time, value, step, run, *dataset = line.split(" ")
            # The name may have spaces, the digest has none.
            name, digest = (" ".join(dataset[:-1]), dataset[-1]) if len(dataset) > 1 else (None, None)
            yield ModelPoint(run, key, int(step), int(time), float(value), name, digest)


def _texts(folder: Path) -> dict[str, str]:
    return {key: path.read_text(encoding="utf-8") for key, path in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder with their keys, in which a slash is a folder."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _has_meta(folder: Path) -> bool:
    return (folder / _META).is_file()


def _time(value: Any, folder: Path) -> int:
    """Return a time of an experiment; that of its file if MLflow did not write one yet."""
    return int(value) if value else int((folder / _META).stat().st_mtime * 1000)
