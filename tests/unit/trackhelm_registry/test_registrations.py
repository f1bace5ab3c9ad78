"""The list of registrations, whatever a client has written there."""

import json

import pytest

from trackhelm_registry.logic.registrations import with_registration

NEW = {"name": "iris", "version": "2"}


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "3", "not json", "[" * 100_000])
def test_what_is_no_list_is_replaced_by_one(text: str | None) -> None:
    assert json.loads(with_registration(text, NEW)) == [NEW]


def test_what_is_listed_stays_in_its_order() -> None:
    listed = [{"name": "iris", "version": "1"}]
    assert json.loads(with_registration(json.dumps(listed), NEW)) == [*listed, NEW]
