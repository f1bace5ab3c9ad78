"""Webhooks by the client's own methods, to an endpoint that checks signatures as MLflow tells its users."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import mlflow
import pytest
from mlflow.tracking import MlflowClient

from tests.contract.clients.conftest import GENERATION
from tests.e2e.polling import wait_until
from tests.e2e.refusal import refused
from tests.e2e.server import ServerProcess
from tests.fixtures.receiver import Receiver, receiving

pytestmark = pytest.mark.since_3
if GENERATION >= 3:
    from mlflow.entities.webhook import Webhook, WebhookEvent

SECRET = "correct horse"
OF_PROMPTS = ["prompt.created", "prompt_version.created", "prompt_alias.created", "prompt_version_tag.set"]
OF_MODELS = [
    *("registered_model.created", "model_version.created", "model_version_tag.set"),
    *("model_version_tag.deleted", "model_version_alias.created", "model_version_alias.deleted"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that may call this machine."""
    settings = {"TRACKHELM_WEBHOOK_ALLOW_HTTP": "1", "TRACKHELM_WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"}
    process = ServerProcess(tmp_path_factory.mktemp("webhooks") / "data", settings)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def receiver(client: MlflowClient) -> Iterator[Receiver]:
    with receiving() as started:
        yield started
        for webhook in client.list_webhooks():
            client.delete_webhook(webhook.webhook_id)


def names(webhook: "Webhook") -> list[str]:
    return sorted(str(event) for event in webhook.events)


def test_a_webhook_by_every_method(client: MlflowClient, receiver: Receiver) -> None:
    made = client.create_webhook(
        "ci", receiver.url, ["model_version.created"], description="builds", secret=SECRET, status="DISABLED"
    )
    assert (made.name, made.url, made.description) == ("ci", receiver.url, "builds")
    assert (str(made.status), names(made)) == ("DISABLED", ["model_version.created"])
    assert made.secret is None
    found = client.get_webhook(made.webhook_id)
    assert vars(found) == vars(made)
    changed = client.update_webhook(
        made.webhook_id, name="ci2", events=["model_version.created", "prompt.created"], status="ACTIVE"
    )
    assert (changed.name, str(changed.status)) == ("ci2", "ACTIVE")
    assert (changed.description, changed.url) == ("builds", receiver.url)
    assert names(changed) == ["model_version.created", "prompt.created"]
    assert [each.webhook_id for each in client.list_webhooks()] == [made.webhook_id]
    client.delete_webhook(made.webhook_id)
    for call in (client.get_webhook, client.delete_webhook, client.test_webhook):
        with refused("RESOURCE_DOES_NOT_EXIST"):
            call(made.webhook_id)
    assert list(client.list_webhooks()) == []


def test_pages_of_webhooks(client: MlflowClient, receiver: Receiver) -> None:
    made = [
        client.create_webhook(f"hook-{number}", receiver.url, ["prompt.created"]).webhook_id
        for number in range(3)
    ]
    first = client.list_webhooks(max_results=2)
    second = client.list_webhooks(max_results=2, page_token=first.token)
    assert [each.webhook_id for each in [*first, *second]] == made[::-1]


def test_a_test_says_how_the_endpoint_answered(client: MlflowClient, receiver: Receiver) -> None:
    made = client.create_webhook("ci", receiver.url, ["model_version.created"], secret=SECRET)
    result = client.test_webhook(made.webhook_id)
    assert (result.success, result.response_status, result.response_body) == (True, 200, "thanks")
    receiver.respond = lambda _call: 503
    result = client.test_webhook(made.webhook_id, "prompt.created")
    assert (result.success, result.response_status) == (False, 503)
    client.update_webhook(made.webhook_id, url="http://127.0.0.1:9")
    result = client.test_webhook(made.webhook_id, WebhookEvent("registered_model", "created"))
    assert (result.success, result.response_status) == (False, None)
    assert "no connection" in result.error_message
    assert receiver.events() == ["model_version.created", "prompt.created"]


def test_models_and_prompts_are_told_of(client: MlflowClient, receiver: Receiver, model_name: str) -> None:
    client.create_webhook("all", receiver.url, [*OF_MODELS, *OF_PROMPTS], secret=SECRET)
    client.create_registered_model(model_name)
    client.create_model_version(model_name, "s3://bucket/model")
    client.set_model_version_tag(model_name, "1", "a", "b")
    client.delete_model_version_tag(model_name, "1", "a")
    client.set_registered_model_alias(model_name, "champion", "1")
    client.delete_registered_model_alias(model_name, "champion")
    prompt = f"{model_name}-prompt"
    mlflow.genai.register_prompt(prompt, "Hello {{name}}")
    mlflow.genai.set_prompt_alias(prompt, "live", 1)
    wait_until(lambda: len(receiver.calls) >= 9, seconds=90, what="every event")
    assert all(call.is_signed_with(SECRET) for call in receiver.calls)
    of_model = [call.event for call in receiver.calls if call.data["name"] == model_name]
    assert of_model == OF_MODELS
    of_prompt = [call for call in receiver.calls if call.data["name"] == prompt]
    assert [call.event for call in of_prompt] == OF_PROMPTS[:3]
    assert of_prompt[1].data["template"] == "Hello {{name}}"


def test_webhooks_of_runs_do_not_trouble_the_client(
    client: MlflowClient, server: ServerProcess, receiver: Receiver
) -> None:
    url = f"{server.url}/api/2.0/mlflow/webhooks"
    message = {"name": "runs", "url": receiver.url, "run_events": ["STARTED", "FINISHED", "FAILED"]}
    of_runs = httpx.post(url, json=message).raise_for_status().json()["webhook"]["webhook_id"]
    both = {**message, "events": [{"entity": "PROMPT", "action": "CREATED"}]}
    of_both = httpx.post(url, json=both).raise_for_status().json()["webhook"]["webhook_id"]
    (listed,) = client.list_webhooks()
    assert (listed.webhook_id, names(listed)) == (of_both, ["prompt.created"])
    client.update_webhook(of_both, name="renamed")
    kept = httpx.get(f"{url}/{of_both}").json()["webhook"]
    assert kept["run_events"] == message["run_events"]
    client.delete_webhook(of_both)
    # By id: the module remembers an experiment of another test's server.
    with mlflow.start_run(experiment_id="0") as run:
        pass
    with pytest.raises(ZeroDivisionError), mlflow.start_run(experiment_id="0") as failed:
        raise ZeroDivisionError
    wait_until(lambda: len(receiver.calls) >= 4, seconds=90, what="every event")
    for made, end in ((run, "run.finished"), (failed, "run.failed")):
        of_run = [call for call in receiver.calls if call.data["run_id"] == made.info.run_id]
        assert [call.event for call in of_run] == ["run.started", end]
        assert of_run[1].data["end_time"] >= of_run[0].data["start_time"]
    httpx.delete(f"{url}/{of_runs}").raise_for_status()


def test_the_documented_example_runs(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    example = re.search(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example
    code = example[1].replace("https://ci.example.org/hooks/models", receiver.url)
    exec(compile(code, "webhooks.md", "exec"), {})
    assert "success=True" in capsys.readouterr().out
    assert receiver.calls[0].is_signed_with("correct horse battery staple")


def test_what_is_wrong_is_refused(client: MlflowClient, receiver: Receiver) -> None:
    with refused("INVALID_PARAMETER_VALUE", "start and end with a letter or digit"):
        client.create_webhook("no name!", receiver.url, ["prompt.created"])
    with refused("INVALID_PARAMETER_VALUE", "is not public"):
        client.create_webhook("ci", "http://169.254.169.254/latest", ["prompt.created"])
    with refused("INVALID_PARAMETER_VALUE", "Invalid webhook URL scheme"):
        client.create_webhook("ci", "ftp://example.org", ["prompt.created"])
    with refused("INVALID_PARAMETER_VALUE", "BUDGET_POLICY", "must be one of REGISTERED_MODEL CREATED"):
        client.create_webhook("ci", receiver.url, ["budget_policy.exceeded"])
