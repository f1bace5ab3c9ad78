"""The page about installing: its examples render, its commands and values exist."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.charts.rendering import CHART, RELEASE, ROOT, objects_of, of_kind, one, render

PAGE = (ROOT / "docs" / "operations" / "install.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def is_value(path: str, schema: dict[str, Any]) -> bool:
    """Return whether a path such as `ingest.replicas` is in the schema of the values."""
    for name in path.split("."):
        if name not in schema.get("properties", {}):
            return False
        schema = schema["properties"][name]
    return True


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("values", EXAMPLES, ids=",".join)
def test_an_example_renders(values: dict[str, Any]) -> None:
    assert of_kind(render(values), "Deployment")


def test_a_team_has_no_bundled_store() -> None:
    (team,) = (values for values in EXAMPLES if "ingress" in values)
    assert not of_kind(render(team), "StatefulSet", "Secret")


def test_each_value_that_the_page_names_is_one() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    sections = "|".join(schema["properties"])
    named = set(re.findall(rf"`((?:{sections})\.[\w.]+)[`:]", PAGE)) - {"redis.conf"}
    assert len(named) > 6
    assert [path for path in named if not is_value(path, schema)] == []
    component = schema["properties"]["component"]
    for path in re.findall(r"`((?:autoscaling|stop)\.\w+)`", PAGE):
        assert is_value(path, component), path


def test_the_page_lists_the_entries_of_the_secret_of_bundled_stores() -> None:
    listed = PAGE.partition("| entry | what |")[2].partition("\n## ")[0]
    names = {
        name
        for row in re.findall(r"^\|([^|]+)\|", listed, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    secret = one(objects_of("evaluation"), "Secret", f"{RELEASE}-bundled")
    assert names == secret["stringData"].keys()
