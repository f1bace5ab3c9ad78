"""The text and the hash of an event: golden values, because a change would invalidate all chains."""

from hypothesis import given
from hypothesis import strategies as st

from trackhelm_core.limits import AUDITED_STATE_LENGTH
from trackhelm_domain.audit import canonical, event_hash, state_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000)


def test_the_text_of_a_state_is_sorted_and_without_spaces() -> None:
    assert state_text({"b": "é", "a": {"y": None, "x": [1, True]}}) == '{"a":{"x":[1,true],"y":null},"b":"é"}'
    assert state_text(None) is None


def test_the_hash_of_an_event_stays_as_it_is() -> None:
    content = {"id": 1, "actor": "é", "from": {"stage": "None"}, "previous_hash": "0" * 64}
    assert event_hash(content) == "37d3fb1a177d4ef8b9581d72dbc64dc48513e2623d1fcc0e3a9adeea5a799130"


@given(st.dictionaries(texts, texts, max_size=40))
def test_a_state_has_one_text_that_is_never_long(state: dict[str, str]) -> None:
    text = state_text(state)
    assert text == state_text(dict(reversed(state.items())))
    assert text is not None
    assert len(text) <= AUDITED_STATE_LENGTH
    assert "\0" not in text


def test_texts_that_differ_beyond_their_beginning_differ() -> None:
    first, second = (state_text({"description": "x" * 5_000 + end}) for end in "ab")
    assert first != second
    assert canonical({}) == "{}"
