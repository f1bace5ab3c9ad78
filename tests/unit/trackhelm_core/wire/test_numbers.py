"""Whole numbers in every form that clients write, exactly; and what is none."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from trackhelm_core.limits import INT64_MAX, INT64_MIN
from trackhelm_core.wire.arguments import request_violation
from trackhelm_core.wire.requests import Int64, Milliseconds, WireModel, decode_json, whole_number


class Point(WireModel):
    step: Int64 = 0
    timestamp: Milliseconds = 0


def step_of(text: str) -> int:
    """Read the step of a body in which it stands as the given JSON."""
    return Point.model_validate(decode_json(f'{{"step": {text}}}')).step


def refusal(field: str, text: str) -> str:
    with pytest.raises(ValidationError) as raised:
        Point.model_validate(decode_json(f'{{"{field}": {text}}}'))
    violation = raised.value.errors()[0]
    return request_violation({**violation, "loc": ("body", *violation["loc"])}).message


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e+05", 100_000),
        ("1E5", 100_000),
        ("1e 05", 100_000),
        ("-1.5e1", -15),
        ("3.0", 3),
        ("3.", 3),
        ("+7", 7),
        ("007", 7),
        ("-0", 0),
        ("0e999999999999999999999", 0),
        ("9223372036854775807", INT64_MAX),
        ("9.223372036854775807e18", INT64_MAX),
        ("-9.223372036854775808e18", INT64_MIN),
        ("1000000000000000001e-0", 10**18 + 1),
        ("10000000000000000010e-1", 10**18 + 1),
    ],
)
def test_a_whole_number_is_read_to_the_last_digit(text: str, number: int) -> None:
    assert whole_number(text) == number
    assert step_of(json.dumps(text)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e5", 100_000),
        ("3.0", 3),
        ("9.223372036854775807e18", INT64_MAX),
        ("1.000000000000000001e18", 10**18 + 1),
    ],
)
def test_a_bare_number_is_read_to_the_last_digit(text: str, number: int) -> None:
    assert step_of(text) == number


@pytest.mark.parametrize(
    "text",
    ['"1.5"', '"1e-1"', "1.5", '""', '" 1"', '"1 "', '"1_000"', '"0x10"', '"\u0661"', '"e5"', '"."', '"1e"'],
)
def test_what_is_no_whole_number_is_refused_by_its_value(text: str) -> None:
    assert refusal("step", text) == (
        f"Invalid value {text} for parameter 'step' supplied: it must be a whole number."
    )


@pytest.mark.parametrize("text", ["true", "NaN", "Infinity"])
def test_flags_and_numbers_that_are_not_finite_are_refused(text: str) -> None:
    assert "it must be a whole number" in refusal("step", text)


@pytest.mark.parametrize(
    "text",
    ['"1e19"', "1e19", "9223372036854775808", '"-9.223372036854775809e18"', '"1e999999999"', "1e999999999"],
)
def test_what_is_beyond_64_bits_is_refused_by_its_value(text: str) -> None:
    assert refusal("step", text) == (
        f"Invalid value {text} for parameter 'step' supplied: "
        f"it must be within the 64-bit integers, from {INT64_MIN} to {INT64_MAX}."
    )


def test_a_narrower_range_holds_for_every_form() -> None:
    assert "for parameter 'timestamp'" in refusal("timestamp", '"-1e3"')


@given(
    st.from_regex(r"[+-]?([0-9]{1,25}(\.[0-9]{0,25})?|\.[0-9]{1,25})([eE][+-]?[0-9]{1,2})?", fullmatch=True)
)
@example("9" * 4_000 + "e-4000")
def test_the_result_is_that_of_exact_arithmetic(text: str) -> None:
    exact = Decimal(text)
    read = whole_number(text)
    if exact != exact.to_integral_value():
        assert read is None
    elif INT64_MIN <= exact <= INT64_MAX:
        assert read == int(exact)
    else:
        assert read is not None
        assert not INT64_MIN <= read <= INT64_MAX


@given(st.text(max_size=30))
def test_any_other_text_is_no_number(text: str) -> None:
    read: Any = whole_number(text)
    assert read is None or text.strip("0123456789+-.eE ") == ""
