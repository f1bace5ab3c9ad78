"""Moves as text: what is stored is what was asked for, and the same move is the same text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_registry.governance import schemas as governance_schemas
from trackhelm_registry.governance.logic import canonical
from trackhelm_registry.governance.schemas import GovernedChange, action_of, change_text, read_change

texts = st.text(max_size=20)
any_move: st.SearchStrategy[Any] = st.one_of(
    st.builds(governance_schemas.StageTransition, texts, texts, st.booleans()),
    st.builds(governance_schemas.AliasSetting, texts, texts),
    st.builds(governance_schemas.AliasDeletion, texts),
    st.builds(governance_schemas.VersionDeletion, texts),
    st.builds(governance_schemas.ModelDeletion),
    st.builds(governance_schemas.ModelRenaming, texts),
    st.builds(governance_schemas.ProtectionLifting, texts, texts),
    st.builds(governance_schemas.AliasRollback, texts, texts, st.none() | texts),
    st.builds(
        governance_schemas.StageRollback, texts, st.dictionaries(texts, st.tuples(texts, texts), max_size=3)
    ),
)


@given(move=any_move)
def test_a_move_is_read_as_it_was_written(move: GovernedChange) -> None:
    text = change_text(move)
    assert read_change(text) == move
    assert change_text(read_change(text)) == text
    assert f'"action":"{action_of(move)}"' in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            governance_schemas.StageTransition("1", "Production"),
            governance_schemas.StageTransition("1", "PRODUCTION"),
        ),
        (
            governance_schemas.ProtectionLifting("stage", "Staging"),
            governance_schemas.ProtectionLifting("stage", "staging"),
        ),
        (
            governance_schemas.StageRollback("Staging", {"1": ("None", "Staging"), "2": ("Staging", "None")}),
            governance_schemas.StageRollback("Staging", {"2": ("Staging", "None"), "1": ("None", "Staging")}),
        ),
    ],
)
def test_two_spellings_of_a_move_are_one(one: GovernedChange, other: GovernedChange) -> None:
    assert change_text(canonical(one)) == change_text(canonical(other))
