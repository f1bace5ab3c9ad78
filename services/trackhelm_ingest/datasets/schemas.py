"""Requests about the inputs and outputs of runs: datasets and logged models."""

from typing import Annotated

from pydantic import Field

from trackhelm_core.limits import (
    DATASET_DIGEST_LENGTH,
    DATASET_NAME_LENGTH,
    DATASET_PROFILE_LENGTH,
    DATASET_SCHEMA_LENGTH,
    DATASET_SOURCE_LENGTH,
    INPUT_TAG_KEY_LENGTH,
    INPUT_TAG_VALUE_LENGTH,
)
from trackhelm_core.wire.requests import Int64, OfRun, Required, WireModel
from trackhelm_domain.tables.registry import MODEL_ID_LENGTH


class InputTag(WireModel):
    """A tag of the use of a dataset by a run."""

    key: Annotated[Required, Field(max_length=INPUT_TAG_KEY_LENGTH)]
    value: Annotated[str, Field(max_length=INPUT_TAG_VALUE_LENGTH)] = ""


class Dataset(WireModel):
    """A dataset as a client describes it; lengths are in characters."""

    name: Annotated[Required, Field(max_length=DATASET_NAME_LENGTH)]
    digest: Annotated[Required, Field(max_length=DATASET_DIGEST_LENGTH)]
    source_type: Annotated[Required, Field(max_length=DATASET_NAME_LENGTH)]
    source: Annotated[Required, Field(max_length=DATASET_SOURCE_LENGTH)]
    schema_: Annotated[str | None, Field(max_length=DATASET_SCHEMA_LENGTH, alias="schema")] = None
    profile: Annotated[str | None, Field(max_length=DATASET_PROFILE_LENGTH)] = None


class DatasetInput(WireModel):
    """A dataset that a run used, with tags such as the context (training, test)."""

    dataset: Dataset
    tags: tuple[InputTag, ...] = ()


ModelId = Annotated[Required, Field(max_length=MODEL_ID_LENGTH)]


class ModelInput(WireModel):
    """A logged model that a run used."""

    model_id: ModelId


class ModelOutput(WireModel):
    """A logged model that a run made, and at which step."""

    model_id: ModelId
    step: Int64 = 0


class LogInputs(OfRun):
    """`POST runs/log-inputs`."""

    datasets: tuple[DatasetInput, ...] = ()
    models: tuple[ModelInput, ...] = ()


class LogOutputs(OfRun):
    """`POST runs/outputs`."""

    models: Annotated[tuple[ModelOutput, ...], Field(min_length=1)]
