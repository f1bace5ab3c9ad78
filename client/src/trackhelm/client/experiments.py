"""The calls of `MlflowClient` about experiments."""

from typing import Any

from trackhelm.client._base import ClientBase, page, pairs
from trackhelm.entities import Experiment, PagedList, ViewType
from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException

_VIEWS = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}


def view_name(view_type: int) -> str:
    """Return a view type as the API takes it."""
    if view_type not in _VIEWS:
        raise MlflowException.invalid_parameter_value(f"Invalid view type {view_type!r}: expected a ViewType")
    return _VIEWS[view_type]


class ExperimentCalls(ClientBase):
    """Experiments: create, find, rename, delete, restore, tag."""

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: dict[str, Any] | None = None
    ) -> str:
        """Create an experiment and return its id; its name must be free, among deleted ones too."""
        if not name:
            raise MlflowException.invalid_parameter_value(f"Invalid experiment name: {name!r}")
        body = {"name": name, "artifact_location": artifact_location, "tags": pairs(tags)}
        return str(self._rest.post("experiments/create", body)["experiment_id"])

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment, active or deleted."""
        answer = self._rest.get("experiments/get", {"experiment_id": str(experiment_id)})
        return Experiment.from_dictionary(answer["experiment"])

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the experiment of a name, active or deleted; None if there is none."""
        # Runs that started without a server create theirs when they are sent.
        self._destination.flush()
        try:
            answer = self._rest.get("experiments/get-by-name", {"experiment_name": name})
        except MlflowException as error:
            if error.error_code == RESOURCE_DOES_NOT_EXIST:
                return None
            raise
        return Experiment.from_dictionary(answer["experiment"])

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = 1000,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of the experiments that fulfil a filter.

        Example:
            >>> MlflowClient().search_experiments(filter_string="name LIKE 'iris%'")
        """
        body = {
            "view_type": view_name(view_type),
            "max_results": max_results,
            "filter": filter_string,
            "order_by": order_by,
            "page_token": page_token,
        }
        return page(self._rest.post("experiments/search", body), "experiments", Experiment.from_dictionary)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an active experiment another name."""
        body = {"experiment_id": str(experiment_id), "new_name": new_name}
        self._rest.post("experiments/update", body)

    def delete_experiment(self, experiment_id: str) -> None:
        """Put an experiment and its runs into the bin."""
        self._rest.post("experiments/delete", {"experiment_id": str(experiment_id)})

    def restore_experiment(self, experiment_id: str) -> None:
        """Take an experiment and its runs out of the bin."""
        self._rest.post("experiments/restore", {"experiment_id": str(experiment_id)})

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Set a tag of an experiment."""
        body = {"experiment_id": str(experiment_id), "key": key, "value": str(value)}
        self._rest.post("experiments/set-experiment-tag", body)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag of an experiment."""
        body = {"experiment_id": str(experiment_id), "key": key}
        self._rest.post("experiments/delete-experiment-tag", body)
