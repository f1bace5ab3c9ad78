"""Requests about logged models. The answers are in `messages`."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from trackhelm_core.wire.requests import Comment, Int64, Required, WireModel


class Pair(WireModel):
    """A param or a tag to write. An absent value is the empty string."""

    key: Required
    value: str = ""


class CreateLoggedModel(WireModel):
    """`POST logged-models`. If the name is empty, one is generated."""

    experiment_id: Required
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()


class GetLoggedModel(WireModel):
    """`GET logged-models/{model_id}`."""

    allow_deleted: bool = False


def _status_text(value: Any) -> Any:
    # Protobuf's JSON form accepts an enum by its name or its number.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class FinalizeLoggedModel(WireModel):
    """`PATCH logged-models/{model_id}`."""

    model_id: Required
    status: Annotated[Required, BeforeValidator(_status_text)]


class DeleteLoggedModel(WireModel):
    """`DELETE logged-models/{model_id}`, as query parameters."""

    comment: Comment = ""


class SetLoggedModelTags(WireModel):
    """`PATCH logged-models/{model_id}/tags`."""

    tags: tuple[Pair, ...] = ()


class LogLoggedModelParams(WireModel):
    """`POST logged-models/{model_id}/params`."""

    model_id: Required
    params: tuple[Pair, ...] = ()


class DatasetCondition(WireModel):
    """A dataset that metrics must have been measured on: any with the name, or the one with the digest."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(WireModel):
    """What to sort by. The dataset selects which of a metric's values counts."""

    field_name: Required
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(WireModel):
    """`POST logged-models/search`. If `max_results` is 0, the page has the default size."""

    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    datasets: tuple[DatasetCondition, ...] = ()
    max_results: Int64 = 0
    order_by: tuple[OrderBy, ...] = ()
    page_token: str = ""
