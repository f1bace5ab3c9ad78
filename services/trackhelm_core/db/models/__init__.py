"""The tables: one module a group, each naming the service that owns it. All are imported here."""

from trackhelm_core.db.models.artifacts import ArtifactRecord, ArtifactTombstone
from trackhelm_core.db.models.audit import AuditEvent, AuditHead
from trackhelm_core.db.models.base import Base
from trackhelm_core.db.models.datasets import Dataset, RunDataset, RunDatasetTag
from trackhelm_core.db.models.experiments import Experiment, ExperimentTag
from trackhelm_core.db.models.governance import AliasHistory, ApprovalRequest, Protection, StageHistory
from trackhelm_core.db.models.logged_models import (
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    RunModelInput,
    RunModelOutput,
)
from trackhelm_core.db.models.metrics import LabelSet, MetricChunk, PartitionPosition, Series
from trackhelm_core.db.models.registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from trackhelm_core.db.models.runs import Key, Run, RunDocument, RunParam, RunTag
from trackhelm_core.db.models.webhooks import Webhook, WebhookDelivery, WebhookEvent

__all__ = [
    "AliasHistory",
    "ApprovalRequest",
    "ArtifactRecord",
    "ArtifactTombstone",
    "AuditEvent",
    "AuditHead",
    "Base",
    "Dataset",
    "Experiment",
    "ExperimentTag",
    "Key",
    "LabelSet",
    "LoggedModel",
    "LoggedModelParam",
    "LoggedModelTag",
    "MetricChunk",
    "ModelVersion",
    "ModelVersionTag",
    "PartitionPosition",
    "Protection",
    "RegisteredModel",
    "RegisteredModelAlias",
    "RegisteredModelTag",
    "Run",
    "RunDataset",
    "RunDatasetTag",
    "RunDocument",
    "RunModelInput",
    "RunModelOutput",
    "RunParam",
    "RunTag",
    "Series",
    "StageHistory",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
]
