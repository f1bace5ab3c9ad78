"""Sends batches to one server: to ours as columns, to any MLflow server by `log-batch`.

A batch is sent as a whole as often as it takes: points are a set, params do not change, and tags and ends of
runs come in order. So nothing that was sent twice is there twice, and no server must remember what it has
seen.

What the server refuses for good is written to `rejected.jsonl`, and the rest goes on. Where the server does
not say which record it means, the request is halved until one record is left.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, Final

from trackhelm.exceptions import (
    INTERNAL_ERROR,
    RESOURCE_ALREADY_EXISTS,
    RESOURCE_DOES_NOT_EXIST,
    RestException,
)
from trackhelm.log.batches import Batch
from trackhelm.log.columnar import CONTENT_TYPE, VERSION, Compress, bodies, encode, zstd
from trackhelm.log.segments import Rows, ShapeKey, numbers_of
from trackhelm.log.spool import DestinationFolder, read_json, write_whole
from trackhelm.rest.connections import close_idle
from trackhelm.rest.transport import Transport, UnavailableError

BATCH_METRICS: Final = 1_000
BATCH_PARAMS: Final = 100
BATCH_TAGS: Final = 100
BATCH_CHARACTERS: Final = 500_000
"""MLflow's limits of one `log-batch`; of the 1 MB of text half is kept for what JSON adds."""

INTERNAL_ERRORS: Final = 5
"""After so many answers of 500 in a row the request itself is taken to be the reason."""

REJECTED_ROWS: Final = 1_000
"""Rows of a shape in one line of `rejected.jsonl`."""

RUN_TAG: Final = "trackhelm.runId"
"""The tag with the client-made id of a run, where the server gave it another."""

_METRICS: Final = "/api/2.0/trackhelm/metrics"
_SERVER_INFO: Final = "/api/2.0/trackhelm/server-info"
_CREATE: Final = "/api/2.0/trackhelm/runs/create"
_MLFLOW: Final = "/api/2.0/mlflow"
_NOTES: Final = {"inputs": "/runs/log-inputs", "outputs": "/runs/outputs"}
"""The endpoints that take what runs read and made, by the kind of the entry."""
_FIXED_LABELS: Final = ("model_id", "dataset_name", "dataset_digest")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a server can do beside MLflow's API."""

    columns: bool = False
    """Whether it takes metrics as columns."""
    labels: bool = False
    """Whether points have labels."""
    run_ids: bool = False
    """Whether a run may be created with an id of the client's."""
    compress: Compress | None = None


@dataclass(slots=True)
class _Item:
    """One metric, param or tag of a `log-batch`."""

    kind: str
    key: str
    value: float | str
    step: int = 0
    timestamp: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)

    def message(self, *, with_labels: bool) -> dict[str, object]:
        """Return it as a field of the request."""
        if self.kind != "metrics":
            return {"key": self.key, "value": self.value}
        found: dict[str, object] = {
            "key": self.key,
            "value": _json_number(self.value),
            "step": self.step,
            "timestamp": self.timestamp,
        }
        own = {}
        for name, value in self.labels.items():
            if name in _FIXED_LABELS:
                found[name] = value
            else:
                own[name] = value
        if own and with_labels:
            found["labels"] = own
        return found

    def noted(self, run: str) -> dict[str, object]:
        """Return it as a line about what is refused."""
        found: dict[str, object] = {"kind": self.kind, "run": run, "key": self.key}
        found["value"] = _json_number(self.value)
        if self.kind == "metrics":
            found |= {"step": self.step, "timestamp": self.timestamp}
        return found

    @property
    def size(self) -> int:
        """Its characters, about."""
        return len(self.key) + (len(self.value) if isinstance(self.value, str) else 100)


def _json_number(value: float | str) -> float | str:
    if isinstance(value, str) or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class Delivery:
    """Sends the batches of one folder to a server. Used by one thread."""

    def __init__(self, folder: DestinationFolder, uri: str, writer: str) -> None:
        """Take the server's address, and the name under which requests are sent.

        Raises:
            MlflowException: It is not an address.
        """
        self._transport = Transport(uri)
        self.rejected = 0
        """Records that were refused for good."""
        self._folder = folder
        self._writer = writer
        self._sequences: Iterator[int] = count(1)
        self._abilities: Abilities | None = None
        self._run_ids: dict[str, str] = {
            key: str(value) for key, value in read_json(folder.path / "run-ids.json").items()
        }
        self._experiments: dict[str, str] = {}
        self._internal_errors = 0

    def send(self, batch: Batch) -> None:
        """Send a batch; when this returns, it is stored, except for what `rejected.jsonl` names.

        Raises:
            UnavailableError: Some of it may be stored. Send it again later.
        """
        abilities = self.abilities()
        for run, key, known, value in batch.conflicts:
            self._reject(
                run, "params", key, value, f"another process logged {known!r}, at about the same time"
            )
        for entry in batch.unknown:
            reason = "a later version of the client logged it, and this one cannot send it"
            self._note([{**entry.fields, "error": reason}], 1)
        for run, fields in batch.creates.items():
            self._create(run, fields, abilities)
        for run in dict.fromkeys([*batch.params, *batch.tags]):
            params = [_Item("params", *pair) for pair in batch.params.get(run, {}).items()]
            tags = [_Item("tags", *pair) for pair in batch.tags.get(run, {}).items()]
            self._log_batch(run, params, abilities)
            self._log_batch(run, tags, abilities)
        for entry in batch.notes:
            path, message = _NOTES[entry.kind], {**entry.fields}
            del message["kind"], message["run"]
            self._try(entry.kind, entry.run, "", message, self._poster(path, entry.run, message))
        self._metrics(batch.rows.values(), abilities)
        for run, fields in batch.ends.items():
            message = {"status": fields["status"], "end_time": fields["end_time"]}
            self._try("end_run", run, "status", fields["status"], self._poster("/runs/update", run, message))
        self._internal_errors = 0

    def abilities(self) -> Abilities:
        """Return what the server can do; it is asked once, and again after `forget`."""
        if self._abilities is None:
            try:
                info = self._transport.attempt("GET", _SERVER_INFO)
            except RestException:
                info = {}
            except UnavailableError as error:
                if error.status not in {404, 405}:
                    raise
                info = {}
            versions = info.get("metrics_protocols", [])
            compress = zstd() if "zstd" in info.get("metrics_compressions", []) else None
            self._abilities = Abilities(
                VERSION in versions, bool(info.get("labels")), bool(info.get("client_run_ids")), compress
            )
        return self._abilities

    def forget(self) -> None:
        """Ask the server anew what it can do: after a failure it may be of another version."""
        self._abilities = None
        close_idle()

    def _metrics(self, rows: Iterable[Rows], abilities: Abilities) -> None:
        if abilities.columns:
            for body in bodies(rows):
                self._columns(body, abilities)
            return
        for one in rows:
            items = _items_of(one)
            while some := list(islice(items, BATCH_METRICS)):
                self._log_batch(one.shape.key.run, some, abilities)

    # Columns.

    def _columns(self, rows: Sequence[Rows], abilities: Abilities) -> None:
        renamed = [self._renamed(one) for one in rows] if self._run_ids else rows
        body = encode(self._writer, next(self._sequences), renamed, abilities.compress)
        try:
            answer = self._call("POST", _METRICS, body, CONTENT_TYPE)
        except RestException as error:
            # The body as a whole: a server of another version, or one that is too large for it.
            if len(rows) == 1 and rows[0].number == 1:
                self._reject_rows(rows[0], error)
                return
            for half in _halves(rows):
                self._columns(half, abilities)
            return
        for refusal in answer.get("refused", []):
            one = rows[int(refusal["block"])]
            if (row := refusal.get("row")) is not None:
                one = Rows(one.shape, one.parts[row : row + 1])
            self._reject_rows(one, RestException(refusal))

    def _renamed(self, rows: Rows) -> Rows:
        run = rows.shape.key.run
        if (known := self._run_ids.get(run)) is None:
            return rows
        from trackhelm.log.segments import define, read_shape

        key = ShapeKey(known, rows.shape.key.keys, rows.shape.key.labels)
        return Rows(read_shape(define(key)), rows.parts)

    def _reject_rows(self, rows: Rows, error: RestException) -> None:
        key = rows.shape.key
        for begin in range(0, rows.number, REJECTED_ROWS):
            points = list(numbers_of(Rows(rows.shape, rows.parts[begin : begin + REJECTED_ROWS])))
            line: dict[str, object] = {"kind": "metrics", "run": key.run, "key": ", ".join(key.keys)}
            if len(points) == len(key.keys) == 1:
                [(step, timestamp, [value])] = points
                line |= {"value": _json_number(value), "step": step, "timestamp": timestamp}
            else:
                line |= {
                    "keys": key.keys,
                    "steps": [step for step, _, _ in points],
                    "timestamps": [timestamp for _, timestamp, _ in points],
                    "values": [[_json_number(value) for value in values] for _, _, values in points],
                }
            if key.labels:
                line["labels"] = dict(key.labels)
            self._note([{**line, "error": _reason(error)}], len(points) * len(key.keys))

    # MLflow's API.

    def _log_batch(self, run: str, items: Sequence[_Item], abilities: Abilities) -> None:
        """Send params, tags or metrics of one run, in requests of the size that MLflow takes."""
        begin, size, limit = 0, 0, {"params": BATCH_PARAMS, "tags": BATCH_TAGS}
        for position, item in enumerate(items):
            if position > begin and (
                size + item.size > BATCH_CHARACTERS or position - begin >= limit.get(item.kind, BATCH_METRICS)
            ):
                self._bisect(run, items[begin:position], abilities)
                begin, size = position, 0
            size += item.size
        if begin < len(items):
            self._bisect(run, items[begin:], abilities)

    def _bisect(self, run: str, items: Sequence[_Item], abilities: Abilities) -> None:
        message: dict[str, list[object]] = {}
        for item in items:
            message.setdefault(item.kind, []).append(item.message(with_labels=abilities.labels))
        try:
            self._poster("/runs/log-batch", run, message)()
        except RestException as error:
            if len(items) > 1 and error.error_code != RESOURCE_DOES_NOT_EXIST:
                middle = len(items) // 2
                self._bisect(run, items[:middle], abilities)
                self._bisect(run, items[middle:], abilities)
                return
            self._note([{**item.noted(run), "error": _reason(error)} for item in items], len(items))

    def _poster(self, path: str, run: str, message: Mapping[str, object]) -> Callable[[], dict[str, Any]]:
        full = {"run_id": self._run_ids.get(run, run), **message}
        body = json.dumps(full).encode()
        return lambda: self._call("POST", _MLFLOW + path, body, "application/json")

    def _post(self, path: str, message: Mapping[str, object]) -> dict[str, Any]:
        return self._transport.attempt("POST", path, json.dumps(message).encode())

    def _call(self, method: str, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        try:
            answer = self._transport.attempt(method, path, body, content_type)
        except UnavailableError as error:
            self._internal_errors = self._internal_errors + 1 if error.is_internal else 0
            if self._internal_errors > INTERNAL_ERRORS:
                raise RestException({"error_code": INTERNAL_ERROR, "message": str(error)}) from error
            raise
        return answer

    def _try(self, kind: str, run: str, key: str, value: object, call: Callable[[], object]) -> None:
        try:
            call()
        except RestException as error:
            self._reject(run, kind, key, value, _reason(error))

    # Runs with ids of the client's.

    def _create(self, run: str, fields: Mapping[str, Any], abilities: Abilities) -> None:
        try:
            experiment = self._experiment(fields)
            tags = [{"key": key, "value": value} for key, value in fields["tags"].items()]
            message: dict[str, object] = {
                "experiment_id": experiment,
                "user_id": fields["user_id"],
                "start_time": fields["start_time"],
                "tags": tags,
            }
            if fields["run_name"]:
                message["run_name"] = fields["run_name"]
            if abilities.run_ids:
                self._post(_CREATE, {"run_id": run, **message})
            elif run not in self._run_ids:
                self._create_renamed(run, experiment, message, tags)
        except RestException as error:
            self._reject(run, "create_run", "run_id", run, _reason(error))

    def _create_renamed(
        self, run: str, experiment: str, message: Mapping[str, object], tags: list[dict[str, str]]
    ) -> None:
        # Looked for first: this may have created it, and been killed before it noted that.
        found = self._post(
            f"{_MLFLOW}/runs/search",
            {"experiment_ids": [experiment], "filter": f"tags.`{RUN_TAG}` = '{run}'", "max_results": 1},
        ).get("runs")
        if not found:
            tagged = [*tags, {"key": RUN_TAG, "value": run}]
            found = [self._post(f"{_MLFLOW}/runs/create", {**message, "tags": tagged})["run"]]
        self._run_ids[run] = found[0]["info"]["run_id"]
        write_whole(self._folder.path / "run-ids.json", json.dumps(self._run_ids).encode())

    def _experiment(self, fields: Mapping[str, Any]) -> str:
        if fields.get("experiment_id"):
            return str(fields["experiment_id"])
        name = fields.get("experiment_name")
        if not name:
            return "0"
        if name not in self._experiments:
            self._experiments[name] = self._find_experiment(name) or self._make_experiment(name)
        return self._experiments[name]

    def _find_experiment(self, name: str) -> str | None:
        from urllib.parse import quote

        try:
            found = self._transport.attempt(
                "GET", f"{_MLFLOW}/experiments/get-by-name?experiment_name={quote(name)}"
            )
        except RestException as error:
            if error.error_code != RESOURCE_DOES_NOT_EXIST:
                raise
            return None
        return str(found["experiment"]["experiment_id"])

    def _make_experiment(self, name: str) -> str:
        try:
            return str(self._post(f"{_MLFLOW}/experiments/create", {"name": name})["experiment_id"])
        except RestException as error:
            if error.error_code != RESOURCE_ALREADY_EXISTS:
                raise
            return self._find_experiment(name) or "0"

    # What is refused.

    def damaged(self, where: str, size: int, reason: str) -> None:
        """Note that bytes of a segment cannot be read."""
        self._reject("", "damaged", where, size, reason)

    def _reject(self, run: str, kind: str, key: str, value: object, error: str) -> None:
        self._note([{"run": run, "kind": kind, "key": key, "value": value, "error": error}], 1)

    def _note(self, lines: Sequence[Mapping[str, object]], records: int) -> None:
        """Write lines about refused records; a disk that is full keeps them from being written."""
        self.rejected += records
        now = time.time()
        data = b"".join(json.dumps({"time": now, **line}).encode() + b"\n" for line in lines)
        with suppress(OSError):
            descriptor = os.open(self._folder.rejected, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)


def _reason(error: RestException) -> str:
    return str(error.json.get("message") or error)


def _items_of(rows: Rows) -> Iterator[_Item]:
    keys, labels = rows.shape.key.keys, dict(rows.shape.key.labels)
    for step, timestamp, values in numbers_of(rows):
        for key, value in zip(keys, values, strict=True):
            yield _Item("metrics", key, value, step, timestamp, labels)


def _halves(rows: Sequence[Rows]) -> tuple[Sequence[Rows], Sequence[Rows]]:
    if len(rows) > 1:
        middle = len(rows) // 2
        return rows[:middle], rows[middle:]
    one = rows[0]
    middle = one.number // 2
    return [Rows(one.shape, one.parts[:middle])], [Rows(one.shape, one.parts[middle:])]
