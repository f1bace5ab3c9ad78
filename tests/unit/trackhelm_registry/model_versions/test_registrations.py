"""The list of registrations, whatever a client has written there, and in whichever order."""

import json

import pytest

from trackhelm_registry.model_versions.registrations import normal_registrations, with_registration

BY_SERVER = '[{"name": "iris", "version": 1}]'
BY_CLIENT = '[{"name": "iris", "version": "1"}]'
BY_BOTH = '[{"name": "iris", "version": 1}, {"name": "iris", "version": "1"}]'


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "3", "not json", "[" * 100_000])
def test_what_is_no_list_is_replaced_by_one(text: str | None) -> None:
    assert with_registration(text, "iris", 1) == BY_SERVER


@pytest.mark.parametrize("text", [BY_SERVER, BY_CLIENT, BY_BOTH])
def test_a_version_is_listed_once_whether_server_or_client_came_first(text: str) -> None:
    assert with_registration(text, "iris", 1) == BY_SERVER
    assert normal_registrations(text) == BY_SERVER


def test_what_is_listed_stays_in_its_order() -> None:
    other, same_name, odd = (
        {"name": "wine", "version": "7", "by": "me"}, {"name": "iris", "version": 2}, {"version": "1.0"}
    )  # fmt: skip
    text = json.dumps([other, odd, odd, 3, "iris", same_name])
    assert json.loads(with_registration(text, "iris", 1)) == [
        other | {"version": 7}, odd, 3, "iris", same_name, {"name": "iris", "version": 1}
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "not json", "{}", '{"version": "1"}', "null"])
def test_what_is_no_list_stays_as_a_client_wrote_it(text: str) -> None:
    assert normal_registrations(text) == text


@pytest.mark.parametrize("version", ["0", "01", "9" * 5_000, "\u0661", "-1", ""])
def test_what_is_no_number_of_a_version_stays_a_text(version: str) -> None:
    text = json.dumps([{"name": "iris", "version": version}])
    assert normal_registrations(text) == text
