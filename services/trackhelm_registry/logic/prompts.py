"""Prompts: MLflow keeps them as registered models that carry a tag, and lists them apart from models."""

from collections.abc import Mapping
from typing import Final

from trackhelm_core.search.expression import (
    And,
    Comparison,
    Expression,
    Field,
    Not,
    Operator,
    comparisons,
    rewrite,
)

PROMPT_TAG: Final = "mlflow.prompt.is_prompt"

_IS_PROMPT: Final = Comparison(Field("tags", PROMPT_TAG, 0), Operator.EQ, "true")
_TAG_PREFIXES: Final = frozenset({"tag", "tags"})


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Return whether what has these tags is a prompt."""
    return tags.get(PROMPT_TAG, "false").lower() == "true"


def without_prompts(expression: Expression | None) -> Expression:
    """Return a filter that leaves prompts out, unless it says itself what it wants of them.

    Models have no such tag at all, and clients ask for them by `!= 'true'` or `= 'false'`: both mean
    that the tag is not 'true', so that rows without it match.
    """
    if expression is None:
        return Not(_IS_PROMPT)
    if any(_asks_for_prompts(comparison) for comparison in comparisons(expression)):
        return rewrite(expression, _as_flag)
    return And((expression, Not(_IS_PROMPT)))


def _asks_for_prompts(comparison: Comparison) -> bool:
    field = comparison.field
    return field.key == PROMPT_TAG and (field.prefix or "").lower() in _TAG_PREFIXES


def _as_flag(comparison: Comparison) -> Expression:
    if not (_asks_for_prompts(comparison) and isinstance(comparison.value, str)):
        return comparison
    match comparison.operator, comparison.value.lower():
        case (Operator.EQ, "true") | (Operator.NE, "false"):
            return _IS_PROMPT
        case (Operator.NE, "true") | (Operator.EQ, "false"):
            return Not(_IS_PROMPT)
        case _:
            return comparison
