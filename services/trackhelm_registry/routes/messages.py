"""Stored models and versions as the messages that answer with them."""

from collections.abc import Sequence

from trackhelm_core.wire.replies import KeyValue
from trackhelm_registry.schemas.model_versions import ModelVersion
from trackhelm_registry.schemas.registered_models import Alias, RegisteredModel
from trackhelm_registry.store.details import ModelDetails, VersionDetails

READY = "READY"
"""The only status a version has: nothing is copied when it is registered, so nothing can be pending."""


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
