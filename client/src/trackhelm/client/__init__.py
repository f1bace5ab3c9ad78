"""`MlflowClient`: every call of a tracking server's API that this client makes, a module for each kind."""

from trackhelm.client.artifacts import ArtifactCalls
from trackhelm.client.experiments import ExperimentCalls
from trackhelm.client.prompts import PromptCalls
from trackhelm.client.webhooks import WebhookCalls

__all__ = ["MlflowClient"]


class MlflowClient(ArtifactCalls, ExperimentCalls, PromptCalls, WebhookCalls):
    """A client of a tracking server and of a model registry.

    It has no active run: each call names its run. Metrics, params and tags are on this machine's disk when a
    call returns, and at the server soon after; calls that read wait for what this process has logged.

    Args:
        tracking_uri: Where runs are; what `set_tracking_uri` set by default.
        registry_uri: Where models are registered, if that is another server.

    Example:
        >>> client = MlflowClient("http://127.0.0.1:5000")
        >>> run = client.create_run(experiment_id="0")
        >>> client.log_metric(run.info.run_id, "loss", 0.5, step=1)
        >>> client.set_terminated(run.info.run_id)
    """
