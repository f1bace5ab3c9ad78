"""A document has exactly what was logged to a run."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.wire.replies import KeyValue, encode, wire_number
from trackhelm_domain.runs.messages import DocumentReader, DocumentWriter, metric_json, without_metrics
from trackhelm_domain.runs.schemas import (
    Metric,
    ModelInput,
    ModelOutput,
    Run,
    RunContents,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
pairs = st.lists(st.builds(KeyValue, texts, texts), max_size=5)
int64 = st.integers(-(2**63), 2**63 - 1)
metrics = st.lists(st.builds(Metric, texts, st.floats().map(wire_number), int64, int64), max_size=5)
contents = st.builds(
    RunContents,
    st.builds(RunData, metrics, pairs, pairs),
    st.builds(RunInputs, st.just([]), st.lists(st.builds(ModelInput, texts), max_size=3)),
    st.builds(RunOutputs, st.lists(st.builds(ModelOutput, texts, int64), max_size=3)),
)
info = st.builds(RunInfo, texts, texts, texts, texts, texts, texts, int64, texts, texts, st.none() | int64)


@given(info, contents)
def test_a_document_gives_the_json_of_its_run(own: RunInfo, logged: RunContents) -> None:
    document = DocumentWriter().write(logged)
    message = DocumentReader().message(own, document, None)
    assert json.loads(msgspec.json.encode(message)) == json.loads(
        encode(Run(own, logged.data, logged.inputs, logged.outputs))
    )


@given(info, contents, st.lists(st.tuples(texts, st.floats(), int64, int64), max_size=5))
def test_metrics_are_put_into_the_document_of_a_running_run(
    own: RunInfo, logged: RunContents, points: list[tuple[str, float, int, int]]
) -> None:
    document = DocumentWriter().write(without_metrics(logged))
    metrics = [Metric(key, wire_number(value), timestamp, step) for key, value, timestamp, step in points]
    message = DocumentReader().message(own, document, ",".join(metric_json(*point) for point in points))
    data = RunData(metrics, logged.data.params, logged.data.tags)
    assert json.loads(msgspec.json.encode(message)) == json.loads(
        encode(Run(own, data, logged.inputs, logged.outputs))
    )
