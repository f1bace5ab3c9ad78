"""Numbers of versions when many clients register at once, over both databases."""

from concurrent.futures import ThreadPoolExecutor

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry

CLIENTS = 32


def test_numbers_have_no_gap_and_none_is_given_twice(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    model_id, _ = registry.new_logged_model()

    def register(_: int) -> str:
        number: str = registry.new_version(name, f"models:/{model_id}", model_id=model_id)["version"]
        return number

    def be_refused(_: int) -> None:
        api.refused("POST", "model-versions/create", "INVALID_PARAMETER_VALUE", name=name, source="/etc")

    with ThreadPoolExecutor(CLIENTS) as clients:
        refused = clients.map(be_refused, range(CLIENTS))
        numbers = list(clients.map(register, range(2 * CLIENTS)))
        list(refused)
    expected = [str(number) for number in range(1, 2 * CLIENTS + 1)]
    assert sorted(numbers, key=int) == expected
    listed = registry.registrations(model_id)
    assert sorted(entry["version"] for entry in listed) == [int(number) for number in expected]
    assert {entry["name"] for entry in listed} == {name}


def test_a_deleted_number_is_not_given_again(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)

    def register_and_delete(_: int) -> str:
        number: str = registry.new_version(name)["version"]
        api.call("DELETE", "model-versions/delete", name=name, version=number)
        return number

    with ThreadPoolExecutor(CLIENTS) as clients:
        numbers = list(clients.map(register_and_delete, range(CLIENTS)))
    assert sorted(map(int, numbers)) == list(range(1, CLIENTS + 1))
    assert registry.new_version(name)["version"] == str(CLIENTS + 1)


def test_models_that_swap_names_at_once_end_with_one_answer_each(
    registry: Registry, api: Api, name: str
) -> None:
    other = f"{name}-other"
    registry.new_model(name)
    registry.new_model(other)

    def rename(turn: int) -> None:
        origin, target = (name, other) if turn % 2 else (other, name)
        api.refused(
            "POST", "registered-models/rename", "RESOURCE_ALREADY_EXISTS", name=origin, new_name=target
        )

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(rename, range(CLIENTS)))


def test_one_alias_points_to_one_version_however_many_set_it(registry: Registry, api: Api, name: str) -> None:
    registry.new_model(name)
    for _ in range(4):
        registry.new_version(name)

    def point(turn: int) -> None:
        api.post("registered-models/alias", name=name, alias="champion", version=str(turn % 4 + 1))

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(point, range(CLIENTS)))
    (alias,) = registry.model(name)["aliases"]
    assert registry.version(name, alias["version"])["aliases"] == ["champion"]
