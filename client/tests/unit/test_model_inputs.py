"""What a model is given: held to its signature, and stored as its input example."""

import json

import pytest

pandas = pytest.importorskip("pandas")

from trackhelm.models.enforcement import enforced_input  # noqa: E402 - needs numpy, which pandas brings
from trackhelm.models.examples import Example  # noqa: E402 - likewise
from trackhelm.types.schema import ColSpec, Schema  # noqa: E402 - likewise


def test_what_fits_its_signature_is_not_copied_and_columns_are_put_in_its_order() -> None:
    frame = pandas.DataFrame({"a": [0.5], "b": ["x"]})
    schema = Schema([ColSpec("double", "a"), ColSpec("string", "b")])
    assert enforced_input(frame, schema) is frame
    assert enforced_input(frame, Schema([ColSpec("double", "a")])).columns.tolist() == ["a"]
    # Models expect the order of their signature.
    swapped = enforced_input(frame[["b", "a"]], schema)
    pandas.testing.assert_frame_equal(swapped, frame)


def test_an_input_example_has_no_index() -> None:
    """As MLflow writes it: a model is not asked about the index of its training data."""
    frame = pandas.DataFrame({"a": [0.5, 1.5]}, index=[4, 8])
    assert json.loads(Example(frame).content) == {"columns": ["a"], "data": [[0.5], [1.5]]}
