"""The calls of `MlflowClient` about logged models."""

from typing import Any, Literal

from trackhelm.client._base import ClientBase, page, pairs
from trackhelm.entities import LoggedModel, LoggedModelStatus, PagedList
from trackhelm.rest.transport import API, path_of

_PARAMS_A_REQUEST = 100


class LoggedModelCalls(ClientBase):
    """Logged models: create, finalize, find, tag, delete."""

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Create a logged model whose files are still to come; see `finalize_logged_model`."""
        given = pairs(params)
        body = {
            "experiment_id": str(experiment_id),
            "name": name,
            "model_type": model_type,
            "source_run_id": source_run_id,
            "params": given[:_PARAMS_A_REQUEST],
            "tags": pairs(tags),
        }
        model = LoggedModel.from_dictionary(self._rest.post("logged-models", body)["model"])
        if len(given) > _PARAMS_A_REQUEST:
            rest = {pair["key"]: pair["value"] for pair in given[_PARAMS_A_REQUEST:]}
            self.log_model_params(model.model_id, rest)
            return self.get_logged_model(model.model_id)
        return model

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model, with the metrics of it that this process has logged."""
        self._destination.flush()
        answer = self._rest.get(f"logged-models/{path_of(model_id)}")
        return LoggedModel.from_dictionary(answer["model"])

    def finalize_logged_model(
        self, model_id: str, status: Literal["READY", "FAILED"] | LoggedModelStatus
    ) -> LoggedModel:
        """Say that a logged model's files are there, or that they could not be stored."""
        body = {"model_id": model_id, "status": LoggedModelStatus(status).to_wire()}
        answer = self._rest.call("PATCH", f"{API}logged-models/{path_of(model_id)}", body=body)
        return LoggedModel.from_dictionary(answer["model"])

    def log_model_params(self, model_id: str, params: dict[str, str]) -> None:
        """Add params to a logged model."""
        given = pairs(params)
        for first in range(0, len(given), _PARAMS_A_REQUEST):
            body = {"model_id": model_id, "params": given[first : first + _PARAMS_A_REQUEST]}
            self._rest.post(f"logged-models/{path_of(model_id)}/params", body)

    def set_logged_model_tags(self, model_id: str, tags: dict[str, Any]) -> None:
        """Set tags of a logged model."""
        body = {"model_id": model_id, "tags": pairs(tags)}
        self._rest.call("PATCH", f"{API}logged-models/{path_of(model_id)}/tags", body=body)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Delete a tag of a logged model."""
        self._rest.call("DELETE", f"{API}logged-models/{path_of(model_id)}/tags/{path_of(key)}")

    def delete_logged_model(self, model_id: str) -> None:
        """Put a logged model into the bin."""
        path = f"{API}logged-models/{path_of(model_id)}"
        self._rest.call("DELETE", path, body={"model_id": model_id})

    def search_logged_models(
        self,
        experiment_ids: list[str],
        filter_string: str | None = None,
        datasets: list[dict[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: list[dict[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of the logged models that fulfil a filter.

        Example:
            >>> MlflowClient().search_logged_models(["0"], "metrics.accuracy > 0.9")
        """
        self._destination.flush()
        body = {
            "experiment_ids": [str(experiment_id) for experiment_id in experiment_ids],
            "filter": filter_string,
            "datasets": datasets,
            "max_results": max_results,
            "order_by": order_by,
            "page_token": page_token,
        }
        return page(self._rest.post("logged-models/search", body), "models", LoggedModel.from_dictionary)
