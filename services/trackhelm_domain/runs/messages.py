"""Runs in the wire form, made from the rows that were read or from a snapshot, and the snapshots themselves.

A snapshot is the document of a run, and the digests by which its params and tags are found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, cast
from uuid import UUID

import msgspec
import zstandard

from trackhelm_core.wire.replies import KeyValue, encode, wire_number
from trackhelm_domain.runs.schemas import (
    Dataset,
    DatasetInput,
    Detail,
    Metric,
    ModelInput,
    ModelOutput,
    Run,
    RunContents,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunRecords,
)

# The document of a run: its contents as the wire has them, in one value.
#
# That of a finalized run has everything, and is compressed. That of a run which goes on has all but its
# metrics, which change all the time and are put in when it is shown; such runs are few and watched, so it is
# compressed only if it is large: to decompress a hundred small ones takes half of the time to show them.
#
# The form has a version, which is stored with the document. A reader that expects another version reads the
# run's rows instead, and the run is finalized again.
#
# To read a page of 1,000 runs with 45 params, tags and metrics each means 45,000 rows or 1,000 documents: 40
# ms or 10 ms in one measurement. The document of such a run takes 670 bytes, its rows 9,700.

VERSION: Final = 2
"""The version of the documents that this code writes and reads. A change of the wire form needs a new
version, and so does a change of what is stored with them: version 2 added the digests of params and tags."""

RUNNING_VERSIONS: Final = 100
"""Where the versions of documents without metrics begin, those of runs that go on."""

RUNNING_VERSION: Final = 103
"""The one that this code writes and reads. To raise it, set `run.documented` back, by a migration."""

# What a document begins with: a run's `data` is always there, its first field are the metrics.
_DATA: Final = b'{"data":{'

# A compressed document cannot begin with it.
_BRACE: Final = b"{"

# In bytes: what is larger takes more time to read than to decompress.
_LARGE: Final = 4_096

# The level beyond which these texts, of some kilobytes, hardly become smaller.
_LEVEL: Final = 3


class DocumentWriter:
    """Makes documents. An instance is for one thread."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)

    def write(self, contents: RunContents) -> bytes:
        """Return the document of a run with these contents."""
        return self._compressor.compress(encode(contents))

    def write_running(self, contents: RunContents) -> bytes:
        """Return the document of a run that goes on."""
        text = encode(_without_metrics(contents))
        return text if len(text) <= _LARGE else self._compressor.compress(text)


class _Document(msgspec.Struct):
    """The part of a document that a table of runs shows: what is not in it is not decoded."""

    data: RunData


_METRICS: Final = msgspec.json.Decoder(list[Metric])


class DocumentReader:
    """Makes the wire form of runs from their documents. An instance is for one thread."""

    def __init__(self) -> None:
        # Made once for each page, because making it takes ten times as long as decompressing a document.
        self._decompressor = zstandard.ZstdDecompressor()
        self._decoder = msgspec.json.Decoder(_Document)

    def message(self, info: RunInfo, document: bytes, metrics: str | None) -> msgspec.Raw:
        """Return a `Run` as JSON. What `info` holds is not in the document: a rename leaves it as it is.

        `metrics` are those of a running run, texts of `metric_json` behind each other with commas between:
        "" is none, and None says that the document has them.
        """
        contents = self._text(document)
        if not metrics:
            return msgspec.Raw(b'{"info":%b,%b' % (encode(info), contents[1:]))
        rest = contents[len(_DATA) :]
        comma = b"" if rest.startswith(b"}") else b","
        return msgspec.Raw(
            b'{"info":%b,"data":{"metrics":[%b]%b%b' % (encode(info), metrics.encode(), comma, rest)
        )

    def data(self, document: bytes, metrics: str | None) -> RunData:
        """Return the metrics, params and tags of a run; `metrics` is as in `message`."""
        data = self._decoder.decode(self._text(document)).data
        if not metrics:
            return data
        return msgspec.structs.replace(data, metrics=_METRICS.decode(f"[{metrics}]"))

    def _text(self, document: bytes) -> bytes:
        return document if document.startswith(_BRACE) else self._decompressor.decompress(document)


def _without_metrics(contents: RunContents) -> RunContents:
    return msgspec.structs.replace(contents, data=msgspec.structs.replace(contents.data, metrics=[]))


def metric_json(key: str, value: float, timestamp: int, step: int) -> str:
    """Return a metric's last point as `DocumentReader` takes it."""
    return encode(Metric(key, wire_number(value), timestamp, step)).decode()


# The digests by which a finalized run is found: one for each of its params and tags. Ingest writes them, and
# query searches for them.
#
# A digest includes the experiment, so that the time of a search does not depend on what other experiments
# log. It is cryptographic, so that equal digests mean equal pairs, and a search need not read the pairs
# themselves.


class PairKind(StrEnum):
    """Whether a pair is a param or a tag."""

    PARAM = "p"
    TAG = "t"


def pair_digest(experiment_id: int, kind: PairKind, key: str, value: str) -> UUID:
    """Return the digest of a param or tag of an experiment's runs."""
    # The length of the key says where the key ends.
    text = f"{experiment_id} {kind} {len(key)} {key}{value}"
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())


def pair_digests(experiment_id: int, contents: RunContents) -> Iterator[UUID]:
    """Yield the digests of all params and tags of a run."""
    params_and_tags: Iterable[tuple[PairKind, Iterable[tuple[str, str]]]] = (
        (PairKind.PARAM, ((param.key, param.value) for param in contents.data.params)),
        (PairKind.TAG, ((tag.key, tag.value) for tag in contents.data.tags)),
    )
    for kind, several in params_and_tags:
        for key, value in several:
            yield pair_digest(experiment_id, kind, key, value)


# Runs in the wire form, made from their rows or documents.

# Plain integers, because the look-up of an enum member costs as much as the rest of the work for a row.
_PARAM, _TAG, _METRIC = int(Detail.PARAM), int(Detail.TAG), int(Detail.METRIC)
_DATASET, _MODEL_INPUT = int(Detail.DATASET), int(Detail.MODEL_INPUT)


class _Parts:
    """The details of one run, gathered kind by kind."""

    __slots__ = ("datasets", "metrics", "model_inputs", "model_outputs", "params", "tags")

    def __init__(self) -> None:
        self.metrics: list[Metric] = []
        self.params: list[KeyValue] = []
        self.tags: list[KeyValue] = []
        self.datasets: list[DatasetInput] = []
        self.model_inputs: list[ModelInput] = []
        self.model_outputs: list[ModelOutput] = []


def run_messages(records: RunRecords) -> list[Run]:
    """Return runs in the wire form, in the order of their rows."""
    parts = _parts(records)
    written = DocumentReader() if records.documents else None
    messages: list[Run] = []
    for run in records.runs:
        document = records.documents.get(run[0])
        if document is not None and written is not None:
            # The JSON that a message would become: the encoder takes either.
            messages.append(cast("Run", written.message(_info(run), *document)))
        else:
            contents = _contents(parts[run[0]])
            messages.append(Run(_info(run), contents.data, contents.inputs, contents.outputs))
    return messages


def run_data(records: RunRecords) -> list[RunData]:
    """Return the metrics, params and tags of runs, in the order of their rows."""
    parts = _parts(records)
    written = DocumentReader()
    found: list[RunData] = []
    for run in records.runs:
        document = records.documents.get(run[0])
        if document is not None:
            found.append(written.data(*document))
        else:
            own = parts[run[0]]
            found.append(RunData(own.metrics, own.params, own.tags))
    return found


def run_contents(records: RunRecords) -> list[RunContents]:
    """Return the contents of each run, in the order of their rows. No run may have a document."""
    parts = _parts(records)
    return [_contents(parts[run[0]]) for run in records.runs]


def _info(run: Sequence[Any]) -> RunInfo:
    (
        _, uuid, name, experiment_id, user_id, status, start_time, end_time, artifact_uri, stage, *_,
    ) = run  # fmt: skip
    return RunInfo(
        uuid, uuid, name, str(experiment_id), user_id, status, start_time, artifact_uri, stage, end_time,
    )  # fmt: skip


def _contents(own: _Parts) -> RunContents:
    return RunContents(
        RunData(own.metrics, own.params, own.tags),
        RunInputs(own.datasets, own.model_inputs),
        RunOutputs(own.model_outputs),
    )


def _parts(records: RunRecords) -> defaultdict[int, _Parts]:
    names, uses = records.key_names, _DatasetUses(records)
    parts: defaultdict[int, _Parts] = defaultdict(_Parts)
    for kind, run_id, reference, text, number, integer, step in records.details:
        own = parts[run_id]
        if kind == _METRIC:
            value = "NaN" if number is None else wire_number(number)
            own.metrics.append(Metric(names[reference], value, integer, step))
        elif kind == _PARAM:
            own.params.append(KeyValue(names[reference], text))
        elif kind == _TAG:
            own.tags.append(KeyValue(names[reference], text))
        elif kind == _DATASET:
            own.datasets.append(uses.message(integer, reference))
        elif kind == _MODEL_INPUT:
            own.model_inputs.append(ModelInput(text))
        else:
            own.model_outputs.append(ModelOutput(text, step))
    return parts


class _DatasetUses:
    def __init__(self, records: RunRecords) -> None:
        # One message for each dataset, however many runs of the page use it: a schema can have a megabyte.
        self._datasets = {dataset_id: Dataset(*fields) for dataset_id, *fields in records.datasets}
        self._tags: defaultdict[int, list[KeyValue]] = defaultdict(list)
        for use_id, key, value in records.dataset_tags:
            self._tags[use_id].append(KeyValue(key, value))

    def message(self, use_id: int, dataset_id: int) -> DatasetInput:
        return DatasetInput(self._datasets[dataset_id], self._tags[use_id])
