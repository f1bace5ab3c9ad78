"""ILIKE ignores case in every script, and over both databases alike."""

import unicodedata
import uuid
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, create_engine, literal, select, text

from tests.fixtures.api import Api
from tests.fixtures.databases import new_postgres_database
from trackhelm_core.db.engine import lower, make_engine
from trackhelm_core.search.compile import string_predicate
from trackhelm_core.search.grammar import Operator

Both = tuple[Engine, Engine]

#: Letters of a dozen scripts that have case, those whose other case is several letters or depends on where
#: they stand, some without case, and what a pattern is made of.
_LETTERS = st.sampled_from("aZéÉßẞſKİıIiŉǅΣσςΩωЖжԱաႠⴀᏎꮞ𐐀𐐨ﬀＡａあ字١👍%_\\ '")  # noqa: RUF001 - it is about them
TEXTS = st.text(_LETTERS, max_size=8)


@pytest.fixture(scope="module")
def both(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    sqlite = make_engine(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}")
    postgresql = make_engine(new_postgres_database(postgres_server))
    yield sqlite, postgresql
    sqlite.dispose()
    postgresql.dispose()


def matches(engine: Engine, value: str, pattern: str) -> bool:
    condition = string_predicate(literal(value), Operator.ILIKE, pattern)
    with engine.connect() as connection:
        return bool(connection.execute(select(condition)).scalar_one())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, st.sampled_from([str, str.upper, str.lower, str.swapcase]))
@example("ΟΔΟΣ", "οδος", str)
@example("İ", "i", str)
@example("STRASSE", "straße", str)
def test_both_databases_match_alike(both: Both, value: str, part: str, spell: Callable[[str], str]) -> None:
    sqlite, postgresql = both
    for pattern in (part, f"%{part}%", f"%{spell(value)}%", spell(value)[:1] + "%"):
        found = matches(sqlite, value, pattern)
        assert found == matches(postgresql, value, pattern), (value, pattern)


def test_every_letter_is_lowered_as_postgresql_lowers_it(both: Both) -> None:
    with both[1].connect() as connection:
        changed = connection.execute(
            text(
                "SELECT letter, lower(letter) FROM"
                " (SELECT chr(i) AS letter FROM generate_series(1, 1114111) AS i"
                " WHERE i NOT BETWEEN 55296 AND 57343) AS every WHERE lower(letter) != letter"
            )
        ).all()
    assert len(changed) > 1_000
    lowered = {row.letter: row.lower for row in changed}
    letters = map(chr, (*range(1, 0xD800), *range(0xE000, 0x110000)))
    # Each database and Python are of some version of Unicode: letters that Python does not know are left out.
    known = [letter for letter in letters if unicodedata.category(letter) != "Cn"]
    assert len(known) > 100_000
    assert [letter for letter in known if lower(letter) != lowered.get(letter, letter)] == []


def test_nothing_is_lowered_to_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT lower(NULL), lower('')")).one() == (None, "")
    engine.dispose()


def test_a_database_by_itself_does_not_know() -> None:
    # Should SQLite learn it one day, ours can go.
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        lowered = connection.execute(select(text("lower(:letter)").bindparams(bindparam("letter", "Ж"))))
        assert lowered.scalar_one() == "Ж"
    engine.dispose()


@pytest.mark.parametrize(
    ("stored", "asked"),
    [("ЖУРНАЛ ошибок", "%журнал%"), ("Ελληνικά", "ΕΛΛΗΝΙΚΆ"), ("ÀÉÎ", "àéî"), ("Հայերեն", "%ՀԱՅԵՐԵՆ")],
)
def test_every_entity_is_found_whatever_its_case(api: Api, stored: str, asked: str) -> None:
    mark = uuid.uuid4().hex
    name = f"{mark} {stored}"
    pattern = f"{mark.upper()} {asked}"
    value = {"key": "k", "value": stored}
    experiment_id = api.new_experiment(name=name, tags=[value])
    run_id = api.new_run(experiment_id, run_name=name, user_id=stored, tags=[value])
    api.post("runs/log-parameter", run_id=run_id, key="k", value=stored)
    api.post(
        "runs/log-inputs",
        run_id=run_id,
        datasets=[
            {
                "dataset": {"name": stored, "digest": "d", "source_type": "local", "source": "s"},
                "tags": [{"key": "mlflow.data.context", "value": stored}],
            }
        ],
    )
    api.post("logged-models", experiment_id=experiment_id, name=mark, model_type=stored, tags=[value])
    api.post("registered-models/create", name=name, tags=[value])
    api.post("model-versions/create", name=name, source=f"s3://bucket/{stored}", tags=[value])

    def experiments(filter_text: str) -> int:
        found = api.post("experiments/search", filter=filter_text, max_results=9)
        return len(found.get("experiments", []))

    def runs(filter_text: str) -> int:
        found = api.post("runs/search", experiment_ids=[experiment_id], filter=filter_text)
        return len(found.get("runs", []))

    def logged_models(filter_text: str) -> int:
        found = api.post("logged-models/search", experiment_ids=[experiment_id], filter=filter_text)
        return len(found.get("models", []))

    def models(filter_text: str) -> int:
        return len(api.get("registered-models/search", filter=filter_text).get("registered_models", []))

    def versions(filter_text: str) -> int:
        return len(api.get("model-versions/search", filter=filter_text).get("model_versions", []))

    by_name, by_tag = f"name ILIKE '{pattern}'", f"tags.k ILIKE '{asked}'"
    assert experiments(f"{by_name} AND {by_tag}") == 1
    assert models(f"{by_name} AND {by_tag}") == 1
    assert versions(f"{by_name} AND {by_tag} AND source_path ILIKE 'S3://bucket/{asked}'") == 1
    assert logged_models(f"model_type ILIKE '{asked}' AND {by_tag}") == 1
    parts = [
        f"{field} ILIKE '{asked}'" for field in ("user_id", "params.k", "datasets.name", "datasets.context")
    ]
    assert runs(f"run_name ILIKE '{pattern}' AND {by_tag} AND {' AND '.join(parts)}") == 1
    # LIKE minds it in every script.
    assert runs(f"params.k LIKE '{asked}'") == 0
