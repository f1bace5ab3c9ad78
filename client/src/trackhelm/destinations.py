"""Where what is logged goes: the tracking URI, and what it leads to.

A tracking URI is a server's address, or a folder: that of an embedded server on this machine, which is
started when it is needed, or of what is logged offline. Without one, the folder is `./trackhelm-data`.
With `TRACKHELM_OFFLINE=true` this process has no server: all is kept in the folder until `trackhelm sync`.
"""

import atexit
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from trackhelm import environment
from trackhelm.exceptions import InvalidMetricException, MlflowException

if TYPE_CHECKING:
    from trackhelm.rest.transport import Transport

DEFAULT_FOLDER: Final = "trackhelm-data"
ARTIFACTS_TO_SEND: Final = "artifacts-to-send"
"""The folder in a data folder of the artifacts of runs that were logged offline."""

METRICS_A_REQUEST: Final = 1_000
_EXIT_LOOK_SECONDS: Final = 1.0

_logger = logging.getLogger("trackhelm")

PAIRS_A_REQUEST: Final = 100
"""The params, and the tags, that a request to log a batch may have."""


class Log(Protocol):
    """What takes metrics, params and tags: the durable log, or the server itself."""

    def metrics(
        self,
        run_id: str,
        values: Mapping[str, float],
        step: int,
        timestamp_ms: int,
        labels: Mapping[str, str] | None = None,
        model_id: str | None = None,
        dataset: tuple[str, str] | None = None,
    ) -> None:
        """Log a value of each metric; the time in milliseconds since 1970."""

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Log params."""

    def tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""


class DirectLog:
    """Sends each call to the server and returns when that has stored it. For `synchronous=True`.

    Labels, by default those of a rank of a distributed job, are for Trackhelm's server; MLflow's takes no
    notice of them.
    """

    def __init__(self, transport: "Transport") -> None:
        self._transport = transport

    def metrics(
        self,
        run_id: str,
        values: Mapping[str, float],
        step: int,
        timestamp_ms: int,
        labels: Mapping[str, str] | None = None,
        model_id: str | None = None,
        dataset: tuple[str, str] | None = None,
    ) -> None:
        """Log a value of each metric."""
        if labels is None:
            from trackhelm.log.ranks import detect

            rank = detect()
            labels = dict(rank.labels) if rank else None
        common: dict[str, Any] = {"timestamp": timestamp_ms, "step": step}
        if model_id is not None:
            common["model_id"] = model_id
        if dataset is not None:
            common["dataset_name"], common["dataset_digest"] = dataset
        if labels:
            common["labels"] = dict(labels)
        points = [{"key": key, "value": float(value), **common} for key, value in values.items()]
        self._log_batches(run_id, "metrics", points, METRICS_A_REQUEST)

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Log params."""
        pairs = [{"key": key, "value": value} for key, value in params.items()]
        self._log_batches(run_id, "params", pairs, PAIRS_A_REQUEST)

    def tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        self._log_batches(run_id, "tags", pairs, PAIRS_A_REQUEST)

    def _log_batches(self, run_id: str, kind: str, items: list[dict[str, Any]], most: int) -> None:
        for first in range(0, len(items), most):
            self._transport.post("runs/log-batch", {"run_id": run_id, kind: items[first : first + most]})


class CheckedLog:
    """The durable log, whose refusals are MLflow's exception."""

    def __init__(self, log: Any) -> None:
        from trackhelm.log.checks import InvalidEntryError

        self._log = log
        self._refusals = InvalidEntryError
        self.unchecked = log.metrics
        """`metrics`, but what it raises is a `ValueError`: then `metrics` says what is wrong, or takes it."""

    def metrics(
        self,
        run_id: str,
        values: Mapping[str, float],
        step: int,
        timestamp_ms: int,
        labels: Mapping[str, str] | None = None,
        model_id: str | None = None,
        dataset: tuple[str, str] | None = None,
    ) -> None:
        """Log a value of each metric."""
        try:
            self._log.metrics(run_id, values, step, timestamp_ms, labels, model_id, dataset)
        except self._refusals as refusal:
            # Texts and arrays of one number are taken as that number, as in MLflow; that is tried when all
            # else failed, so that numbers do not wait for it.
            numbers = as_numbers(values)
            if numbers is None:
                raise InvalidMetricException(refusal) from None
            try:
                self._log.metrics(run_id, numbers, step, timestamp_ms, labels, model_id, dataset)
            except self._refusals as again:
                raise MlflowException.invalid_parameter_value(again) from None

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Log params."""
        try:
            self._log.params(run_id, params)
        except self._refusals as refusal:
            raise MlflowException.invalid_parameter_value(refusal) from None

    def tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags."""
        try:
            self._log.tags(run_id, tags)
        except self._refusals as refusal:
            raise MlflowException.invalid_parameter_value(refusal) from None

    def inputs(
        self, run_id: str, datasets: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]
    ) -> None:
        """Note datasets and logged models that a run read."""
        try:
            self._log.inputs(run_id, datasets, models)
        except self._refusals as refusal:
            raise MlflowException.invalid_parameter_value(refusal) from None

    def outputs(self, run_id: str, models: Sequence[Mapping[str, Any]]) -> None:
        """Note logged models that a run made."""
        try:
            self._log.outputs(run_id, models)
        except self._refusals as refusal:
            raise MlflowException.invalid_parameter_value(refusal) from None

    def create_run(self, run_id: str, **fields: Any) -> None:
        """Create a run with an id that the client made."""
        try:
            self._log.create_run(run_id, **fields)
        except self._refusals as refusal:
            raise MlflowException.invalid_parameter_value(refusal) from None

    def end_run(self, run_id: str, status: str, end_time_ms: int) -> None:
        """Log that a run has ended."""
        self._log.end_run(run_id, status, end_time_ms)

    def begin_heartbeats(self, run_id: str) -> None:
        """Say every half minute that this process logs to a run that others log to as well."""
        self._log.begin_heartbeats(run_id)

    def end_heartbeats(self, run_id: str) -> None:
        """Say for the last time that this process logs to a run."""
        self._log.end_heartbeats(run_id)

    def flush(self, run_id: str | None = None, timeout: float | None = None) -> None:
        """Wait until the server has what was logged; raises `TEMPORARILY_UNAVAILABLE` after the time-out."""
        from trackhelm.log.checks import DeliveryError

        try:
            self._log.flush(run_id, timeout)
        except DeliveryError as error:
            raise MlflowException(error, error_code="TEMPORARILY_UNAVAILABLE") from None

    def rejected(self, run_id: str) -> list[dict[str, Any]]:
        """Return what the server refused for good of a run."""
        found: list[dict[str, Any]] = self._log.rejected(run_id)
        return found

    def stats(self) -> dict[str, Any]:
        """Return what became of the calls of this process."""
        return dict(self._log.stats())


def as_numbers(values: Mapping[str, Any]) -> dict[str, float] | None:
    """Return the values as floats, or None if one is no number; texts and tensors of one number are."""
    try:
        return {
            key: float(value.item() if hasattr(value, "item") else value) for key, value in values.items()
        }
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None


class Destination:
    """What a tracking URI leads to."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._keeps = environment.flag(environment.OFFLINE, default=False)
        self.folder = folder_of(uri)
        if self._keeps and self.folder is None:
            self.folder = Path(DEFAULT_FOLDER).absolute()
        self._lock = Lock()
        self._process = os.getpid()
        self._transport: Transport | None = None
        self._log: CheckedLog | None = None

    @property
    def address(self) -> str | None:
        """The server's address; None where there is none, and what is logged is kept offline."""
        if self.folder is None:
            return self.uri
        if self._keeps:
            return None
        from trackhelm.local import server_of

        return server_of(self.folder)

    @property
    def transport(self) -> "Transport":
        """The way to the server.

        Raises:
            MlflowException: There is none, since what is logged is kept offline.
        """
        if self._transport is None:
            address = self.address
            if address is None:
                raise MlflowException(
                    f"There is no server: what is logged is kept in {self.folder}. "
                    + (
                        "TRACKHELM_OFFLINE=true wants it so"
                        if self._keeps
                        else "Install trackhelm[server], or set a tracking URI, to read it here"
                    )
                    + "; `trackhelm sync` sends it to a server",
                    error_code="TEMPORARILY_UNAVAILABLE",
                )
            from trackhelm.rest.transport import Transport

            self._transport = Transport(address)
        return self._transport

    @property
    def is_offline(self) -> bool:
        """Whether there is no server at all."""
        return self._transport is None and self.address is None

    @property
    def is_away(self) -> bool:
        """Whether the server did not answer a moment ago; False where it was not asked."""
        return self._transport is not None and self._transport.is_away

    @property
    def is_failing(self) -> bool:
        """Whether the server did not take what was logged when that was last tried."""
        return self._log is not None and bool(self._log.stats()["uploader"].get("error"))

    @property
    def log(self) -> CheckedLog:
        """The durable log of this process."""
        if self._log is None:
            from trackhelm.log import open_log

            spool = None if self.folder is None else self.folder / "log"
            self._log = CheckedLog(open_log(self.address, spool))
        return self._log

    @property
    def direct(self) -> DirectLog:
        """The server itself, as a log that waits for it."""
        return DirectLog(self.transport)

    def flush(self, run_id: str | None = None) -> None:
        """Wait until the server has what this process has logged, so that a read finds it."""
        if self._log is not None:
            self._log.flush(run_id, environment.number("FLUSH_TIMEOUT_SECONDS", 60))

    def flush_at_exit(self) -> None:
        """Wait a while until the server has what this process has logged, unless it is known to be away.

        What it has not then is sent by the uploading process, which goes on.
        """
        if self._log is None or self.is_offline:
            return
        until = time.monotonic() + environment.number("EXIT_TIMEOUT_SECONDS", 30)
        undelivered = self._undelivered()
        while undelivered is not None:
            if self.is_failing or time.monotonic() >= until:
                _logger.warning("%s", undelivered)
                return
            undelivered = self._undelivered()

    def _undelivered(self) -> MlflowException | None:
        """Wait a moment until all is delivered; return what says otherwise."""
        assert self._log is not None, "something was logged"
        try:
            self._log.flush(timeout=_EXIT_LOOK_SECONDS)
        except MlflowException as error:
            return error
        return None


_destinations: dict[str, Destination] = {}
_set_uri: str | None = None
_set_registry_uri: str | None = None


def destination_of(uri: str) -> Destination:
    """Return what a tracking URI leads to; the same one each time."""
    return _destinations.get(uri) or _destinations.setdefault(uri, Destination(uri))


@atexit.register
def _flush_at_exit() -> None:
    """Runs last: it is registered before what ends the runs."""
    for destination in list(_destinations.values()):
        with suppress(OSError):
            destination.flush_at_exit()


def folder_of(uri: str) -> Path | None:
    """Return the folder that a tracking URI names; None for a server's address.

    Raises:
        MlflowException: It names neither.
    """
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return None
    if parts.scheme == "file":
        return Path(unquote(parts.path)).absolute()
    if "://" not in uri and not uri.startswith("databricks"):
        return Path(uri).expanduser().absolute()
    raise MlflowException.invalid_parameter_value(
        f"The tracking URI {uri!r} cannot be used: expected the address of a server, http(s)://…, or a folder"
    )


def set_tracking_uri(uri: str | Path) -> None:
    """Set where runs are logged: the address of a server, or a folder.

    Programs that this one starts log there, too. An empty text goes back to the environment's URI.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.set_tracking_uri("http://127.0.0.1:5000")
    """
    global _set_uri  # noqa: PLW0603 - one tracking URI for a process, as in MLflow
    text = str(uri.absolute()) if isinstance(uri, Path) else uri.strip()
    if not text:
        _set_uri = None
        return
    folder = folder_of(text)
    _set_uri = text if folder is None else folder.as_uri()
    os.environ["MLFLOW_TRACKING_URI"] = _set_uri
    if "TRACKHELM_TRACKING_URI" in os.environ:
        os.environ["TRACKHELM_TRACKING_URI"] = _set_uri
    from trackhelm.fluent._state import forget_experiment

    forget_experiment()


def get_tracking_uri() -> str:
    """Return where runs are logged."""
    if _set_uri is not None:
        return _set_uri
    told = environment.text(environment.TRACKING_URI)
    if told is not None:
        folder = folder_of(told)
        return told if folder is None else folder.as_uri()
    return Path(DEFAULT_FOLDER).absolute().as_uri()


def is_tracking_uri_set() -> bool:
    """Return whether a tracking URI was set, by a call or by the environment."""
    return _set_uri is not None or environment.text(environment.TRACKING_URI) is not None


def set_registry_uri(uri: str) -> None:
    """Set where models are registered, if that is another server than where runs are logged."""
    global _set_registry_uri  # noqa: PLW0603 - likewise
    _set_registry_uri = uri or None


def get_registry_uri() -> str:
    """Return where models are registered: the tracking URI unless another was set."""
    return _set_registry_uri or environment.text(environment.REGISTRY_URI) or get_tracking_uri()
