"""Deletes for good the experiments and runs that are left of deleted workspaces, some at a time."""

from trackhelm_core.access import as_program
from trackhelm_core.runtime import Runtime
from trackhelm_domain.deletion import FilesInUse
from trackhelm_domain.gone_workspaces import context_of_deletion, left_over
from trackhelm_domain.locations import Places
from trackhelm_domain.tables import Experiment
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_ingest.deletion import store
from trackhelm_ingest.deletion.logic import RUNS_AT_ONCE, purge_experiment, purge_runs


def purge_left_overs(runtime: Runtime) -> None:
    """Mark everything that is left as deleted for good; what has files that a version needs is kept.

    Each step is a transaction: a process that is killed between two leaves the rest to be found again. An
    experiment goes when it holds no logged models any more, which the registry deletes.
    """
    with runtime.database.reading() as session:
        workspaces = left_over(
            session, Experiment.workspace_id, Experiment.lifecycle_stage != LifecycleStage.PURGED
        )
    if not workspaces:
        return
    in_use = FilesInUse(runtime.part(Places), runtime.clock)
    with runtime.database.reading() as session:
        in_use.read(session)
    for workspace_id in workspaces:
        with as_program(workspace_id):
            with runtime.database.reading() as session:
                experiments = store.experiments_of_workspace(session, workspace_id)
            for experiment_id in experiments:
                _purge_experiment(runtime, in_use, workspace_id, experiment_id)


def _purge_experiment(runtime: Runtime, in_use: FilesInUse, workspace_id: int, experiment_id: int) -> None:
    after = 0
    while True:
        with runtime.database.writing() as session:
            context = context_of_deletion(session, workspace_id, runtime.clock())
            store.bin_experiment(session, experiment_id, now=context.time)
            runs = store.bin_runs(session, experiment_id, after=after, limit=RUNS_AT_ONCE, now=context.time)
            if not runs:
                purge_experiment(session, experiment_id, context)
                return
            purge_runs(session, in_use, [run.uuid for run in runs], context, experiment_id=experiment_id)
        after = runs[-1].id
