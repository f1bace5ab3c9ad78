"""Experiments as they are written, over both databases."""

import uuid

import pytest

from tests.fixtures.api import Api


def test_a_new_experiment_has_an_id_of_digits(api: Api) -> None:
    assert api.new_experiment(tags=[{"key": "team", "value": "vision"}]).isdigit()


def test_a_name_is_free_once(api: Api) -> None:
    name = uuid.uuid4().hex
    first = api.new_experiment(name=name)
    api.refused("POST", "experiments/create", "RESOURCE_ALREADY_EXISTS", name=name)
    api.post("experiments/delete", experiment_id=first)
    message = api.refused("POST", "experiments/create", "RESOURCE_ALREADY_EXISTS", name=name)
    assert "restore it" in message


@pytest.mark.parametrize("name", ["", "   ", "x" * 501])
def test_a_name_that_is_not_allowed_is_refused(api: Api, name: str) -> None:
    api.refused("POST", "experiments/create", "INVALID_PARAMETER_VALUE", name=name)


def test_only_an_active_experiment_is_deleted_and_only_a_deleted_one_restored(api: Api) -> None:
    experiment_id = api.new_experiment()
    missing = "RESOURCE_DOES_NOT_EXIST"
    api.refused("POST", "experiments/restore", missing, 404, experiment_id=experiment_id)
    api.post("experiments/delete", experiment_id=experiment_id)
    api.refused("POST", "experiments/delete", missing, 404, experiment_id=experiment_id)
    api.post("experiments/restore", experiment_id=experiment_id)
    api.refused("POST", "experiments/restore", missing, 404, experiment_id=experiment_id)
