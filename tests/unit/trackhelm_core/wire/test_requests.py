"""Protobuf's JSON leniencies, and what is refused."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from trackhelm_core.wire.arguments import request_violation
from trackhelm_core.wire.requests import Int64, OfRun, Repeated, Required, WireModel


class Inner(WireModel):
    inner_key: Required


class Many(WireModel):
    listed: tuple[Inner, ...] = ()
    words: Repeated = ()
    named: Annotated[dict[str, str], Field(default_factory=dict)]


class Message(WireModel):
    run_id: Required
    max_results: Int64 = 7
    is_on: bool = False
    parts: tuple[Inner, ...] = ()


def refusal(data: Any, model: type[WireModel] = Message) -> str:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(data)
    violation = raised.value.errors()[0]
    return request_violation({**violation, "loc": ("body", *violation["loc"])}).message


def test_names_in_either_spelling_and_numbers_as_text() -> None:
    message = Message.model_validate({"runId": "r", "maxResults": "3", "parts": [{"innerKey": "k"}]})
    assert (message.run_id, message.max_results, message.parts[0].inner_key) == ("r", 3, "k")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"listed": [{"inner_key": "k"}, {}, {"inner_key": 1}, {}]}, ("listed", 1, "inner_key")),
        ({"words": ["a", 1, 2, 3]}, ("words", 1)),
        ({"named": {"a": "b", "c": 1, "d": 2}}, ("named", "c")),
    ],
)
def test_of_many_faults_the_first_is_described_and_no_other(data: Any, place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as raised:
        Many.model_validate(data)
    assert [violation["loc"] for violation in raised.value.errors()] == [place]


def test_null_is_absent_and_unknown_fields_are_ignored() -> None:
    message = Message.model_validate({"run_id": "r", "max_results": None, "else": {"deep": []}})
    assert message.max_results == 7


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Missing value for required parameter 'run_id'"),
        ({"run_id": ""}, "Missing value for required parameter 'run_id'"),
        ({"run_id": None}, "Missing value for required parameter 'run_id'"),
        ({"run_id": 3}, "Invalid value 3 for parameter 'run_id' supplied"),
        ({"run_id": "r", "max_results": 3.5}, "Invalid value 3.5 for parameter 'max_results'"),
        ({"run_id": "r", "max_results": 2**63}, "for parameter 'max_results'"),
        ({"run_id": "r", "parts": [{}]}, "Missing value for required parameter 'parts[0].inner_key'"),
        ({"run_id": "r", "runId": "r"}, "Request specifies both 'run_id' and 'runId'"),
        ({"run_id": "a\0b"}, "for parameter 'run_id' supplied: it holds a NUL character"),
        ([], "The request body must be a JSON object."),
        ({"run_id": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_a_refusal_names_the_field(data: Any, told: str) -> None:
    assert told in refusal(data)


class Logged(OfRun):
    key: Required
    status: str | int | None = None
    name: Annotated[str, Field(max_length=3)] = ""


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Missing value for required parameter 'run_id'"),
        ({"run_uuid": "r"}, "Missing value for required parameter 'key'"),
        ({"run_uuid": 3}, "Invalid value 3 for parameter 'run_uuid'"),
        ({"run_id": "r", "key": "k", "status": [1]}, "Invalid value [1] for parameter 'status' supplied"),
        ({"run_id": "r", "key": "k", "name": "long"}, "'name' exceeds the maximum length of 3 characters"),
    ],
)
def test_a_refusal_begins_with_words_that_clients_match(data: Any, told: str) -> None:
    assert refusal(data, Logged).startswith(told)


def test_a_run_is_named_in_either_way() -> None:
    assert [
        Logged.model_validate({name: "r", "key": "k"}).run for name in ("run_id", "run_uuid", "runId")
    ] == [*("r", "r", "r")]


def test_a_long_value_is_shown_in_part() -> None:
    assert len(refusal({"run_id": ["x" * 10_000]})) < 400
