"""Registered models, their versions, and prompts. Times are milliseconds since 1970."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackhelm.entities._base import Entity, KeyValue, as_dict, as_int, text_or_none
from trackhelm.entities.logged_model import LoggedModelParameter
from trackhelm.entities.run import Metric

PROMPT_TAG: Final = "mlflow.prompt.is_prompt"
PROMPT_TEXT_TAG: Final = "mlflow.prompt.text"
PROMPT_TYPE_TAG: Final = "_mlflow_prompt_type"
PROMPT_RESPONSE_FORMAT_TAG: Final = "_mlflow_prompt_response_format"
PROMPT_MODEL_CONFIG_TAG: Final = "_mlflow_prompt_model_config"
_PROMPT_TAGS: Final = frozenset(
    {PROMPT_TAG, PROMPT_TEXT_TAG, PROMPT_TYPE_TAG, PROMPT_RESPONSE_FORMAT_TAG, PROMPT_MODEL_CONFIG_TAG}
)
_VARIABLE: Final = re.compile(r"\{\{\s*([a-zA-Z_][\w.]*)\s*\}\}")


class ModelVersionTag(KeyValue):
    """A tag of a version."""


class RegisteredModelTag(KeyValue):
    """A tag of a registered model."""


class RegisteredModelAlias(Entity):
    """A name that points to one version of a model."""

    def __init__(self, alias: str, version: str) -> None:
        self.alias = alias
        self.version = version


class ModelVersion(Entity):
    """One numbered model under a registered name; `version` is a text."""

    def __init__(
        self,
        name: str,
        version: str,
        creation_timestamp: int,
        last_updated_timestamp: int | None = None,
        description: str | None = None,
        user_id: str | None = None,
        current_stage: str | None = None,
        source: str | None = None,
        run_id: str | None = None,
        status: str = "READY",
        status_message: str | None = None,
        tags: Sequence[ModelVersionTag] | None = None,
        run_link: str | None = None,
        aliases: Sequence[str] | None = None,
        model_id: str | None = None,
        params: Sequence[LoggedModelParameter] | None = None,
        metrics: Sequence[Metric] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.description = description
        self.user_id = user_id
        self.current_stage = current_stage
        self.source = source
        self.run_id = run_id
        self.status = status
        self.status_message = status_message
        self.tags: dict[str, str] = {tag.key: tag.value for tag in tags or ()}
        self.run_link = run_link
        self.aliases = list(aliases or ())
        self.model_id = model_id
        self.params = list(params) if params is not None else None
        self.metrics = list(metrics) if metrics is not None else None

    @classmethod
    def from_dictionary(cls, version: Mapping[str, Any]) -> "ModelVersion":
        """Return a version of its wire form."""
        return cls(
            name=version["name"],
            version=str(version["version"]),
            creation_timestamp=as_int(version.get("creation_timestamp")) or 0,
            last_updated_timestamp=as_int(version.get("last_updated_timestamp")),
            description=version.get("description"),
            user_id=text_or_none(version.get("user_id")),
            current_stage=version.get("current_stage", "None"),
            source=version.get("source"),
            run_id=version.get("run_id"),
            status=version.get("status", "READY"),
            status_message=text_or_none(version.get("status_message")),
            tags=[ModelVersionTag(tag["key"], tag.get("value", "")) for tag in version.get("tags", ())],
            run_link=version.get("run_link"),
            aliases=version.get("aliases"),
            model_id=text_or_none(version.get("model_id")),
        )


class RegisteredModel(Entity):
    """A name in the registry, with the newest version of each stage."""

    def __init__(
        self,
        name: str,
        creation_timestamp: int | None = None,
        last_updated_timestamp: int | None = None,
        description: str | None = None,
        latest_versions: Sequence[ModelVersion] | None = None,
        tags: Sequence[RegisteredModelTag] | None = None,
        aliases: Sequence[RegisteredModelAlias] | None = None,
    ) -> None:
        self.name = name
        self.creation_timestamp = creation_timestamp
        self.last_updated_timestamp = last_updated_timestamp
        self.description = description
        self.latest_versions = list(latest_versions or ())
        self.tags: dict[str, str] = {tag.key: tag.value for tag in tags or ()}
        self.aliases: dict[str, str] = {alias.alias: alias.version for alias in aliases or ()}

    @classmethod
    def from_dictionary(cls, model: Mapping[str, Any]) -> "RegisteredModel":
        """Return a registered model of its wire form."""
        return cls(
            name=model["name"],
            creation_timestamp=as_int(model.get("creation_timestamp")),
            last_updated_timestamp=as_int(model.get("last_updated_timestamp")),
            description=model.get("description"),
            latest_versions=[ModelVersion.from_dictionary(one) for one in model.get("latest_versions", ())],
            tags=[RegisteredModelTag(tag["key"], tag.get("value", "")) for tag in model.get("tags", ())],
            aliases=[
                RegisteredModelAlias(alias["alias"], str(alias["version"]))
                for alias in model.get("aliases", ())
            ],
        )


class Prompt(Entity):
    """A registered name whose versions are prompts."""

    def __init__(
        self,
        name: str,
        description: str | None = None,
        creation_timestamp: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.description = description
        self.creation_timestamp = creation_timestamp
        self.tags = {key: value for key, value in (tags or {}).items() if key not in _PROMPT_TAGS}


class PromptVersion(Entity):
    """One version of a prompt: a text, or the messages of a chat, with `{{variables}}`."""

    def __init__(
        self,
        name: str,
        version: int,
        template: str | list[dict[str, Any]],
        commit_message: str | None = None,
        creation_timestamp: int | None = None,
        tags: Mapping[str, str] | None = None,
        aliases: Sequence[str] | None = None,
        last_updated_timestamp: int | None = None,
        response_format: dict[str, Any] | None = None,
        model_config: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.template = template
        self.commit_message = commit_message
        self.creation_timestamp = creation_timestamp
        self.tags = {key: value for key, value in (tags or {}).items() if key not in _PROMPT_TAGS}
        self.aliases = list(aliases or ())
        self.last_updated_timestamp = last_updated_timestamp
        self.response_format = response_format
        self.model_config = model_config

    @property
    def is_text_prompt(self) -> bool:
        """Whether the template is a text, and not the messages of a chat."""
        return isinstance(self.template, str)

    @property
    def uri(self) -> str:
        """The URI by which the version is loaded."""
        return f"prompts:/{self.name}/{self.version}"

    @property
    def variables(self) -> set[str]:
        """The names in double braces."""
        return set(_VARIABLE.findall(str(self.template)))

    def format(self, **values: Any) -> str | list[dict[str, Any]]:
        """Return the template with its variables replaced; each must be given."""
        missing = self.variables - set(values)
        if missing:
            from trackhelm.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(
                f"Missing variables: {missing}. The prompt {self.name} needs {sorted(self.variables)}."
            )

        def filled(text: str) -> str:
            return _VARIABLE.sub(lambda match: str(values[match.group(1)]), text)

        if isinstance(self.template, str):
            return filled(self.template)
        return [
            {
                key: filled(value) if isinstance(value, str) and key != "role" else value
                for key, value in message.items()
            }
            for message in self.template
        ]


def tags_of(entity: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a registered model or version on the wire."""
    return as_dict(entity.get("tags"))
