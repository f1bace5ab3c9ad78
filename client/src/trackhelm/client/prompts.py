"""The calls of `MlflowClient` about prompts, which are registered models with a tag."""

import json
from collections.abc import Mapping
from typing import Any, Final

from trackhelm.client.logged_models import LoggedModelCalls
from trackhelm.client.registry import RegistryCalls
from trackhelm.client.runs import RunCalls
from trackhelm.entities import PagedList, Prompt
from trackhelm.entities.model_registry import (
    PROMPT_MODEL_CONFIG_TAG,
    PROMPT_RESPONSE_FORMAT_TAG,
    PROMPT_TAG,
    PROMPT_TEXT_TAG,
    PROMPT_TYPE_TAG,
    ModelVersion,
    PromptVersion,
    RegisteredModel,
)
from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, MlflowException

_LINKED: Final = "mlflow.linkedPrompts"
_SOURCE: Final = "prompt-template"
"""A version must have a source, and a prompt's is never read."""
_INVALID: Final = "INVALID_PARAMETER_VALUE"


class PromptCalls(RegistryCalls, RunCalls, LoggedModelCalls):
    """Prompts: register versions, find them, tag them, link them to runs and models."""

    def create_prompt(
        self, name: str, description: str | None = None, tags: dict[str, str] | None = None
    ) -> Prompt:
        """Create a prompt without a version."""
        return _prompt(self.create_registered_model(name, {PROMPT_TAG: "true", **(tags or {})}, description))

    def get_prompt(self, name: str) -> Prompt | None:
        """Return a prompt; None if there is none of that name."""
        try:
            model = self.get_registered_model(name)
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                return None
            raise
        return _prompt(model) if model.tags.get(PROMPT_TAG) == "true" else None

    def search_prompts(
        self,
        filter_string: str | None = None,
        max_results: int = 1000,
        page_token: str | None = None,
        order_by: list[str] | None = None,
    ) -> PagedList[Prompt]:
        """Return a page of the prompts that fulfil a filter."""
        only = f"tags.`{PROMPT_TAG}` = 'true'"
        query = f"{filter_string} AND {only}" if filter_string else only
        found = self.search_registered_models(query, max_results, order_by, page_token)
        return PagedList([_prompt(model) for model in found], found.token)

    def delete_prompt(self, name: str) -> None:
        """Delete a prompt with its versions."""
        self.delete_registered_model(name)

    def set_prompt_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a prompt."""
        self.set_registered_model_tag(name, key, value)

    def delete_prompt_tag(self, name: str, key: str) -> None:
        """Delete a tag of a prompt."""
        self.delete_registered_model_tag(name, key)

    def create_prompt_version(
        self,
        name: str,
        template: str | list[dict[str, Any]],
        description: str | None = None,
        tags: dict[str, str] | None = None,
        response_format: Any = None,
        model_config: Any = None,
    ) -> PromptVersion:
        """Create the next version of a prompt that is there.

        Args:
            name: The prompt.
            template: A text, or the messages of a chat, with `{{variables}}`.
            description: What changed.
            tags: Tags of the version.
            response_format: A JSON schema of answers, or a pydantic class.
            model_config: Settings of the model, such as `{"temperature": 0.2}`.
        """
        is_text = isinstance(template, str)
        every = {
            PROMPT_TAG: "true",
            PROMPT_TEXT_TAG: template if is_text else json.dumps(template),
            PROMPT_TYPE_TAG: "text" if is_text else "chat",
            **(tags or {}),
        }
        if response_format is not None:
            schema = response_format
            if hasattr(response_format, "model_json_schema"):
                schema = response_format.model_json_schema()
            every[PROMPT_RESPONSE_FORMAT_TAG] = json.dumps(schema)
        if model_config is not None:
            every[PROMPT_MODEL_CONFIG_TAG] = json.dumps(model_config)
        return _prompt_version(self.create_model_version(name, _SOURCE, tags=every, description=description))

    def register_prompt(
        self,
        name: str,
        template: str | list[dict[str, Any]],
        commit_message: str | None = None,
        tags: dict[str, str] | None = None,
        response_format: Any = None,
        model_config: Any = None,
    ) -> PromptVersion:
        """Create the next version of a prompt, and the prompt if there is none.

        Example:
            >>> MlflowClient().register_prompt("greeting", "Greet {{name}} politely.")
        """
        try:
            self.create_prompt(name, tags=tags)
        except MlflowException as error:
            if error.error_code != RESOURCE_ALREADY_EXISTS:
                raise
            if self.get_prompt(name) is None:
                raise MlflowException.invalid_parameter_value(
                    f"Model '{name}' exists with the same name. MLflow does not allow registering a prompt "
                    "with the same name as an existing model"
                ) from error
        return self.create_prompt_version(name, template, commit_message, tags, response_format, model_config)

    def get_prompt_version(self, name: str, version: str | int) -> PromptVersion | None:
        """Return a version of a prompt; None if there is none."""
        try:
            return _prompt_version(self.get_model_version(name, str(version)))
        except MlflowException as error:
            if error.error_code in {RESOURCE_DOES_NOT_EXIST, _INVALID}:
                return None
            raise

    def get_prompt_version_by_alias(self, name: str, alias: str) -> PromptVersion:
        """Return the version of a prompt to which an alias points."""
        return _prompt_version(self.get_model_version_by_alias(name, alias))

    def load_prompt(
        self,
        name_or_uri: str,
        version: str | int | None = None,
        allow_missing: bool = False,
    ) -> PromptVersion | None:
        """Return a version of a prompt.

        It is named by name and version, as `prompts:/NAME/VERSION` or as `prompts:/NAME@ALIAS`. The newest
        version by default. With `allow_missing`, None is returned for one that is not there.
        """
        try:
            return self._loaded(*_parsed(name_or_uri, version))
        except MlflowException as error:
            if allow_missing and error.error_code in {RESOURCE_DOES_NOT_EXIST, _INVALID}:
                return None
            raise

    def _loaded(self, name: str, number: str | None, alias: str | None) -> PromptVersion:
        if alias is not None:
            return self.get_prompt_version_by_alias(name, alias)
        if number is not None:
            return _prompt_version(self.get_model_version(name, number))
        versions = self.search_prompt_versions(name)
        if not versions:
            raise MlflowException(f"Prompt '{name}' not found", error_code=RESOURCE_DOES_NOT_EXIST)
        return max(versions, key=lambda one: one.version)

    def parse_prompt_uri(self, uri: str) -> tuple[str, str]:
        """Return the name and the version that a `prompts:/` URI names, whose alias is looked up."""
        name, number, alias = _parsed(uri, None)
        if alias is not None:
            return name, self.get_model_version_by_alias(name, alias).version
        if number is None:
            raise MlflowException.invalid_parameter_value(f"Not a proper prompts:/ URI: {uri!r}")
        return name, number

    def search_prompt_versions(
        self, name: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[PromptVersion]:
        """Return a page of the versions of a prompt."""
        query = f"name = '{name}' AND tags.`{PROMPT_TAG}` = 'true'"
        found = self.search_model_versions(query, max_results or 1000, page_token=page_token)
        return PagedList([_prompt_version(version) for version in found], found.token)

    def delete_prompt_version(self, name: str, version: str) -> None:
        """Delete a version of a prompt."""
        self.delete_model_version(name, str(version))

    def set_prompt_version_tag(self, name: str, version: str | int, key: str, value: str) -> None:
        """Set a tag of a version of a prompt."""
        self.set_model_version_tag(name, str(version), key, value)

    def delete_prompt_version_tag(self, name: str, version: str | int, key: str) -> None:
        """Delete a tag of a version of a prompt."""
        self.delete_model_version_tag(name, str(version), key)

    def set_prompt_alias(self, name: str, alias: str, version: int) -> None:
        """Point an alias to a version of a prompt."""
        self.set_registered_model_alias(name, alias, str(version))

    def delete_prompt_alias(self, name: str, alias: str) -> None:
        """Delete an alias of a prompt."""
        self.delete_registered_model_alias(name, alias)

    def link_prompt_version_to_run(self, run_id: str, prompt: str | PromptVersion) -> None:
        """Note that a run used a version of a prompt, which is given or named by its URI."""
        linked = self._linked(prompt)
        tags = self.get_run(run_id).data.tags
        if (text := _with_link(tags, linked)) is not None:
            self.set_tag(run_id, _LINKED, text)

    def link_prompt_version_to_model(self, name: str, version: str, model_id: str) -> None:
        """Note that a logged model uses a version of a prompt."""
        linked = {"name": name, "version": str(version)}
        if (text := _with_link(self.get_logged_model(model_id).tags, linked)) is not None:
            self.set_logged_model_tags(model_id, {_LINKED: text})

    def detach_prompt_from_run(self, run_id: str, prompt_uri: str) -> None:
        """Note that a run does not use a version of a prompt after all."""
        gone = self._linked(prompt_uri)
        linked = _links(self.get_run(run_id).data.tags)
        self.set_tag(run_id, _LINKED, json.dumps([link for link in linked if link != gone]))

    def list_logged_prompts(self, run_id: str) -> list[PromptVersion]:
        """Return the versions of prompts that a run used."""
        links = _links(self.get_run(run_id).data.tags)
        return [_prompt_version(self.get_model_version(link["name"], link["version"])) for link in links]

    def _linked(self, prompt: str | PromptVersion) -> dict[str, str]:
        if isinstance(prompt, PromptVersion):
            return {"name": prompt.name, "version": str(prompt.version)}
        name, version = self.parse_prompt_uri(prompt)
        return {"name": name, "version": version}


def _links(tags: Mapping[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(tags.get(_LINKED, "[]"))
    return found


def _with_link(tags: Mapping[str, str], link: dict[str, str]) -> str | None:
    links = _links(tags)
    return None if link in links else json.dumps([*links, link])


def _parsed(name_or_uri: str, version: str | int | None) -> tuple[str, str | None, str | None]:
    """Return the name, the version and the alias that are named; only one of the last two is not None."""
    if not name_or_uri.startswith("prompts:/"):
        return name_or_uri, None if version is None else str(version), None
    rest = name_or_uri.removeprefix("prompts:/").strip("/")
    name, at, alias = rest.partition("@")
    if at:
        return name, None, alias
    name, _, number = rest.partition("/")
    return (name, None, "latest") if number.lower() == "latest" else (name, number or None, None)


def _prompt(model: RegisteredModel) -> Prompt:
    return Prompt(model.name, model.description, model.creation_timestamp, model.tags)


def _prompt_version(version: ModelVersion) -> PromptVersion:
    tags = version.tags
    if PROMPT_TEXT_TAG not in tags:
        raise MlflowException.invalid_parameter_value(
            f"The version {version.version} of {version.name!r} is that of a model, and not of a prompt"
        )
    text = tags[PROMPT_TEXT_TAG]
    response_format = tags.get(PROMPT_RESPONSE_FORMAT_TAG)
    model_config = tags.get(PROMPT_MODEL_CONFIG_TAG)
    return PromptVersion(
        version.name,
        int(version.version),
        json.loads(text) if tags.get(PROMPT_TYPE_TAG) == "chat" else text,
        version.description,
        version.creation_timestamp,
        tags,
        version.aliases,
        version.last_updated_timestamp,
        json.loads(response_format) if response_format else None,
        json.loads(model_config) if model_config else None,
    )
