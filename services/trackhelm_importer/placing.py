"""Decides where what a source holds comes to: which workspace, and which id and name in it.

What came before keeps its place. It refuses what has none, with a line for each, before anything is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from trackhelm_core.access import DEFAULT_WORKSPACE
from trackhelm_core.errors import ApiError
from trackhelm_domain.tables.runs import DEFAULT_EXPERIMENT_ID
from trackhelm_identity.workspaces.logic import check_workspace_name
from trackhelm_importer import store
from trackhelm_importer.records import Experiment, RegisteredModel, Workspace
from trackhelm_importer.store import Holder, Known
from trackhelm_importer.translation import Translation

DELETED_HERE = "it was deleted for good here since it was imported; --restore-deleted brings it back"


class ImportRefusedError(Exception):
    """The import cannot begin; the message has a line for each reason."""


@dataclass(slots=True)
class Placed:
    """What was found out of the entities of one kind: those to be made, and those that do not come."""

    missing: list[Workspace] = field(default_factory=list)
    here: int = 0
    kept: list[str] = field(default_factory=list)


def place_workspaces(
    session: Session,
    translation: Translation,
    workspaces: Sequence[Workspace],
    *,
    wanted: Mapping[str, str],
    known: Mapping[str, Known],
    restores: bool,
) -> Placed:
    """Decide what each workspace is called here: as `wanted` says, or as it is called there.

    Those that are missing are returned by the names that they are to have.
    """
    here = store.workspace_ids(session)
    refused = _unknown_names(workspaces, wanted)
    placed = Placed()
    for workspace in workspaces:
        before = known.get(workspace.name)
        target = before.target if before else wanted.get(workspace.name, workspace.name)
        if wanted.get(workspace.name, target) != target:
            refused.append(
                f"workspace {workspace.name!r}: it was imported to {target!r} before, and stays there: leave "
                f"out --workspace {workspace.name}={wanted[workspace.name]}"
            )
        elif target in here:
            placed.here += 1
        elif before and not restores:
            placed.kept.append(f"{workspace.name}: {DELETED_HERE}. Nothing of it comes")
            continue
        elif why := _cannot_be(target):
            refused.append(
                f"workspace {workspace.name!r}: {why} --workspace {workspace.name}=NAME gives it another name"
            )
        elif target not in {each.name for each in placed.missing}:
            root = "" if translation.copies else workspace.root
            placed.missing.append(Workspace(target, workspace.description, root))
        translation.workspaces[workspace.name] = target
    if refused:
        raise ImportRefusedError("\n".join(refused))
    return placed


def _unknown_names(workspaces: Sequence[Workspace], wanted: Mapping[str, str]) -> list[str]:
    names = [workspace.name for workspace in workspaces]
    return [
        f"--workspace {name}={target}: the source has no workspace {name!r}; it has {', '.join(names)}"
        for name, target in wanted.items()
        if name not in names
    ]


def _cannot_be(name: str) -> str:
    try:
        check_workspace_name(name)
    except ApiError as error:
        return str(error)
    return ""


def place_experiments(
    session: Session,
    translation: Translation,
    experiments: Iterable[Experiment],
    *,
    known: Mapping[str, Known],
    remaps: bool,
    restores: bool,
) -> list[str]:
    """Give each experiment of a workspace that is here its id and name; return a line for each that is gone.

    With `remaps` one whose id or name is taken gets another.
    """
    holders = store.taken_experiments(session)
    ids = {(each.workspace, each.name): number for number, each in holders.items()}
    coming = [each for each in experiments if each.workspace in translation.workspaces]
    next_id = max([*holders, *(experiment.id for experiment in coming)], default=0) + 1
    kept, refused = [], []
    for experiment in coming:
        workspace = translation.workspaces[experiment.workspace]
        found = known.get(str(experiment.id))
        holder = holders.get(int(found.target) if found else experiment.id)
        if found and holder and holder.is_there:
            target = int(found.target)
            is_named = ids.get((workspace, experiment.name), target) == target
            translation.place(experiment, target, experiment.name if is_named else holder.name)
            continue
        if found and not restores:
            kept.append(f"{experiment.id}: {DELETED_HERE}. Nothing of it comes")
            continue
        is_free = holder is None or _is_pristine(session, experiment.id, holder, workspace)
        taken_by = ids.get((workspace, experiment.name), experiment.id)
        if is_free and taken_by == experiment.id:
            chosen, name = experiment.id, experiment.name
        elif not remaps:
            refused.append(_refusal(experiment, None if is_free else holder, taken_by))
            continue
        else:
            chosen, next_id = (experiment.id, next_id) if is_free else (next_id, next_id + 1)
            name = free_name(experiment.name, lambda name: (workspace, name) in ids)  # noqa: B023 - called here
        ids[workspace, name] = chosen
        translation.place(experiment, chosen, name)
    if refused:
        raise ImportRefusedError("\n".join([*refused, "--remap gives them another id or name."]))
    return kept


def _is_pristine(session: Session, experiment_id: int, holder: Holder, workspace: str) -> bool:
    """Return whether an experiment is the default one, which every server has, and unused."""
    return (
        experiment_id == DEFAULT_EXPERIMENT_ID
        and holder == (DEFAULT_WORKSPACE, "Default", True)
        and workspace == DEFAULT_WORKSPACE
        and not store.has_runs(session, experiment_id)
    )


def _refusal(experiment: Experiment, holder: Holder | None, taken_by: int) -> str:
    who = f"experiment {experiment.id} ({experiment.name!r})"
    if holder is None:
        return f"{who}: the name is taken here by experiment {taken_by}"
    if not holder.is_there:
        return f"{who}: the id {experiment.id} is of one that is being deleted for good; try again in a while"
    where = "" if holder.workspace == DEFAULT_WORKSPACE else f" of workspace {holder.workspace!r}"
    return f"{who}: the id {experiment.id} is taken here by experiment {holder.name!r}{where}"


def name_models(
    session: Session,
    translation: Translation,
    models: Iterable[RegisteredModel],
    *,
    known: Mapping[str, Known],
    remaps: bool,
) -> None:
    """Decide what registered models are called here; with `remaps` one whose name is taken gets another."""
    coming = [model for model in models if model.workspace in translation.workspaces]
    names = {(translation.workspaces[model.workspace], model.name) for model in coming}
    taken = store.taken_models(session, [name for _, name in names])
    for model in coming:
        workspace = translation.workspaces[model.workspace]
        if found := known.get(model.key):
            translation.models[model.key] = found.target
        elif remaps and (workspace, model.name) in taken:
            name = free_name(
                model.name,
                lambda name: (
                    (workspace, name) in names or (workspace, name) in store.taken_models(session, [name])  # noqa: B023
                ),
            )
            names.add((workspace, name))
            translation.models[model.key] = name


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return a name, or one with `(imported)` and if need be a number behind it, that is not taken."""
    candidate, number = name, 0
    while is_taken(candidate):
        number += 1
        candidate = f"{name} (imported{f' {number}' if number > 1 else ''})"
    return candidate
