"""Names of models and aliases, and numbers of versions."""

import pytest

from trackhelm_core.errors import InvalidParameterError
from trackhelm_registry.registered_models.names import check_alias, check_model_name, check_new_alias


@pytest.mark.parametrize("name", ["a", "a b", "a.b", "a..", ".a", "模型", "a@b", "-", "m-0123"])
def test_a_name_that_reads_as_itself_is_allowed(name: str) -> None:
    assert check_model_name(name) == name


@pytest.mark.parametrize("name", ["", " \t", "a/b", "/", "a:b", ".", "..", "..a", "x" * 257])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameterError):
        check_model_name(name)


def test_a_blank_name_is_called_missing_by_its_parameter() -> None:
    with pytest.raises(InvalidParameterError, match="Missing value for required parameter 'new_name'"):
        check_model_name(" ", "new_name")


@pytest.mark.parametrize("alias", ["latest", "v1", "V0"])
def test_a_reserved_alias_may_be_asked_for_but_not_set(alias: str) -> None:
    assert check_alias(alias) == alias
    with pytest.raises(InvalidParameterError, match="reserved"):
        check_new_alias(alias)


@pytest.mark.parametrize("alias", ["champion", "v1-beta", "the_latest", "v"])
def test_an_alias_that_looks_reserved_and_is_not_is_allowed(alias: str) -> None:
    assert check_new_alias(alias) == alias
