"""What a record of a source becomes here: other ids, names and places of files. Pure.

Verification translates what it reads of the source in the same way, and then expects to find the same here.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_domain.locations import OF_WORKSPACES, PROXY_SCHEME, join
from trackhelm_domain.runs.schemas import RUN_NAME
from trackhelm_importer.records import (
    DELETED,
    Experiment,
    LoggedModel,
    RegisteredModel,
    Run,
    Version,
    Webhook,
)


@dataclass(frozen=True, slots=True)
class Place:
    """What an experiment became: its id and name here, and where its files were and are."""

    id: int
    name: str
    old_location: str
    location: str


@dataclass(slots=True)
class Translation:
    """How the records of one import are translated.

    With `copies`, all files are to be in this server's store. What is in a workspace or an experiment that
    is not among those here does not come.
    """

    copies: bool
    workspaces: dict[str, str] = field(default_factory=dict)
    """What each workspace is called here."""

    experiments: dict[int, Place] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    """The names here of registered models that have another one, by their keys."""

    def place(self, experiment: Experiment, experiment_id: int, name: str) -> None:
        """Decide what an experiment becomes."""
        old = experiment.artifact_location
        location = old
        if self.copies:
            workspace = self.workspaces[experiment.workspace]
            above = [] if workspace == DEFAULT_WORKSPACE else [OF_WORKSPACES, workspace]
            location = join(f"{PROXY_SCHEME}:", *above, str(experiment_id))
        self.experiments[experiment.id] = Place(experiment_id, name, old, location)

    @property
    def is_any_proxied(self) -> bool:
        """Whether the old server keeps the files of some experiment for its clients."""
        return any(place.old_location.startswith(f"{PROXY_SCHEME}:") for place in self.experiments.values())

    def experiment(self, experiment: Experiment) -> Experiment:
        """Translate an experiment that has its place."""
        place = self.experiments[experiment.id]
        workspace = self.workspaces[experiment.workspace]
        return replace(
            experiment,
            id=place.id,
            name=place.name,
            artifact_location=place.location,
            workspace=workspace,
        )

    def run(self, run: Run) -> Run:
        """Translate a run. MLflow keeps a run's name as a tag, too; runs of old versions have only that."""
        place = self.experiments[run.experiment_id]
        name = run.name or run.tags.get(RUN_NAME, "")
        is_deleted = run.stage == DELETED
        return replace(
            run,
            experiment_id=place.id,
            name=name,
            tags={**run.tags, RUN_NAME: name} if name else run.tags,
            deleted_time=(run.deleted_time or run.end_time or run.start_time) if is_deleted else None,
            artifact_uri=self._moved(run.artifact_uri, place, run.uuid, "artifacts"),
        )

    def logged_model(self, model: LoggedModel) -> LoggedModel:
        """Translate a logged model."""
        place = self.experiments[model.experiment_id]
        uri = self._moved(model.artifact_uri, place, "models", model.model_id, "artifacts")
        return replace(model, experiment_id=place.id, artifact_uri=uri)

    def registered_model(self, model: RegisteredModel) -> RegisteredModel:
        """Translate a registered model with its versions."""
        return replace(
            model,
            name=self.models.get(model.key, model.name),
            versions=[self._version(version) for version in model.versions],
            workspace=self.workspaces[model.workspace],
        )

    def webhook(self, webhook: Webhook, served: Collection[str]) -> Webhook:
        """Translate a webhook: it keeps the events that this server has. Ids have no hyphens here."""
        events = sorted(event for event in webhook.events if event in served)
        uuid, workspace = webhook.uuid.replace("-", ""), self.workspaces[webhook.workspace]
        return replace(webhook, uuid=uuid, events=events, has_secret=False, workspace=workspace)

    def _version(self, version: Version) -> Version:
        source, location = self.moved_by_experiment(version.source), version.storage_location
        return replace(version, source=source, storage_location=self.moved_by_experiment(location))

    def moved_by_experiment(self, uri: str) -> str:
        """Return where a file below an experiment's location will be; other URIs as they are."""
        if not self.copies:
            return uri
        holding = [place for place in self.experiments.values() if is_below(uri, place.old_location)]
        if not holding:
            return uri
        place = max(holding, key=lambda place: len(place.old_location))
        return place.location + uri.rstrip("/").removeprefix(place.old_location.rstrip("/"))

    def _moved(self, uri: str, place: Place, *below: str) -> str:
        if not (self.copies and uri):
            return uri
        return join(place.location, *below)


def is_below(uri: str, location: str) -> bool:
    """Return whether a URI names something below a location."""
    return bool(location) and uri.startswith(location.rstrip("/") + "/")
