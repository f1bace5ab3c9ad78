"""Rules about the names of models, aliases, versions and stages, and about prompts. Pure functions."""

import posixpath
import re
from collections.abc import Mapping
from typing import Final

from trackhelm_core.errors import InvalidParameterError, missing_parameter
from trackhelm_core.limits import (
    ALIAS_LENGTH,
    REGISTERED_MODEL_NAME_LENGTH,
    REGISTRY_TAG_VALUE_LENGTH,
    TEXT_LENGTH,
)
from trackhelm_core.search.grammar import (
    And,
    Comparison,
    Expression,
    Field,
    Not,
    Operator,
    comparisons,
    rewrite,
)
from trackhelm_core.validation import check_key, check_length
from trackhelm_core.wire.arguments import cut, invalid_value, quoted
from trackhelm_domain.tables.registry import Stage

# Names of models, aliases and versions, and the lengths of their texts.

LATEST: Final = "latest"
"""The alias, in upper or lower case, that always points to the newest version."""

_ALIAS = re.compile(r"[\w\-]+")
_NUMBER_ALIAS = re.compile(r"v\d+", re.IGNORECASE)


def check_model_name(name: str, parameter: str = "name") -> str:
    """Check the name of a registered model, which is part of `models:/name/version` and of UI paths."""
    if not name.strip():
        raise missing_parameter(parameter)
    check_length(name, parameter, REGISTERED_MODEL_NAME_LENGTH)
    if "/" in name or ":" in name:
        raise InvalidParameterError(f"Invalid model name {quoted(name)}. Names cannot contain '/' or ':'.")
    if name.startswith("..") or posixpath.normpath(name) != name or name == ".":
        reason = "Names may be treated as files in certain cases: it must not be '.' nor start with '..'"
        raise invalid_value(name, parameter, reason)
    return name


def check_alias(alias: str) -> str:
    """Check an alias that is to be read or deleted."""
    check_length(alias, "Registered model alias name", ALIAS_LENGTH)
    if not _ALIAS.fullmatch(alias):
        raise InvalidParameterError(
            f"Invalid alias name: {quoted(alias)}. Names may only contain alphanumerics, "
            "underscores (_), and dashes (-)."
        )
    return alias


def check_new_alias(alias: str) -> str:
    """Check an alias that is to be set."""
    check_alias(alias)
    if alias.lower() == LATEST:
        raise InvalidParameterError(
            "'latest' alias name (case insensitive) is reserved: it is the newest version."
        )
    if _NUMBER_ALIAS.fullmatch(alias):
        raise InvalidParameterError(
            f"Version alias name {quoted(alias)} is reserved: 'v' and digits would be taken for a version."
        )
    return alias


def check_tag(key: str, value: str) -> None:
    """Check a tag of a model or a version."""
    check_key(key)
    if key == PROMPT_TEXT_TAG and len(value) > REGISTRY_TAG_VALUE_LENGTH:
        raise InvalidParameterError(
            f"Prompt text exceeds max length of {REGISTRY_TAG_VALUE_LENGTH} characters: it has {len(value)}."
        )
    check_length(value, "value", REGISTRY_TAG_VALUE_LENGTH)


def check_tags(tags: Mapping[str, str]) -> None:
    """Check the tags of a new model or version."""
    for key, value in tags.items():
        check_tag(key, value)


def check_description(description: str) -> None:
    """Check a description."""
    check_length(description, "description", TEXT_LENGTH)


# Stages of versions.

_ACTIVE_STAGES: Final = (Stage.STAGING, Stage.PRODUCTION)
"""The stages whose versions are in use: a transition to one of them may archive the other versions."""

_STAGE_BY_SPELLING: Final = {stage.lower(): stage for stage in Stage}


def parse_stage(text: str) -> Stage:
    """Return the stage that a text names."""
    stage = _STAGE_BY_SPELLING.get(text.lower())
    if stage is None:
        raise InvalidParameterError(
            f"Invalid Model Version stage: {cut(text)}. Value must be one of {', '.join(Stage)}."
        )
    return stage


def check_archives(stage: Stage) -> None:
    """Refuse to archive the other versions of a stage that is not active."""
    if stage not in _ACTIVE_STAGES:
        raise InvalidParameterError(
            f"Model version transition cannot archive existing model versions because '{stage}' is not an "
            f"Active stage: 'archive_existing_versions' is for {' and '.join(_ACTIVE_STAGES)} only."
        )


# Prompts: MLflow stores them as registered models with a tag, and lists them separately from models.

PROMPT_TAG: Final = "mlflow.prompt.is_prompt"
PROMPT_TEXT_TAG: Final = "mlflow.prompt.text"

_IS_PROMPT: Final = Comparison(Field("tags", PROMPT_TAG, 0), Operator.EQ, "true")
_TAG_PREFIXES: Final = frozenset({"tag", "tags"})


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Return whether these are the tags of a prompt."""
    return tags.get(PROMPT_TAG, "false").lower() == "true"


def without_prompts(expression: Expression | None) -> Expression:
    """Return a filter that excludes prompts, unless it has a condition on them itself.

    Models do not have the tag at all, and clients ask for them by `!= 'true'` or `= 'false'`: both mean
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
