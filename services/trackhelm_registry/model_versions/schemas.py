"""Requests and answers about versions of registered models."""

from trackhelm_core.limits import SEARCH_MODEL_VERSIONS_DEFAULT_PAGE
from trackhelm_core.wire.replies import KeyValue, Reply
from trackhelm_core.wire.requests import Comment, Int64, Required, WireModel


class Tag(WireModel):
    """A tag to set. An absent value is the empty string."""

    key: Required
    value: str = ""


class NamedModel(WireModel):
    """A registered model, by its name."""

    name: Required


class NamedVersion(NamedModel):
    """A version of a registered model."""

    version: Required


class CreateModelVersion(NamedModel):
    """`POST model-versions/create`.

    If the source is another version, an absent `run_id` or `model_id` is copied from it; a given one, even an
    empty one, must equal it.
    """

    source: Required
    run_id: str | None = None
    model_id: str | None = None
    run_link: str = ""
    description: str = ""
    tags: tuple[Tag, ...] = ()


class UpdateModelVersion(NamedVersion):
    """`PATCH model-versions/update`. An absent description clears the existing one."""

    description: str = ""


class TransitionStage(NamedVersion):
    """`POST model-versions/transition-stage`."""

    stage: Required
    archive_existing_versions: bool = False
    comment: Comment = ""


class DeleteModelVersion(NamedVersion):
    """`DELETE model-versions/delete`."""

    comment: Comment = ""


class SearchModelVersions(WireModel):
    """`GET model-versions/search`."""

    filter: str = ""
    max_results: Int64 = SEARCH_MODEL_VERSIONS_DEFAULT_PAGE
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class SetModelVersionTag(NamedVersion):
    """`POST model-versions/set-tag`."""

    key: Required
    value: str = ""


class DeleteModelVersionTag(NamedVersion):
    """`DELETE model-versions/delete-tag`."""

    key: Required


class ModelVersion(Reply, frozen=True):
    """A version. Fields that are not set are empty strings, as with MLflow's server."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str
    source: str
    run_id: str
    run_link: str
    status: str
    tags: tuple[KeyValue, ...] = ()
    aliases: tuple[str, ...] = ()


class ModelVersionAnswer(Reply, frozen=True):
    """The answer of every endpoint about one version."""

    model_version: ModelVersion


class FoundModelVersions(Reply, frozen=True):
    """The answer of `model-versions/search` and of `get-latest-versions`."""

    model_versions: tuple[ModelVersion, ...] = ()
    next_page_token: str = ""


class DownloadUri(Reply, frozen=True):
    """The answer of `model-versions/get-download-uri`."""

    artifact_uri: str
