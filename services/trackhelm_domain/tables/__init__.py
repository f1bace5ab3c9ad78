"""The tables: one module for each group, which names the service that owns it. All are imported here."""

from trackhelm_core.db.base import Base
from trackhelm_domain.tables.artifacts import ArtifactRecord, ArtifactTombstone
from trackhelm_domain.tables.audit import AuditEvent, AuditHead
from trackhelm_domain.tables.datasets import Dataset, RunDataset, RunDatasetTag
from trackhelm_domain.tables.experiments import Experiment, ExperimentTag
from trackhelm_domain.tables.governance import AliasHistory, ApprovalRequest, Protection, StageHistory
from trackhelm_domain.tables.logged_models import (
    LoggedModel,
    LoggedModelParam,
    LoggedModelTag,
    RunModelInput,
    RunModelOutput,
)
from trackhelm_domain.tables.metrics import JournalEntry, LabelSet, MetricChunk, PartitionPosition, Series
from trackhelm_domain.tables.registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from trackhelm_domain.tables.runs import Key, Run, RunParam, RunSnapshot, RunTag
from trackhelm_domain.tables.webhooks import Webhook, WebhookDelivery, WebhookEvent

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
    "JournalEntry",
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
    "RunModelInput",
    "RunModelOutput",
    "RunParam",
    "RunSnapshot",
    "RunTag",
    "Series",
    "StageHistory",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
]
