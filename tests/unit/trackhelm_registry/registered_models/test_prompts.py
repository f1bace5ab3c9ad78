"""How a filter asks for prompts, or does not."""

import pytest

from trackhelm_core.search.grammar import And, Comparison, Field, Not, Operator, Or, parse_filter
from trackhelm_registry.registered_models.names import is_prompt, without_prompts

TAG = "mlflow.prompt.is_prompt"
PROMPT = Comparison(Field("tags", TAG, 0), Operator.EQ, "true")
NAMED = Comparison(Field(None, "name", 0), Operator.EQ, "a")


def test_without_a_word_about_them_prompts_are_left_out() -> None:
    assert without_prompts(None) == Not(PROMPT)
    assert without_prompts(parse_filter("name = 'a'")) == And((NAMED, Not(PROMPT)))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (f"tags.`{TAG}` = 'true'", PROMPT),
        (f"TAG.{TAG} = 'True'", PROMPT),
        (f"tag.`{TAG}` != 'false'", PROMPT),
        (f"tags.`{TAG}` != 'true'", Not(PROMPT)),
        (f"tags.`{TAG}` = 'false'", Not(PROMPT)),
        (f"name = 'a' OR tags.`{TAG}` = 'true'", Or((NAMED, PROMPT))),
    ],
)
def test_a_word_about_them_is_taken_as_a_flag(text: str, meaning: object) -> None:
    assert without_prompts(parse_filter(text)) == meaning


def test_other_comparisons_of_the_tag_are_left_as_they_are() -> None:
    expression = parse_filter(f"tags.`{TAG}` IS NULL")
    assert expression is not None
    assert without_prompts(expression) == expression


@pytest.mark.parametrize(
    ("tags", "expected"), [({}, False), ({TAG: "false"}, False), ({TAG: "True"}, True), ({TAG: "1"}, False)]
)
def test_the_tag_says_true_in_any_case(tags: dict[str, str], expected: bool) -> None:  # noqa: FBT001
    assert is_prompt(tags) is expected
