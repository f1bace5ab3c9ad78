"""Deletes for good the registered models, logged models and webhooks that are left of deleted workspaces."""

from trackhelm_core.access import as_program
from trackhelm_core.runtime import Runtime
from trackhelm_domain.deletion import FilesInUse
from trackhelm_domain.gone_workspaces import context_of_deletion, left_over
from trackhelm_domain.locations import Places
from trackhelm_domain.tables import Experiment, RegisteredModel, Webhook
from trackhelm_domain.tables.runs import LifecycleStage
from trackhelm_registry.registered_models import store
from trackhelm_registry.registered_models.logic import delete_model
from trackhelm_registry.registered_models.purging import purge_models
from trackhelm_registry.webhooks import logic as webhooks
from trackhelm_registry.webhooks import store as webhooks_store

_AT_ONCE = 100


def purge_left_overs(runtime: Runtime) -> None:
    """Delete everything that is left, one thing or a page of them in a transaction.

    Registered models go before the logged models whose files their versions have. Experiments are in the bin
    since their workspace was deleted.
    """
    with runtime.database.reading() as session:
        of_models = left_over(session, RegisteredModel.workspace_id)
        of_webhooks = left_over(session, Webhook.workspace_id)
        of_experiments = left_over(
            session, Experiment.workspace_id, Experiment.lifecycle_stage == LifecycleStage.DELETED
        )
    for workspace_id in of_webhooks:
        with as_program(workspace_id), runtime.database.writing() as session:
            context = context_of_deletion(session, workspace_id, runtime.clock())
            for uuid in webhooks_store.all_uuids(session):
                webhooks.delete(session, uuid, context)
    for workspace_id in of_models:
        with as_program(workspace_id):
            _delete_registered_models(runtime, workspace_id)
    for workspace_id in of_experiments:
        with as_program(workspace_id):
            _purge_logged_models(runtime, workspace_id)


def _delete_registered_models(runtime: Runtime, workspace_id: int) -> None:
    with runtime.database.reading() as session:
        names = store.all_names(session)
    for name in names:
        with runtime.database.writing() as session:
            delete_model(session, name, context_of_deletion(session, workspace_id, runtime.clock()))


def _purge_logged_models(runtime: Runtime, workspace_id: int) -> None:
    with runtime.database.reading() as session:
        experiments = store.experiments_with_models(session, workspace_id)
        if not experiments:
            return
        in_use = FilesInUse(runtime.part(Places), runtime.clock)
        in_use.read(session)
    for experiment_id in experiments:
        after = 0
        while True:
            with runtime.database.writing() as session:
                page = store.models_of_experiment(session, experiment_id, after=after, limit=_AT_ONCE)
                if not page:
                    break
                context = context_of_deletion(session, workspace_id, runtime.clock())
                ids = [model.model_id for model in page]
                purge_models(session, in_use, ids, context, experiment_id=experiment_id)
            after = page[-1].id
