"""Requests and answers about registered models, and answers made from the rows that were read."""

from collections.abc import Sequence

from trackhelm_core.limits import SEARCH_REGISTERED_MODELS_DEFAULT_PAGE
from trackhelm_core.wire.replies import KeyValue, Reply
from trackhelm_core.wire.requests import Comment, Int64, Required, WireModel
from trackhelm_registry.model_versions.schemas import ModelVersion, NamedModel, Tag
from trackhelm_registry.registered_models.store import ModelDetails, VersionDetails


class CreateRegisteredModel(NamedModel):
    """`POST registered-models/create`."""

    description: str = ""
    tags: tuple[Tag, ...] = ()


class RenameRegisteredModel(NamedModel):
    """`POST registered-models/rename`."""

    new_name: Required


class UpdateRegisteredModel(NamedModel):
    """`PATCH registered-models/update`. An absent description clears the existing one."""

    description: str = ""


class DeleteRegisteredModel(NamedModel):
    """`DELETE registered-models/delete`."""

    comment: Comment = ""


class SearchRegisteredModels(WireModel):
    """`GET registered-models/search`."""

    filter: str = ""
    max_results: Int64 = SEARCH_REGISTERED_MODELS_DEFAULT_PAGE
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class GetLatestVersions(NamedModel):
    """`POST` or `GET registered-models/get-latest-versions`. Without stages, every stage is meant."""

    stages: tuple[str, ...] = ()


class SetRegisteredModelTag(NamedModel):
    """`POST registered-models/set-tag`."""

    key: Required
    value: str = ""


class DeleteRegisteredModelTag(NamedModel):
    """`DELETE registered-models/delete-tag`."""

    key: Required


class Alias(Reply, frozen=True):
    """An alias and the version to which it points."""

    alias: str
    version: str


class RegisteredModel(Reply, frozen=True):
    """A registered model, with the newest version of each stage."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str
    latest_versions: tuple[ModelVersion, ...] = ()
    tags: tuple[KeyValue, ...] = ()
    aliases: tuple[Alias, ...] = ()


class RegisteredModelAnswer(Reply, frozen=True):
    """The answer of every endpoint about one model."""

    registered_model: RegisteredModel


class FoundRegisteredModels(Reply, frozen=True):
    """The answer of `registered-models/search`."""

    registered_models: tuple[RegisteredModel, ...] = ()
    next_page_token: str = ""


class NamedAlias(NamedModel):
    """`GET registered-models/alias`."""

    alias: Required


class SetAlias(NamedAlias):
    """`POST registered-models/alias`."""

    version: Required
    comment: Comment = ""


class DeleteAlias(NamedAlias):
    """`DELETE registered-models/alias`."""

    comment: Comment = ""


READY = "READY"
"""The only status of a version: registering copies nothing, so no version is ever pending."""


def version_message(version: VersionDetails) -> ModelVersion:
    """Return the message of a version."""
    row = version.row
    return ModelVersion(
        name=version.model_name,
        version=str(row.version),
        creation_timestamp=row.creation_timestamp,
        last_updated_timestamp=row.last_updated_timestamp,
        current_stage=row.current_stage,
        description=row.description,
        source=row.source,
        run_id=row.run_id or "",
        run_link=row.run_link,
        status=READY,
        tags=_tags(version.tags),
        aliases=tuple(version.aliases),
    )


def model_message(model: ModelDetails) -> RegisteredModel:
    """Return the message of a registered model."""
    row = model.row
    return RegisteredModel(
        name=row.name,
        creation_timestamp=row.creation_timestamp,
        last_updated_timestamp=row.last_updated_timestamp,
        description=row.description,
        latest_versions=tuple(version_message(version) for version in model.latest_versions),
        tags=_tags(model.tags),
        aliases=tuple(Alias(alias=alias, version=str(version)) for alias, version in model.aliases),
    )


def _tags(tags: Sequence[tuple[str, str]]) -> tuple[KeyValue, ...]:
    return tuple(KeyValue(key=key, value=value) for key, value in tags)
