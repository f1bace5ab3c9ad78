"""Generated names."""

import re

from trackhelm_core.ids import ADJECTIVES, NOUNS, random_name


def test_a_name_is_an_adjective_a_noun_and_a_number() -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9]{1,3}", random_name())


def test_the_longest_name_has_twenty_characters() -> None:
    assert max(map(len, ADJECTIVES)) + max(map(len, NOUNS)) + len("--999") <= 20


def test_no_word_is_listed_twice() -> None:
    assert len(set(ADJECTIVES)) == len(ADJECTIVES)
    assert len(set(NOUNS)) == len(NOUNS)
