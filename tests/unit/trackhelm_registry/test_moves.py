"""Moves as text: what is stored is what was asked for, and the same move is the same text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm_registry.logic.moves import canonical
from trackhelm_registry.schemas import moves
from trackhelm_registry.schemas.moves import Move, action_of, move_text, read_move

texts = st.text(max_size=20)
any_move: st.SearchStrategy[Any] = st.one_of(
    st.builds(moves.StageTransition, texts, texts, st.booleans()),
    st.builds(moves.AliasSetting, texts, texts),
    st.builds(moves.AliasDeletion, texts),
    st.builds(moves.VersionDeletion, texts),
    st.builds(moves.ModelDeletion),
    st.builds(moves.ModelRenaming, texts),
    st.builds(moves.ProtectionLifting, texts, texts),
    st.builds(moves.AliasRollback, texts, texts, st.none() | texts),
    st.builds(moves.StageRollback, texts, st.dictionaries(texts, st.tuples(texts, texts), max_size=3)),
)


@given(move=any_move)
def test_a_move_is_read_as_it_was_written(move: Move) -> None:
    text = move_text(move)
    assert read_move(text) == move
    assert move_text(read_move(text)) == text
    assert f'"action":"{action_of(move)}"' in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (moves.StageTransition("1", "Production"), moves.StageTransition("1", "PRODUCTION")),
        (moves.ProtectionLifting("stage", "Staging"), moves.ProtectionLifting("stage", "staging")),
        (
            moves.StageRollback("Staging", {"1": ("None", "Staging"), "2": ("Staging", "None")}),
            moves.StageRollback("Staging", {"2": ("Staging", "None"), "1": ("None", "Staging")}),
        ),
    ],
)
def test_two_spellings_of_a_move_are_one(one: Move, other: Move) -> None:
    assert move_text(canonical(one)) == move_text(canonical(other))
