"""Writes what a training tells to its run. No method raises; each warns of what it could not log.

Params, metrics and tags go into the client's log on the disk. Datasets, files and models need the server.
They are tried twice, for a few seconds, and left out while the server does not answer: a training does not
wait for it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from trackhelm import environment
from trackhelm.destinations import destination_of, get_tracking_uri
from trackhelm.exceptions import MlflowException, RestException, ServerAwayException, is_away

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.data import Dataset
    from trackhelm.destinations import CheckedLog, Destination

_SERVER_ERROR: Final = 500
_PAUSE_SECONDS: Final = 15.0
_DELIVERY_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.25

EXAMPLE_ROWS: Final = 5
"""The rows of the training data that become the input example."""

LONGEST_PARAM: Final = 6_000
LONGEST_TAG: Final = 8_000
LONGEST_KEY: Final = 250

_BRIEF: Final = {
    "HTTP_REQUEST_MAX_RETRIES": "1",
    "HTTP_REQUEST_TIMEOUT": "30",
    "HTTP_REQUEST_BACKOFF_FACTOR": "0.1",
    "FLUSH_TIMEOUT_SECONDS": "10",
}
"""How long the calls of a training wait for a server, instead of what holds for the user's own."""


class Recorder:
    """What a training logs to one run.

    Args:
        integration: Which warns, and whose options decide what is logged.
        run_id: The run.
    """

    def __init__(self, integration: "Integration", run_id: str) -> None:
        self.integration = integration
        self.run_id = run_id
        self.model_id: str | None = None
        """The logged model to which metrics belong; `begin_model` sets it."""
        self._has_warned_of_server = False
        self._uri: str | None = None

    def params(self, params: Mapping[str, Any]) -> None:
        """Log params, whose values become texts of 6,000 characters at most.

        One that the run has with another value is left out, and the others are logged.
        """
        with self._careful("params"):
            texts = {str(key)[:LONGEST_KEY]: str(value)[:LONGEST_PARAM] for key, value in params.items()}
            if not texts:
                return
            log = self._log()
            try:
                log.params(self.run_id, texts)
            except MlflowException:
                for key, value in texts.items():
                    with self._careful(f"the param {key}"):
                        log.params(self.run_id, {key: value})

    def tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, whose values become texts."""
        with self._careful("tags"):
            self._log().tags(
                self.run_id,
                {str(key)[:LONGEST_KEY]: str(value)[:LONGEST_TAG] for key, value in tags.items()},
            )

    def metrics(self, metrics: Mapping[str, Any], step: int = 0, dataset: "Dataset | None" = None) -> None:
        """Log a value of each metric, of the logged model if there is one.

        Args:
            metrics: The values, or what Python turns into a float.
            step: The iteration.
            dataset: The dataset on which they were measured.
        """
        if not metrics:
            return
        # Each iteration of a training comes here, with none of this in the processor's caches: what is
        # called on the way counts.
        try:
            measured = None if dataset is None else (dataset.name, dataset.digest)
            self._log().metrics(
                self.run_id, metrics, step, time.time_ns() // 1_000_000, None, self.model_id, measured
            )
        except Exception as error:  # noqa: BLE001 - it is a warning, or for tests raised
            self._left_out("metrics", error)

    def input(self, dataset: "Dataset | None", context: str, *, names_model: bool = False) -> None:
        """Note a dataset that the run reads, as `train` or `eval`.

        Args:
            dataset: The dataset; nothing is noted for None.
            context: What for.
            names_model: Whether the logged model is noted as an input with it, as MLflow does for Keras.
        """
        if dataset is None or not self.integration.option("log_datasets"):
            return
        from trackhelm.client import MlflowClient
        from trackhelm.entities import DatasetInput, InputTag, LoggedModelInput

        used = DatasetInput(dataset.to_entity(), [InputTag("mlflow.data.context", context)])
        models = [LoggedModelInput(self.model_id)] if names_model and self.model_id else None
        self.at_server("a dataset", lambda: MlflowClient().log_inputs(self.run_id, [used], models))

    def input_model(self) -> None:
        """Note the logged model as an input of the run, as MLflow does for Keras also without datasets."""
        if self.model_id is None:
            return
        from trackhelm.client import MlflowClient
        from trackhelm.entities import LoggedModelInput

        read = [LoggedModelInput(self.model_id)]
        self.at_server("the model as an input", lambda: MlflowClient().log_inputs(self.run_id, models=read))

    def text(self, text: str, path: str) -> None:
        """Store a text as a file of the run."""
        from trackhelm.client import MlflowClient

        self.at_server(path, lambda: MlflowClient().log_text(self.run_id, text, path))

    def dictionary(self, dictionary: Any, path: str) -> None:
        """Store a dictionary as a JSON file of the run."""
        from trackhelm.client import MlflowClient

        self.at_server(path, lambda: MlflowClient().log_dict(self.run_id, dictionary, path))

    def folder(self, folder: str | Path, path: str | None = None) -> None:
        """Store what is in a folder."""
        from trackhelm.client import MlflowClient

        if any(Path(folder).iterdir()):
            self.at_server(path or "files", lambda: MlflowClient().log_artifacts(self.run_id, folder, path))

    def file(self, local: str | Path, path: str | None = None) -> None:
        """Store a file in a folder of the run."""
        from trackhelm.client import MlflowClient

        self.at_server(str(local), lambda: MlflowClient().log_artifact(self.run_id, local, path))

    def written(self, write: Callable[[Path], Any], path: str | None = None) -> None:
        """Let files be written into a new folder, and store what is in it then."""
        with self._careful("files"), TemporaryDirectory(prefix="trackhelm-") as place:
            with self._careful("files"):
                write(Path(place))
            self.folder(place, path)

    def begin_model(self) -> None:
        """Create the logged model of the training, so that its metrics can name it."""
        if not self.integration.option("log_models"):
            return
        from trackhelm.fluent.models import initialize_logged_model

        created = self.at_server(
            "the model",
            lambda: initialize_logged_model("model", source_run_id=self.run_id),
        )
        self.model_id = None if created is None else created.model_id

    def model(self, flavour: str, model: Any, **arguments: Any) -> str | None:
        """Log the trained model and return its id; None if it could not be logged.

        Args:
            flavour: The flavour whose `log_model` is called, such as `sklearn`.
            model: The model.
            arguments: More arguments of it. The `name` is `model` by default, `model_id` that of
                `begin_model`, `registered_model_name` that of the options.
        """
        given = {"name": "model", "registered_model_name": self.integration.option("registered_model_name")}
        if self.model_id is not None:
            given["model_id"] = self.model_id

        def log_model() -> Any:
            from importlib import import_module

            return import_module(f"trackhelm.{flavour}").log_model(model, **{**given, **arguments})

        info = self.at_server("the model", log_model)
        if info is None:
            self.fail_model()
        return None if info is None else str(info.model_id)

    def fail_model(self) -> None:
        """Say of the model that `begin_model` created that it has no files."""
        if self.model_id is None:
            return
        from trackhelm.fluent.models import finalize_logged_model

        model_id, self.model_id = self.model_id, None
        with suppress(Exception), environment.overridden(**_BRIEF):
            finalize_logged_model(model_id, "FAILED")

    def at_server(self, what: str, call: Callable[[], Any]) -> Any:
        """Call something that needs the server, without long waits; return None if it failed."""
        from trackhelm.fluent._state import destination

        with self._careful(what), environment.overridden(**_BRIEF):
            to = destination()
            if _is_ready(to):
                return _asked(to, call)
            if not self._has_warned_of_server:
                self._has_warned_of_server = True
                self.integration.warn(
                    "the tracking server does not answer, or fails: models, files and datasets are left "
                    "out; params, metrics and tags are sent when it answers"
                )
        return None

    @contextmanager
    def _careful(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - likewise
            self._left_out(what, error)

    def _left_out(self, what: str, error: Exception) -> None:
        """Warn of what could not be logged, or raise it if tests want to know."""
        if environment.flag("AUTOLOGGING_TESTING", default=False):
            raise error
        self.integration.warn(f"{what} could not be logged", error)

    def _log(self) -> "CheckedLog":
        """Return the log of where the run is; the address is looked up once."""
        if self._uri is None:
            self._uri = get_tracking_uri()
        return destination_of(self._uri).log


_failing_until: dict[str, float] = {}
"""The moment, by the monotonic clock, until which a server that has failed is not asked again, by its URI."""


def _is_ready(to: "Destination") -> bool:
    """Return whether the server answers. It is given the time to take what this process has logged."""
    if to.is_away or time.monotonic() < _failing_until.get(to.uri, 0):
        return False
    until = time.monotonic() + _DELIVERY_SECONDS
    while True:
        try:
            to.log.flush(timeout=_LOOK_SECONDS)
        except MlflowException:
            if to.is_failing or time.monotonic() >= until:
                _failing_until[to.uri] = time.monotonic() + _PAUSE_SECONDS
                return False
        else:
            return True


def _asked(to: "Destination", call: Callable[[], Any]) -> Any:
    """Call something of a server, and note if the server fails."""
    try:
        return call()
    except MlflowException as error:
        # Also what the client itself cannot do, such as saving a model, has the status 500 by default.
        is_of_server = isinstance(error, RestException | ServerAwayException) or is_away(error)
        if is_of_server and error.get_http_status_code() >= _SERVER_ERROR:
            _failing_until[to.uri] = time.monotonic() + _PAUSE_SECONDS
        raise
