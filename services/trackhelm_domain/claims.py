"""What a caller may claim as the place of files: whether it is, holds or lies in what belongs to others.

An experiment that is given a location, a version that is registered from elsewhere, and a workspace that is
given a root claim a place, and with it what is there or comes there later. Owners of places
(`trackhelm_domain.locations`) are not all: a workspace owns its root before there is anything in it, the
operator keeps places for single workspaces, and files of what was deleted for good may be there for a while.
Nothing is asked of a caller who may do everything.
"""

from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE_ID, current_access
from trackhelm_domain.access.checks import here, readable_experiments, readable_models
from trackhelm_domain.locations import OF_WORKSPACES, PROXY_SCHEME, Place, Places, relations
from trackhelm_domain.tables import (
    ArtifactTombstone,
    Experiment,
    ModelVersion,
    RegisteredModel,
    Workspace,
)
from trackhelm_domain.tables.runs import LifecycleStage


def root_of(workspace: Workspace) -> str:
    """Return the URI below which a workspace's experiments have their files; not for the default one."""
    return workspace.artifact_root or f"{PROXY_SCHEME}:/{OF_WORKSPACES}/{workspace.name}"


def others_claim(session: Session, places: Places, uri: str) -> str | None:
    """Return why an experiment or version may not have its files at a URI; None if nothing is in the way.

    Whether it is, holds or lies in the files of an experiment or version is asked separately.
    """
    access = current_access()
    if not access.is_confined:
        return None
    if places.keeps_from(access.workspace_name, uri):
        return "it is, or holds, a place that the operator keeps for other workspaces"
    named = places.place(uri)
    for workspace in session.scalars(select(Workspace).where(Workspace.id != DEFAULT_WORKSPACE_ID)):
        root = places.place(root_of(workspace))
        if root[: len(named)] == named:
            return "it is, or holds, the root of a workspace"
        if workspace.id != here() and named[: len(root)] == root:
            return "it belongs to another workspace"
    if _is_being_deleted(session, named):
        return "files of what was deleted for good are still there: try again later"
    return None


def unreadable_owner(session: Session, places: Places, uri: str) -> str | None:
    """Return why what is registered at a URI outside of the store would share what its maker may not read."""
    if not current_access().is_confined:
        return None
    keys = places.keys(uri)
    *_, (_, below) = relations(Experiment.location_key, keys)
    found = select(Experiment.id).where(below, Experiment.lifecycle_stage != LifecycleStage.PURGED)
    readable = readable_experiments(session)
    if readable is not None and session.scalar(found.where(~readable).limit(1)) is not None:
        return "below it are files of an experiment that you may not read"
    # What the server does not show may be of several models: nobody reads it by registering it.
    readable = readable_models(session)
    if readable is None or not places.shows(uri):
        return None
    for relation, lies in relations(ModelVersion.location_key, keys):
        versions = select(ModelVersion.id).join(
            RegisteredModel, RegisteredModel.id == ModelVersion.registered_model_id
        )
        if session.scalar(versions.where(lies, ~readable).limit(1)) is not None:
            return f"it {relation} the files of a version of a registered model that you may not read"
    return None


def owner_of_root(session: Session, places: Places, uri: str, workspace: Workspace | None) -> str | None:
    """Return what of other workspaces is in the way of a workspace's root; None if nothing is.

    `workspace` is the one whose root it is to be, if there is one already.
    """
    named = places.place(uri)
    mine = None if workspace is None else workspace.id
    if places.holds_store(uri):
        return "it is, or holds, the root of this server's own store"
    for other in session.scalars(select(Workspace).where(Workspace.id != DEFAULT_WORKSPACE_ID)):
        root = places.place(root_of(other))
        depth = min(len(root), len(named))
        if other.id != mine and root[:depth] == named[:depth]:
            return f"it is, holds or lies below the root of workspace '{other.name}'"
    keys = places.keys(uri)
    for relation, lies in relations(Experiment.location_key, keys):
        statement = select(Experiment.id).where(lies, Experiment.lifecycle_stage != LifecycleStage.PURGED)
        found = session.scalar(statement.where(Experiment.workspace_id != (mine or 0)).limit(1))
        if found is not None:
            return f"it {relation} the location of experiment {found}, which is in another workspace"
    for relation, lies in relations(ModelVersion.location_key, keys):
        named_models = (
            select(RegisteredModel.name)
            .join(ModelVersion, ModelVersion.registered_model_id == RegisteredModel.id)
            .where(lies, RegisteredModel.workspace_id != (mine or 0))
        )
        name = session.scalar(named_models.limit(1))
        if name is not None:
            return f"it {relation} the files of registered model '{name}', which is in another workspace"
    return None


def _is_being_deleted(session: Session, named: Place) -> bool:
    """Return whether files at, above or below a place wait for their deletion, by its usual spellings."""
    start = f"{named[0]}:/" if named[0] == PROXY_SCHEME else f"{named[0]}://{named[1]}/"
    uri = ArtifactTombstone.artifact_uri
    for segments in {named[2:], tuple(map(quote, named[2:]))}:
        spelled = start + "/".join(segments)
        above = [start + "/".join(segments[:end]) for end in range(1, len(segments) + 1)]
        lies = uri.in_(above) | uri.startswith(f"{spelled}/", autoescape=True)
        if session.scalar(select(ArtifactTombstone.id).where(lies).limit(1)) is not None:
            return True
    return False
