"""A document has exactly what was logged to a run, and digests tell params and tags apart."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.wire.replies import KeyValue, encode, wire_number
from trackhelm_domain.runs.messages import (
    DocumentReader,
    DocumentWriter,
    PairKind,
    metric_json,
    pair_digest,
    pair_digests,
)
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
key_values = st.lists(st.builds(KeyValue, texts, texts), max_size=5)
int64 = st.integers(-(2**63), 2**63 - 1)
metrics = st.lists(st.builds(Metric, texts, st.floats().map(wire_number), int64, int64), max_size=5)
contents = st.builds(
    RunContents,
    st.builds(RunData, metrics, key_values, key_values),
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
    document = DocumentWriter().write_running(logged)
    metrics = [Metric(key, wire_number(value), timestamp, step) for key, value, timestamp, step in points]
    message = DocumentReader().message(own, document, ",".join(metric_json(*point) for point in points))
    data = RunData(metrics, logged.data.params, logged.data.tags)
    assert json.loads(msgspec.json.encode(message)) == json.loads(
        encode(Run(own, data, logged.inputs, logged.outputs))
    )


@pytest.mark.parametrize("length", [10, 100_000])
def test_the_document_of_a_running_run_is_compressed_if_it_is_large(length: int) -> None:
    logged = RunContents(RunData(params=[KeyValue("a", "1" * length)]))
    document = DocumentWriter().write_running(logged)
    assert len(document) < 1_000
    assert document.startswith(b"{") == (length == 10)


# Digests of params and tags: equal exactly where experiment, kind, key and value are.

# Few characters, so that keys and values often meet at another place: ("a", "bc") and ("ab", "c").
short_texts = st.text("ab 1", max_size=4)
pairs = st.tuples(st.integers(0, 12), st.sampled_from(PairKind), short_texts, short_texts)


@given(pairs, pairs)
def test_digests_are_equal_exactly_where_pairs_are(
    one: tuple[int, PairKind, str, str], other: tuple[int, PairKind, str, str]
) -> None:
    assert (pair_digest(*one) == pair_digest(*other)) == (one == other)


def test_a_digest_stays_what_it_is() -> None:
    """Databases hold them: another one would need another version of documents."""
    digest = pair_digest(3, PairKind.TAG, "team", "naïve")
    assert str(digest) == "f9883e72-7746-62ec-c1de-6419ff844036"


def test_a_run_has_a_digest_of_each_param_and_tag() -> None:
    data = RunData(params=[KeyValue("a", "1")], tags=[KeyValue("a", "1"), KeyValue("b", "")])
    contents = RunContents(data, RunInputs(), RunOutputs())
    assert list(pair_digests(7, contents)) == [
        pair_digest(7, PairKind.PARAM, "a", "1"),
        pair_digest(7, PairKind.TAG, "a", "1"),
        pair_digest(7, PairKind.TAG, "b", ""),
    ]
