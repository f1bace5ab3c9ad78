"""The wire contract's rows for entities other than runs: each filter compiles for an entity described so.

Only names, prefixes and operators differ between entities, so their columns here are the toy runs' own.
"""

import pytest

from tests.unit.trackhelm_core.search.toy import RUNS, Run
from trackhelm_core.search.compile import compile_filter
from trackhelm_core.search.entity import EntitySearch, IdAttribute, NumberAttribute, StringAttribute
from trackhelm_core.search.grammar import parse_filter
from trackhelm_core.search.text import SearchSyntaxError

STRING, NUMBER = StringAttribute(Run.run_name), NumberAttribute(Run.start_time)
TAGS = {"tags": RUNS.collections["tags"]}
TAG = {"tag": "tags"}

EXPERIMENTS = EntitySearch(
    name="experiments",
    attributes={
        "name": STRING,
        "experiment_id": IdAttribute(Run.experiment_id),
        "creation_time": NUMBER,
        "last_update_time": NUMBER,
    },
    collections=TAGS,
    prefixes=TAG,
)
REGISTERED_MODELS = EntitySearch(
    name="registered models", attributes={"name": STRING}, collections=TAGS, prefixes=TAG
)
MODEL_VERSIONS = EntitySearch(
    name="model versions",
    attributes={
        "name": STRING,
        "run_id": STRING,
        "source_path": STRING,
        "version_number": NumberAttribute(Run.version),
    },
    collections=TAGS,
    prefixes=TAG,
)
LOGGED_MODELS = EntitySearch(
    name="logged models",
    attributes={
        **dict.fromkeys(["name", "model_id", "model_type", "source_run_id", "status"], STRING),
        **dict.fromkeys(["creation_time", "creation_timestamp", "last_updated_timestamp"], NUMBER),
    },
    collections={name: RUNS.collections[name] for name in ("metrics", "params", "tags")},
)


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        (EXPERIMENTS, "name = 'a' AND attribute.name ILIKE 'b%'"),
        (EXPERIMENTS, "experiment_id IN ('0', '1') AND experiment_id != '2'"),
        (EXPERIMENTS, "creation_time >= 5 AND last_update_time < 6"),
        (EXPERIMENTS, "tags.a LIKE 'x' AND tag.`b c` IS NOT NULL"),
        (REGISTERED_MODELS, "name ILIKE '%a%' AND attribute.name NOT IN ('b')"),
        (REGISTERED_MODELS, "tag.`mlflow.prompt.is_prompt` != 'true'"),
        (MODEL_VERSIONS, "name = 'a' AND run_id IN ('b') AND source_path LIKE 's3:%'"),
        (MODEL_VERSIONS, "version_number > 2 AND tags.a != 'b'"),
        (LOGGED_MODELS, "name = 'model' AND attributes.model_type IN ('a') AND source_run_id LIKE 'b%'"),
        (LOGGED_MODELS, "creation_time > 1 AND creation_timestamp > 1 AND last_updated_timestamp > 1"),
        (LOGGED_MODELS, "metrics.a > 0.5 AND params.b = 'x' AND tags.c = 'y'"),
    ],
)
def test_a_filter_of_the_contract_compiles(entity: EntitySearch, text: str) -> None:
    expression = parse_filter(text)
    assert expression is not None
    assert compile_filter(expression, entity) is not None


@pytest.mark.parametrize(
    ("entity", "text", "message"),
    [
        (EXPERIMENTS, "params.a = 'x'", "experiments have no prefix params"),
        (EXPERIMENTS, "run.name = 'x'", "experiments have no prefix run"),
        (EXPERIMENTS, "experiment_id LIKE '1%'", "Allowed: =, !=, IN, NOT IN, IS NULL, IS NOT NULL"),
        (MODEL_VERSIONS, "version_number = '2'", "version_number is a number"),
        (LOGGED_MODELS, "last_updated_time > 1", "Did you mean last_updated_timestamp?"),
        (LOGGED_MODELS, "metric.a > 1", "logged models have no prefix metric. Did you mean metrics?"),
    ],
)
def test_what_the_contract_refuses_is_refused(entity: EntitySearch, text: str, message: str) -> None:
    expression = parse_filter(text)
    assert expression is not None
    with pytest.raises(SearchSyntaxError) as refusal:
        compile_filter(expression, entity)
    assert message in str(refusal.value)
