"""Writes charts/trackhelm/values.schema.json from values.yaml and the server's settings, or checks it.

    python scripts/write_chart_schema.py [--check]

The comment above a value becomes its description, and its default its type. A line `# @schema {…}` in the
comment adds JSON Schema, and words of this program: `define: NAME` names a shape, `like: NAME` takes one over
(`without` leaves some of its keys out), `map: NAME` allows any names for values of a shape, and `settings`
stands for the server's settings. Unknown keys are refused at any depth.

This program must not know what a value is for.
"""

import copy
import json
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from trackhelm_core.settings import PREFIX, known_names

ROOT: Final = Path(__file__).parents[1]
CHART: Final = ROOT / "charts" / "trackhelm"
SCHEMA: Final = CHART / "values.schema.json"

OWNED: Final = frozenset(
    {
        *("HOST", "PORT", "METRICS_PORT", "SOCKET", "BEHIND_GATEWAY", "STOP_DELAY_SECONDS"),
        *("DATA", "UI_FOLDER"),
        *("INGEST_URL", "QUERY_URL", "ARTIFACT_URL", "REGISTRY_URL"),
        *("DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "REDIS_URL_FILE"),
        *("ARTIFACTS_URL", "S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "S3_REGION", "S3_ALLOW_HTTP"),
        *("S3_ACCESS_KEY", "S3_ACCESS_KEY_FILE", "S3_SECRET_KEY", "S3_SECRET_KEY_FILE"),
        "ADMIN_PASSWORD_FILE",
        *("SECRET_KEY", "SECRET_KEY_FILE", "TRACES_URL", "TRACES_SAMPLE"),
        *("OIDC_CLIENT_SECRET", "OIDC_CLIENT_SECRET_FILE"),
    }
)
"""Settings that the chart sets by itself, or from other values: `settings` cannot have them."""

_MARK: Final = "@schema"
_MERGE: Final = "<<"
_TYPES: Final = {
    "tag:yaml.org,2002:str": "string",
    "tag:yaml.org,2002:int": "integer",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:bool": "boolean",
}

Schema: TypeAlias = dict[str, Any]


class _Writer:
    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)
        self._shapes: dict[str, Schema] = {}

    def whole(self) -> Schema:
        """Return the schema of all values."""
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Values of the chart trackhelm",
            **self._of(self._root, {}),
        }

    def _comment(self, line: int) -> tuple[str, Schema]:
        """Return the sentence above a line, and what its mark says."""
        sentence: list[str] = []
        said: Schema = {}
        while line and self._lines[line - 1].lstrip().startswith("#"):
            line -= 1
            text = self._lines[line].lstrip().removeprefix("#").strip()
            if text.startswith(_MARK):
                said = yaml.safe_load(text.removeprefix(_MARK))
            else:
                sentence.insert(0, text)
        return " ".join(sentence), said

    def _of(self, node: Any, said: Schema) -> Schema:
        words = {key: value for key, value in said.items() if key not in _WORDS}
        if said.get("settings"):
            schema = _settings()
        elif "map" in said:
            schema = self._map(node, said["map"])
        elif "properties" not in said and isinstance(node, yaml.MappingNode):
            schema = self._mapping(node, said)
        elif isinstance(node, yaml.MappingNode):
            schema = {"type": "object"}
        elif isinstance(node, yaml.SequenceNode):
            schema = {"type": "array"}
        else:
            schema = {"type": _TYPES[node.tag]}
        schema |= {key: value for key, value in words.items() if value is not None}
        if "define" in said:
            self._shapes[said["define"]] = schema
        return schema

    def _mapping(self, node: Any, said: Schema) -> Schema:
        known = copy.deepcopy(self._shapes[said["like"]]["properties"]) if "like" in said else {}
        for name in said.get("without", ()):
            del known[name]
        self._add(node, known, is_map_of_anything="additionalProperties" in said)
        if "propertyNames" in said or ("additionalProperties" in said and not known):
            return {"type": "object"}
        return {"type": "object", "additionalProperties": False, "properties": known}

    def _add(self, node: Any, known: Schema, *, is_map_of_anything: bool = False) -> None:
        for key, value in node.value:
            if key.value == _MERGE:
                self._add(value, known)
                continue
            sentence, mark = self._comment(key.start_mark.line)
            before = known.get(key.value, {})
            if not mark and "properties" in before and isinstance(value, yaml.MappingNode):
                # It is a part of a shape: what is given here is another default.
                self._add(value, before["properties"])
                schema = before
            elif before and not mark:
                schema = before
            else:
                schema = self._of(value, mark)
            if sentence:
                schema["description"] = sentence
            if not schema.get("description") and not is_map_of_anything:
                raise SystemExit(f"values.yaml:{key.start_mark.line + 1}: {key.value} has no sentence")
            known[key.value] = schema

    def _map(self, node: Any, shape: str) -> Schema:
        for key, value in node.value:
            sentence, mark = self._comment(key.start_mark.line)
            if mark:
                self._of(value, mark)["description"] = sentence
        item = copy.deepcopy(self._shapes[shape])
        item["description"] = "A worker."
        return {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$"},
            "additionalProperties": item,
        }


_WORDS: Final = frozenset({"define", "like", "without", "map", "settings"})


def _settings() -> Schema:
    names = {name.removeprefix(PREFIX): text for name, text in known_names().items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"type": ["string", "number", "boolean"], "description": text}
            for name, text in sorted(names.items())
            if name not in OWNED
        },
    }


def main(option: str = "") -> None:
    """Write the schema, or compare it with the file."""
    schema = _Writer((CHART / "values.yaml").read_text(encoding="utf-8")).whole()
    text = json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
    if option != "--check":
        SCHEMA.write_text(text, encoding="utf-8")
    elif SCHEMA.read_text(encoding="utf-8") != text:
        sys.exit("values.schema.json is not that of values.yaml and the settings: run `make chart-schema`")


if __name__ == "__main__":
    main(*sys.argv[1:])
