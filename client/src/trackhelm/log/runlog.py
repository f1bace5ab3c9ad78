"""What the API calls to log: one `RunLog` a process and destination, which threads and forked children share.

It checks what it is given, and raises in the caller's line if that is not valid. What it has accepted never
raises: it is on the disk, or counted as dropped.
"""

import os
import struct
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, RLock
from typing import Any, Final, TypedDict
from zlib import crc32

from trackhelm.log.checks import (
    DeliveryError,
    InvalidEntryError,
    ParamConflictError,
    check_inputs,
    check_key,
    check_labels,
    check_run_id,
    check_texts,
    explain_numbers,
    shown,
)
from trackhelm.log.keeper import Keeper
from trackhelm.log.ranks import detect
from trackhelm.log.segments import ROW, Labels, ShapeKey, entry_record
from trackhelm.log.spool import DestinationFolder, default_spool, rejected_lines, rejections
from trackhelm.log.writer import Durability, RowPack, Writer

FLUSH_POLL_SECONDS: Final = 0.02
"""The longest pause between two looks at what is acknowledged, while a caller waits for it."""

_FIRST_POLL_SECONDS: Final = 0.0005
_KEEPER_SECONDS: Final = 1.0

_HEAD: Final = struct.Struct("<II").pack

HEARTBEAT: Final = "system/heartbeat"
"""The metric by which each process of a shared run says that it lives: for how many seconds it has logged."""

HEARTBEAT_SECONDS: Final = 30.0

DURABILITIES: Final[tuple[Durability, ...]] = ("fast", "normal", "full")


class Stats(TypedDict):
    """What became of the calls of this process; see `RunLog.stats`."""

    logged_bytes: int
    """Bytes of everything that was accepted."""
    waiting_bytes: int
    """Bytes on the disk that the server has not acknowledged."""
    held_bytes: int
    """Bytes in memory that the disk does not take."""
    dropped: int
    """Calls with metrics that were dropped: the disk took nothing for too long, or too much waits on it."""
    error: str | None
    """Why metrics cannot be written now: the disk is full, or too much waits on it; None if they can."""
    rejected: int
    """The lines about what the server refused for good, of all processes that log to it from this folder."""
    uploader: dict[str, Any]
    """What the uploader last said of itself: its `pid`, `state`, and the last `error`."""


class RunLog:
    """The log of this process for one destination. Its methods may be called by any thread."""

    def __init__(self, destination: str | None, spool: Path, durability: Durability = "normal") -> None:
        """Find the folder of the destination. Nothing is written before something is logged.

        Args:
            destination: The server's address; None to log offline.
            spool: The folder of all segments.
            durability: What survives a power cut: all but the last second (`normal`), everything (`full`), or
                what the system happened to write (`fast`). A killed process loses nothing in any case.

        Raises:
            OSError: The folder cannot be made.
        """
        self.destination: Final = destination
        self.folder: Final = DestinationFolder.of(spool, destination)
        self.labels: Labels = ()
        """The labels of points for which none are given: those of a rank of a distributed job."""
        self._durability: Durability = durability
        self._opening = RLock()
        self._writer: Writer | None = None
        self._keeper: Keeper | None = None
        self._params: dict[str, dict[str, str]] = {}
        self._beating: dict[str, float] = {}
        self._beaten = 0.0

    # What is logged.

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
        """Log a value of each of some metrics.

        Args:
            run_id: The run.
            values: The values by key; anything that Python turns into a float.
            step: A 64-bit integer.
            timestamp_ms: Milliseconds since the epoch.
            labels: Labels of the points, instead of those of this process.
            model_id: The logged model that the values belong to.
            dataset: Name and digest of the dataset that they belong to.

        Raises:
            InvalidEntryError: A key, value, step, time or label is not valid. Nothing was logged.
            OSError: The folder of this process cannot be made.
        """
        writer = self._writer or self._open()
        name: object
        if labels is None and model_id is None and dataset is None:
            name = (run_id, *values)
        else:
            given = None if labels is None else tuple(labels.items())
            name = ((run_id, given, model_id, dataset), *values)
        with writer.lock:
            was_packing, writer.is_packing = writer.is_packing, True
            is_appended = False
            try:
                pack, number = writer.shapes.get(name) or self._define(
                    writer, name, run_id, values, labels, model_id, dataset
                )
                body = pack(ROW, number, step, timestamp_ms, *values.values())
            except InvalidEntryError:
                raise
            except (TypeError, ValueError, OverflowError, struct.error) as error:
                raise explain_numbers(values, step, timestamp_ms) from error
            else:
                record = _HEAD(len(body), crc32(body)) + body
                try:
                    writer.put(record)
                except ValueError:
                    writer.append(record)
                    is_appended = True
            finally:
                writer.is_packing = was_packing
            if is_appended:
                writer.rotate_if_full()

    def _define(
        self,
        writer: Writer,
        name: object,
        run_id: str,
        values: Mapping[str, float],
        labels: Mapping[str, str] | None,
        model_id: str | None,
        dataset: tuple[str, str] | None,
    ) -> tuple[RowPack, int]:
        check_run_id(run_id)
        if not values:
            raise InvalidEntryError("No metrics are given")
        for key in values:
            check_key(key, "metric")
        found = self.labels if labels is None else check_labels(labels)
        own = [("model_id", model_id)] if model_id else []
        if dataset is not None:
            own += [("dataset_name", dataset[0]), ("dataset_digest", dataset[1])]
        every = tuple(sorted([*found, *((label, str(text)) for label, text in own)])) if own else found
        return writer.define(name, ShapeKey(run_id, tuple(values), every))

    def params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Log params. One that has its value already changes nothing.

        Raises:
            ParamConflictError: This process has logged one of them with another value.
            InvalidEntryError: A key or value is not valid. Nothing was logged.
        """
        check_run_id(run_id)
        check_texts(params, "param")
        writer = self._writer or self._open()
        with writer.lock:
            known = self._params.setdefault(run_id, {})
            for key, value in params.items():
                if known.get(key, value) != value:
                    raise ParamConflictError(
                        "Changing param values is not allowed. Param with key="
                        f"{key!r} was already logged with value={shown(known[key])} for run ID={run_id!r}. "
                        f"Attempted logging new value {shown(value)}."
                    )
            self._append(writer, {"kind": "params", "run": run_id, "params": dict(params)})
            known.update(params)

    def tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags. Raises `InvalidEntryError` if a key or value is not valid; then nothing was logged."""
        check_run_id(run_id)
        check_texts(tags, "tag")
        writer = self._writer or self._open()
        with writer.lock:
            self._append(writer, {"kind": "tags", "run": run_id, "tags": dict(tags)})

    def inputs(
        self, run_id: str, datasets: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]
    ) -> None:
        """Note datasets and logged models that a run read, as MLflow's `runs/log-inputs` takes them.

        Raises `InvalidEntryError` if one of them is not valid; then nothing was logged.
        """
        check_run_id(run_id)
        check_inputs(datasets)
        if datasets or models:
            self._note("inputs", run_id, {"datasets": [*datasets], "models": [*models]})

    def outputs(self, run_id: str, models: Sequence[Mapping[str, Any]]) -> None:
        """Note logged models that a run made, as MLflow's `runs/outputs` takes them."""
        check_run_id(run_id)
        if models:
            self._note("outputs", run_id, {"models": [*models]})

    def _note(self, kind: str, run_id: str, fields: Mapping[str, object]) -> None:
        writer = self._writer or self._open()
        with writer.lock:
            self._append(writer, {"kind": kind, "run": run_id, **fields})

    def create_run(
        self,
        run_id: str,
        *,
        start_time_ms: int,
        experiment_id: str | None = None,
        experiment_name: str | None = None,
        run_name: str | None = None,
        user_id: str = "",
        tags: Mapping[str, str] | None = None,
        parent: str | None = None,
    ) -> None:
        """Create a run with an id that the client made. If there is one of that id, it is resumed.

        Args:
            run_id: 32 hexadecimal digits.
            start_time_ms: Milliseconds since the epoch.
            experiment_id: The experiment, if its id is known.
            experiment_name: The experiment's name otherwise; one that there is not is created.
            run_name: The run's name; the server makes one up without.
            user_id: Who runs it.
            tags: Its tags.
            parent: The run's parent.

        Raises:
            InvalidEntryError: The id or a tag is not valid.
        """
        check_run_id(run_id)
        every = dict(tags or {})
        if parent is not None:
            every["mlflow.parentRunId"] = parent
        check_texts(every, "tag")
        fields = {
            "kind": "create_run",
            "run": run_id,
            "experiment_id": experiment_id,
            "experiment_name": experiment_name,
            "run_name": run_name,
            "user_id": user_id,
            "start_time": start_time_ms,
            "tags": every,
        }
        writer = self._writer or self._open()
        with writer.lock:
            self._append(writer, fields)

    def end_run(self, run_id: str, status: str, end_time_ms: int) -> None:
        """Log that a run has ended, as `FINISHED`, `FAILED` or `KILLED`, at a time in milliseconds."""
        check_run_id(run_id)
        self.end_heartbeats(run_id)
        writer = self._writer or self._open()
        with writer.lock:
            fields = {"kind": "end_run", "run": run_id, "status": status, "end_time": end_time_ms}
            self._append(writer, fields)

    def begin_heartbeats(self, run_id: str) -> None:
        """Log the metric `system/heartbeat` every 30 s, with this process's labels, until `end_heartbeats`.

        A run that many processes share shows by it which of them live. `end_run` ends it, too.
        """
        check_run_id(run_id)
        self._open()
        self._beating[run_id] = time.monotonic()
        self._heartbeat(run_id)

    def end_heartbeats(self, run_id: str) -> None:
        """Log a last heartbeat: this process logs no more to the run."""
        if run_id in self._beating:
            self._heartbeat(run_id)
            self._beating.pop(run_id, None)

    def _beat(self) -> None:
        """Log the heartbeats that are due; the keeper calls this."""
        # A log that is closed is not opened again by a heartbeat.
        if (
            self._writer is not None
            and self._beating
            and time.monotonic() - self._beaten >= HEARTBEAT_SECONDS
        ):
            for run_id in list(self._beating):
                self._heartbeat(run_id)

    def _heartbeat(self, run_id: str) -> None:
        self._beaten = now = time.monotonic()
        seconds = now - self._beating.get(run_id, now)
        self.metrics(run_id, {HEARTBEAT: seconds}, int(seconds), time.time_ns() // 1_000_000)

    @staticmethod
    def _append(writer: Writer, fields: Mapping[str, object]) -> None:
        try:
            record = entry_record(fields)
        except (UnicodeEncodeError, TypeError, ValueError) as error:
            raise InvalidEntryError(f"Invalid {fields['kind']} {shown(fields)}: {error}") from error
        writer.append(record, is_needed=True)

    # What became of it.

    def flush(self, run_id: str | None = None, timeout: float | None = None) -> None:
        """Wait until the server has acknowledged what this process has logged until now.

        What it has refused for good counts as done; see `rejected`. Offline this waits for the disk instead.

        Args:
            run_id: Named in the message of an error. All runs of this process are waited for.
            timeout: The longest time to wait, in seconds; None to wait as long as it takes.

        Raises:
            DeliveryError: The time is over. What was not delivered is kept and is sent later.
        """
        writer = self._writer
        if writer is None:
            return
        if self.destination is None:
            writer.sync()
            return
        with writer.lock:
            target = writer.position()
        keeper = self._keeper
        began = time.monotonic()
        look_after, pause = _KEEPER_SECONDS, _FIRST_POLL_SECONDS
        while writer.folder.acknowledged() < target or writer.held_bytes:
            if pause == _FIRST_POLL_SECONDS:
                self.folder.wake()
            waited = time.monotonic() - began
            if timeout is not None and waited >= timeout:
                raise DeliveryError(self._undelivered(writer, run_id, waited))
            if waited >= look_after and keeper is not None:
                # It starts an uploader if there is none, and writes what the disk did not take.
                keeper.look()
                self.folder.wake()
                look_after = waited + _KEEPER_SECONDS
            time.sleep(pause)
            pause = min(pause * 1.5, FLUSH_POLL_SECONDS)

    def _undelivered(self, writer: Writer, run_id: str | None, waited: float) -> str:
        size = writer.folder.waiting_bytes() + writer.held_bytes
        of = f" (run {run_id})" if run_id else ""
        status = self.folder.status()
        reason = writer.error or status.get("error") or f"the uploader {status.get('state', 'is starting')}"
        return (
            f"{size} bytes that this process logged{of} have not been delivered to {self.destination} within "
            f"{waited:.1f} s: {reason}. They are kept in {writer.folder.path} and are sent later; "
            f"`trackhelm sync {self.folder.path}` sends them, too."
        )

    def rejected(self, run_id: str) -> list[dict[str, Any]]:
        """Return what the server refused for good of a run: what it was, and the `error`, oldest first."""
        return list(rejections(self.folder, run_id))

    def stats(self) -> Stats:
        """Return what became of the calls of this process."""
        writer = self._writer
        return Stats(
            logged_bytes=writer.logged_bytes if writer else 0,
            waiting_bytes=writer.folder.waiting_bytes() if writer else 0,
            held_bytes=writer.held_bytes if writer else 0,
            dropped=writer.dropped if writer else 0,
            error=(writer.error or writer.limit) if writer else None,
            rejected=rejected_lines(self.folder),
            uploader=self.folder.status(),
        )

    def close(self) -> None:
        """Stop logging by this process. The uploader sends what is left; nothing is waited for."""
        self._beating = {}
        with self._opening:
            keeper, self._keeper = self._keeper, None
            writer, self._writer = self._writer, None
        if keeper is not None:
            keeper.stop()
        if writer is not None:
            writer.close()
            self.folder.wake()

    # Beginning, and beginning anew in a forked child.

    def _open(self) -> Writer:
        with self._opening:
            if self._writer is not None:
                return self._writer
            # Here, since a process may become a rank after it was started.
            rank = detect()
            self.labels = rank.labels if rank else ()
            made = Writer(self.folder, self._durability)
            writer = self._use(made)
            if writer is not made:
                made.close()
            return writer

    def _use(self, writer: Writer) -> Writer:
        """Use a new writer, unless the handler of a signal opened one meanwhile; return the one in use."""
        if self._writer is None:
            self._writer = writer
            self._keeper = Keeper(writer, self.folder, self.destination, self._beat)
        return self._writer

    def before_fork(self) -> None:
        """Wait until no other thread is in the middle of something."""
        self._opening.acquire()
        if self._writer is not None:
            self._writer.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._writer is not None:
            self._writer.lock.release()
        self._opening.release()

    def after_fork_in_child(self) -> None:
        """Leave the segments to the parent. The child has its own as soon as it logs something."""
        if self._writer is not None:
            self._writer.abandon()
        self._writer = self._keeper = None
        self._beating = {}
        self._opening = RLock()


_logs: dict[tuple[str | None, Path], RunLog] = {}
_logs_lock = Lock()


def open_log(
    destination: str | None, spool: Path | None = None, durability: Durability | None = None
) -> RunLog:
    """Return this process's log for a server, by its address, or for none; the same one each time.

    Args:
        destination: The server's address; None to log offline.
        spool: The folder of all segments; that of `TRACKHELM_SPOOL_DIR`, or of the user's cache, by default.
        durability: See `RunLog`. `TRACKHELM_DURABILITY`, or `normal`, by default. The first call decides.

    Raises:
        InvalidEntryError: There is no such durability.
        OSError: The folder cannot be made.
    """
    folder = (spool or default_spool()).absolute()
    wanted = durability or os.environ.get("TRACKHELM_DURABILITY", "normal")
    found: list[Durability] = [known for known in DURABILITIES if known == wanted]
    if not found:
        raise InvalidEntryError(f"Invalid durability {shown(wanted)}: it is one of {', '.join(DURABILITIES)}")
    name = destination.rstrip("/") if destination else None, folder
    with _logs_lock:
        log = _logs.get(name)
        if log is None:
            log = _logs[name] = RunLog(name[0], folder, found[0])
        return log


def _before_fork() -> None:
    _logs_lock.acquire()
    for log in _logs.values():
        log.before_fork()


def _after_fork_in_parent() -> None:
    for log in _logs.values():
        log.after_fork_in_parent()
    _logs_lock.release()


def _after_fork_in_child() -> None:
    global _logs_lock  # noqa: PLW0603 - the lock of the parent's threads is of no use to the child
    _logs_lock = Lock()
    for log in _logs.values():
        with suppress(OSError):
            log.after_fork_in_child()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
)
