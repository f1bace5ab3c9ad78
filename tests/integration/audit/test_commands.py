"""`trackhelm-server audit`, and the examples of docs/audit.md."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.integration.audit.trail import Trail
from trackhelm_cli.main import app

DOCUMENT = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")


def run(module_database_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--database-url", module_database_url])


@pytest.fixture(scope="module")
def kept(own_trail: Trail) -> Trail:
    """A trail of what ada did to a model."""
    client = own_trail.api.client
    client.auth = ("ada", "secret")
    own_trail.api.post("registered-models/create", name="iris")
    own_trail.api.post("model-versions/create", name="iris", source="s3://bucket/model")
    own_trail.api.post(
        "model-versions/transition-stage", name="iris", version="1", stage="Production", comment="evaluated"
    )
    return own_trail


def test_a_whole_trail_is_verified(kept: Trail, module_database_url: str) -> None:
    newest = kept.events(max_results=1)[0]
    noted = f"{newest['id']}:{newest['hash']}"
    result = run(module_database_url, "verify", "--known", noted)
    assert result.exit_code == 0, result.output
    assert result.output == f"3 events, none changed, removed or inserted\nnewest: {noted}\n"


def test_a_hash_that_is_not_there_is_a_fault(kept: Trail, module_database_url: str) -> None:
    result = run(module_database_url, "verify", "--known", "2:abc")
    assert result.exit_code == 1
    assert "event 2 is not the one whose hash was noted" in result.output


def test_an_export_is_json_lines_oldest_first_with_hashes_that_anyone_can_check(
    kept: Trail, module_database_url: str
) -> None:
    result = run(module_database_url, "export")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout_bytes.splitlines()]
    assert events == kept.events()[::-1]
    for event in events:
        noted = event.pop("hash")
        text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == noted


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--model-name", "iris"], 3),
        (["--model-name", "iris", "--version", "1", "--action", "stage_changed"], 1),
        (["--actor", "eve"], 0),
        (["--entity-type", "model_version"], 2),
        (["--since", "2020-01-01", "--until", "2020-01-02T00:00:00+02:00"], 0),
        (["--since", "2020-01-01"], 3),
    ],
)
def test_an_export_is_filtered(kept: Trail, module_database_url: str, options: list[str], count: int) -> None:
    result = run(module_database_url, "export", *options)
    assert result.exit_code == 0, result.output
    assert len(result.stdout_bytes.splitlines()) == count


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "--since", "yesterday"],
        ["export", "--since", "1969-01-01"],
        ["export", "--action", "eaten"],
        ["export", "--model-name", "a", "--entity-id", "b"],
        ["export", "--version", str(2**64)],
        ["verify", "--known", "2"],
    ],
)
def test_what_options_cannot_mean_is_refused(
    kept: Trail, module_database_url: str, arguments: list[str]
) -> None:
    assert run(module_database_url, *arguments).exit_code == 2


def test_without_a_database_there_is_nothing_to_verify(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", "verify", "--data", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert not (tmp_path / "none").exists()


def test_the_documented_commands_and_answer_are_as_documented(kept: Trail, module_database_url: str) -> None:
    commands = re.findall(r"^trackhelm-server audit (.*?)(?: >.*| +#.*)?$", DOCUMENT, flags=re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        result = run(module_database_url, *command.split())
        assert result.exit_code == 0, f"{command}: {result.output}"
    block = re.search(r"^```json\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    assert block
    (documented,) = json.loads(block[1])["events"]
    answered = kept.events(model_name="iris", action="stage_changed", max_results=1)[0]
    assert documented.keys() == answered.keys()
    varying = {"id", "time", "request_id", "source_address", "previous_hash", "hash"}
    assert {key: documented[key] for key in documented.keys() - varying} == {
        key: answered[key] for key in answered.keys() - varying
    }


def test_the_documented_script_finds_an_exported_trail_whole_and_a_changed_one_not(
    kept: Trail,
    module_database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    block = re.search(r"^```python\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)
    assert block
    monkeypatch.chdir(tmp_path)
    exported = run(module_database_url, "export").stdout_bytes
    Path("audit.jsonl").write_bytes(exported)
    exec(compile(block[1], "docs/audit.md", "exec"), {})
    assert capsys.readouterr().out == "3 events, none changed, removed or inserted\n"
    Path("audit.jsonl").write_bytes(exported.replace(b"evaluated", b"unchecked"))
    with pytest.raises(SystemExit, match="event 3"):
        exec(compile(block[1], "docs/audit.md", "exec"), {})
