"""Registered versions that a `models:/` URI names by number, stage or alias."""

from sqlalchemy.orm import Session

from trackhelm_registry.logic.aliases import version_by_alias
from trackhelm_registry.logic.lookups import model_details, version_details
from trackhelm_registry.logic.model_uris import AliasUri, StageUri, VersionUri
from trackhelm_registry.logic.prompts import is_prompt
from trackhelm_registry.logic.registered_models import latest_versions
from trackhelm_registry.logic.source_uris import invalid_source
from trackhelm_registry.store.details import VersionDetails


def referenced_version(
    session: Session, source: str, reference: VersionUri | StageUri | AliasUri
) -> VersionDetails:
    """Return the version that a source refers to now; a prompt's cannot be one."""
    if is_prompt(dict(model_details(session, reference.name).tags)):
        raise invalid_source(source, "A version of a prompt cannot be the source of a model version.")
    match reference:
        case VersionUri(name, version):
            return version_details(session, name, version)
        case AliasUri(name, alias):
            return version_by_alias(session, name, alias)
        case StageUri(name, stage):
            versions = latest_versions(session, name, [] if stage is None else [stage])
            if not versions:
                where = "has no version" if stage is None else f"has no version in stage '{stage}'"
                raise invalid_source(source, f"The registered model '{name}' {where}.")
            return versions[-1]
