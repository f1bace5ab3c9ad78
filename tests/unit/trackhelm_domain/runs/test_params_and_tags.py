"""Digests of params and tags: equal exactly where experiment, kind, key and value are."""

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.wire.replies import KeyValue
from trackhelm_domain.runs.messages import PairKind, pair_digest, pair_digests
from trackhelm_domain.runs.schemas import RunContents, RunData, RunInputs, RunOutputs

# Few characters, so that keys and values often meet at another place: ("a", "bc") and ("ab", "c").
texts = st.text("ab 1", max_size=4)
pairs = st.tuples(st.integers(0, 12), st.sampled_from(PairKind), texts, texts)


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
