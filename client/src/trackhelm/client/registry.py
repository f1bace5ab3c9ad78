"""The calls of `MlflowClient` about registered models and their versions."""

import time
from typing import Any, Final

from trackhelm.client._base import ClientBase, page, pairs
from trackhelm.entities import PagedList
from trackhelm.entities.model_registry import PROMPT_TAG, ModelVersion, RegisteredModel
from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException
from trackhelm.rest.transport import API

_PENDING: Final = "PENDING_REGISTRATION"
_POLL_SECONDS: Final = 3.0
_STAGES: Final = ["None", "Staging", "Production", "Archived"]


class RegistryCalls(ClientBase):
    """The registry: models, versions, stages, aliases and tags."""

    def create_registered_model(
        self, name: str, tags: dict[str, Any] | None = None, description: str | None = None
    ) -> RegisteredModel:
        """Create a registered model; its name must be free."""
        body = {"name": name, "tags": pairs(tags), "description": description}
        return self._model(self._registry.post("registered-models/create", body))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a registered model."""
        return self._model(self._registry.get("registered-models/get", {"name": name}))

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Rename a registered model, with its versions, tags and aliases."""
        body = {"name": name, "new_name": new_name}
        return self._model(self._registry.post("registered-models/rename", body))

    def update_registered_model(self, name: str, description: str | None = None) -> RegisteredModel:
        """Change a registered model's description."""
        return self._model(
            self._change("PATCH", "registered-models/update", name=name, description=description)
        )

    def delete_registered_model(self, name: str) -> None:
        """Delete a registered model with its versions."""
        self._change("DELETE", "registered-models/delete", name=name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page of the registered models that fulfil a filter; prompts only if it asks for them."""
        query = {
            "filter": without_prompts(filter_string),
            "max_results": max_results,
            "order_by": order_by,
            "page_token": page_token,
        }
        answer = self._registry.get("registered-models/search", query)
        return page(answer, "registered_models", RegisteredModel.from_dictionary)

    def get_latest_versions(self, name: str, stages: list[str] | None = None) -> list[ModelVersion]:
        """Return the newest version of each stage, or of some stages."""
        answer = self._registry.post(
            "registered-models/get-latest-versions", {"name": name, "stages": stages}
        )
        return [ModelVersion.from_dictionary(version) for version in answer.get("model_versions", ())]

    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Set a tag of a registered model."""
        self._change("POST", "registered-models/set-tag", name=name, key=key, value=str(value))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Delete a tag of a registered model; that there is none is no failure."""
        self._change("DELETE", "registered-models/delete-tag", name=name, key=key)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias to a version; it leaves the version to which it pointed."""
        self._change("POST", "registered-models/alias", name=name, alias=alias, version=str(version))

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Delete an alias; that there is none is no failure."""
        self._change("DELETE", "registered-models/alias", name=name, alias=alias)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version to which an alias points."""
        return self._version(self._registry.get("registered-models/alias", {"name": name, "alias": alias}))

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: dict[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int | None = 300,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Register a version under a model's next number.

        Args:
            name: The registered model, which must be there.
            source: The URI of the version's files, such as `models:/m-…`.
            run_id: The run that made it.
            tags: Its tags.
            run_link: An address of the run.
            description: What it is.
            await_creation_for: Seconds to wait until a server that copies files is ready; None for none.
            model_id: The logged model that it is.
        """
        if model_id is None and source.startswith("models:/m-"):
            model_id = source.removeprefix("models:/").partition("/")[0]
        body = {
            "name": name,
            "source": source,
            "run_id": run_id,
            "tags": pairs(tags),
            "run_link": run_link,
            "description": description,
            "model_id": model_id,
        }
        version = self._version(self._registry.post("model-versions/create", body))
        until = time.monotonic() + (await_creation_for or 0)
        while version.status == _PENDING and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            version = self.get_model_version(name, version.version)
        if version.status == _PENDING and await_creation_for:
            raise MlflowException(
                f"The version {version.version} of {name!r} was not ready within {await_creation_for} s: "
                f"{version.status_message or version.status}"
            )
        return version

    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Register what `models:/NAME/VERSION` or `models:/NAME@ALIAS` names under another name."""
        from trackhelm.artifacts.locations import version_number

        kind, _, rest = src_model_uri.partition(":/")
        if kind != "models" or not rest:
            raise MlflowException.invalid_parameter_value(
                f"Unsupported source model URI: {src_model_uri!r}. The `copy_model_version` API only "
                "copies models with URIs of the form `models:/<model_name>/<version>` or "
                "`models:/<model_name>@<alias>`"
            )
        name, at, alias = rest.strip("/").partition("@")
        if at:
            source = self.get_model_version_by_alias(name, alias)
        else:
            name, _, version = name.partition("/")
            number = version_number(self, name, version)  # type: ignore[arg-type]  # the whole client
            source = self.get_model_version(name, number)
        try:
            self.create_registered_model(dst_name)
        except MlflowException as error:
            if error.error_code != RESOURCE_ALREADY_EXISTS:
                raise
        return self.create_model_version(
            dst_name,
            f"models:/{source.name}/{source.version}",
            run_id=source.run_id or None,
            tags=source.tags,
            run_link=source.run_link or None,
            description=source.description,
        )

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """Return a version."""
        query = {"name": name, "version": str(version)}
        return self._version(self._registry.get("model-versions/get", query))

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Return where a version's files are."""
        query = {"name": name, "version": str(version)}
        return str(self._registry.get("model-versions/get-download-uri", query)["artifact_uri"])

    def get_model_version_stages(self, name: str, version: str) -> list[str]:
        """Return the stages that a version can have."""
        return list(_STAGES)

    def update_model_version(self, name: str, version: str, description: str | None = None) -> ModelVersion:
        """Change a version's description."""
        fields = {"name": name, "version": str(version), "description": description}
        return self._version(self._change("PATCH", "model-versions/update", **fields))

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage, and the other versions in it to `Archived` if so told."""
        body = {
            "name": name,
            "version": str(version),
            "stage": stage,
            "archive_existing_versions": archive_existing_versions,
        }
        return self._version(self._registry.post("model-versions/transition-stage", body))

    def delete_model_version(self, name: str, version: str) -> None:
        """Delete a version; its number is never given again."""
        self._change("DELETE", "model-versions/delete", name=name, version=str(version))

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page of the versions that fulfil a filter, such as `name = 'iris'`."""
        query = {
            "filter": filter_string,
            "max_results": max_results,
            "order_by": order_by,
            "page_token": page_token,
        }
        answer = self._registry.get("model-versions/search", query)
        return page(answer, "model_versions", ModelVersion.from_dictionary)

    def set_model_version_tag(
        self,
        name: str,
        version: str | None = None,
        key: str | None = None,
        value: Any = None,
        stage: str | None = None,
    ) -> None:
        """Set a tag of a version, which is given by its number or as the newest of a stage."""
        number = self._number(name, version, stage)
        self._change("POST", "model-versions/set-tag", name=name, version=number, key=key, value=str(value))

    def delete_model_version_tag(
        self, name: str, version: str | None = None, key: str | None = None, stage: str | None = None
    ) -> None:
        """Delete a tag of a version; that there is none is no failure."""
        number = self._number(name, version, stage)
        self._change("DELETE", "model-versions/delete-tag", name=name, version=number, key=key)

    def _number(self, name: str, version: str | None, stage: str | None) -> str:
        if (version is None) == (stage is None):
            raise MlflowException.invalid_parameter_value("Expected exactly one of `version` and `stage`")
        if version is not None:
            return str(version)
        assert stage is not None, "one of both is given"
        found = self.get_latest_versions(name, [stage])
        if not found:
            raise MlflowException(f"Could not find any model version for {stage} stage")
        return found[0].version

    def _change(self, method: str, endpoint: str, **fields: Any) -> dict[str, Any]:
        return self._registry.call(method, API + endpoint, body=fields)

    @staticmethod
    def _model(answer: dict[str, Any]) -> RegisteredModel:
        return RegisteredModel.from_dictionary(answer["registered_model"])

    @staticmethod
    def _version(answer: dict[str, Any]) -> ModelVersion:
        return ModelVersion.from_dictionary(answer["model_version"])


def without_prompts(filter_string: str | None) -> str:
    """Return a filter of registered models that leaves prompts out, unless it speaks of them."""
    if filter_string and PROMPT_TAG in filter_string:
        return filter_string
    no_prompt = f"tag.`{PROMPT_TAG}` != 'true'"
    return f"{filter_string} AND {no_prompt}" if filter_string else no_prompt
