"""What the source of a version may be, over both databases."""

import pytest

from tests.fixtures.api import Api
from tests.integration.registry.registry import Registry
from trackhelm_artifact.objects.opening import stores_of
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.deletion import FilesInUse
from trackhelm_ingest.deletion.logic import purge_runs

MISSING = "RESOURCE_DOES_NOT_EXIST"
INVALID = "INVALID_PARAMETER_VALUE"
CREATE = "model-versions/create"
OPERATOR = Actor("ada", ActorKind.OPERATOR, "", "r")


@pytest.fixture(autouse=True)
def model(registry: Registry, name: str) -> None:
    registry.new_model(name)


def refuse(api: Api, name: str, source: str, **message: str) -> str:
    text = api.refused("POST", CREATE, INVALID, name=name, source=source, **message)
    assert text.startswith(("Invalid model version source: ", "'source' cannot use the ")), text
    return text


def artifact_uri(api: Api, **experiment: str) -> tuple[str, str]:
    run = api.post("runs/create", experiment_id=api.new_experiment(**experiment))["run"]["info"]
    return run["run_id"], run["artifact_uri"]


@pytest.mark.parametrize(
    "source", ["s3://bucket/a/b", "s3://bucket//a/", "gs://bucket/a%20b", "dbfs:/a", "abfss://c@h/a"]
)
def test_an_object_store_needs_no_run(registry: Registry, name: str, source: str) -> None:
    assert registry.new_version(name, source)["source"] == source
    assert registry.download_uri(name, "1") == source


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket",
        "s3:bucket/a",
        "s3://bucket/../a",
        "s3://bucket/./a",
        "s3://bucket/%2e%2e/a",
        "s3://bucket/%252e%252e/a",
        "s3://bucket/%" + "25" * 20 + "2e",
        "s3://bucket/a%00",
        "s3://bucket/a?x=/../b",
        " s3://bucket/a",
        "s3://bucket/a\nb",
        "s3://[bucket/a",
        "/etc/passwd",
        "file:///etc/passwd",
        "relative/path",
        "//host/share",
        "mlflow-artifacts:/1/2/artifacts",
        "runs:/0123/model",
        "models:",
        "models:/",
        "models://registry/a/1",
        "models:/a/1/2",
        "models:/@alias",
        "models:/m-0123",
    ],
)
def test_a_source_that_is_not_safe_or_not_owned_is_refused(api: Api, name: str, source: str) -> None:
    refuse(api, name, source)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "sftp", "mlflow-artifacts"])
def test_a_source_on_a_host_that_the_server_can_reach_is_refused(api: Api, name: str, scheme: str) -> None:
    text = api.refused("POST", CREATE, INVALID, name=name, source=f"{scheme}://host/a")
    assert text.startswith(f"'source' cannot use the '{scheme}' scheme: "), text


def test_a_proxied_source_lies_under_the_run_it_names(registry: Registry, api: Api, name: str) -> None:
    run_id, root = artifact_uri(api)
    other_run_id, other_root = artifact_uri(api)
    version = registry.new_version(name, f"{root}/model", run_id=run_id)
    assert (version["source"], version["run_id"]) == (f"{root}/model", run_id)
    registry.new_version(name, root, run_id=run_id)
    refuse(api, name, f"{root}/model")
    refuse(api, name, f"{root}/model", run_id=other_run_id)
    refuse(api, name, f"{other_root}/model", run_id=run_id)
    refuse(api, name, f"{root}-other/model", run_id=run_id)
    refuse(api, name, f"{root}/../../x", run_id=run_id)
    refuse(api, name, f"{root}/model?x=1", run_id=run_id)
    refuse(api, name, root.replace(":/", "://host/"), run_id=run_id)
    assert "run_id" in refuse(api, name, f"{root}/model", run_id="unknown")


def test_a_local_source_lies_under_the_run_it_names(registry: Registry, api: Api, name: str) -> None:
    run_id, root = artifact_uri(api, artifact_location="/srv/mlruns")
    registry.new_version(name, f"{root}/model", run_id=run_id)
    registry.new_version(name, f"file://{root}/model", run_id=run_id)
    refuse(api, name, "/srv/mlruns/other", run_id=run_id)
    refuse(api, name, f"file://host{root}/model", run_id=run_id)


def test_a_runs_uri_names_the_run(registry: Registry, api: Api, name: str) -> None:
    run_id = api.new_run()
    version = registry.new_version(name, f"runs:/{run_id}/model", run_id=run_id)
    assert version["source"] == registry.download_uri(name, "1") == f"runs:/{run_id}/model"
    assert registry.new_version(name, f"runs:/{run_id}", run_id=run_id)["source"] == f"runs:/{run_id}"
    refuse(api, name, f"runs:/{run_id}/model")
    refuse(api, name, f"runs:/{run_id}/model", run_id="other")
    refuse(api, name, f"runs://host/{run_id}/model", run_id=run_id)


@pytest.mark.parametrize("source", ["runs:/{run}/model", "s3://bucket/{run}/model"])
@pytest.mark.parametrize("end", ["never was", "in the bin", "deleted for good"])
def test_a_source_may_name_a_run_that_is_not_there(
    registry: Registry, api: Api, name: str, source: str, end: str
) -> None:
    run_id = "0123456789abcdef0123456789abcdef" if end == "never was" else api.new_run()
    if end != "never was":
        api.post("runs/delete", run_id=run_id)
    if end == "deleted for good":
        in_use = FilesInUse(stores_of(registry.runtime).places, registry.runtime.clock)
        with registry.runtime.database.writing() as session:
            assert purge_runs(session, in_use, [run_id], AuditContext(OPERATOR, 1)) == []
    version = registry.new_version(name, source.format(run=run_id), run_id=run_id)
    assert (version["source"], version["run_id"]) == (source.format(run=run_id), run_id)
    assert registry.download_uri(name, "1") == version["source"]
    copy = registry.new_version(name, f"models:/{name}/1", run_id=run_id)
    assert (copy["run_id"], registry.download_uri(name, "2")) == (run_id, version["source"])


def test_a_logged_model_gives_its_files_and_its_run(registry: Registry, name: str) -> None:
    model_id, root = registry.new_logged_model(source_run_id="a" * 32)
    version = registry.new_version(name, f"models:/{model_id}", model_id=model_id)
    assert (version["source"], version["run_id"]) == (f"models:/{model_id}", "a" * 32)
    assert registry.download_uri(name, "1") == root
    assert registry.new_version(name, f"models:/{model_id}", model_id=model_id, run_id="b")["run_id"] == "b"
    assert registry.new_version(name, f"{root}/sub", model_id=model_id)["run_id"] == "a" * 32
    versions = [{"name": name, "version": number} for number in (1, 2, 3)]
    assert registry.registrations(model_id) == versions


def test_a_logged_model_must_be_named_and_must_be_there(registry: Registry, api: Api, name: str) -> None:
    model_id, root = registry.new_logged_model()
    refuse(api, name, f"models:/{model_id}")
    refuse(api, name, f"models:/{model_id}", model_id="m-other")
    refuse(api, name, "mlflow-artifacts:/9/models/m-other/artifacts", model_id=model_id)
    refuse(api, name, "runs:/abc/model", run_id="abc", model_id=model_id)
    registry.bin_logged_model(model_id)
    refuse(api, name, f"models:/{model_id}", model_id=model_id)
    refuse(api, name, root, model_id=model_id)
    api.refused("POST", CREATE, MISSING, 404, name=name, source="s3://b/m", model_id=model_id)
    assert registry.new_version(name)["version"] == "1"


def test_a_refused_version_registers_nothing_at_its_logged_model(
    registry: Registry, api: Api, name: str
) -> None:
    model_id, _ = registry.new_logged_model()
    api.refused(
        "POST", CREATE, MISSING, 404, name=f"{name}-no", source=f"models:/{model_id}", model_id=model_id
    )
    assert registry.registrations(model_id) == []


def test_another_version_gives_its_files_run_and_logged_model(
    registry: Registry, api: Api, name: str
) -> None:
    run_id, _ = artifact_uri(api)
    model_id, root = registry.new_logged_model(source_run_id=run_id)
    registry.new_version(name, f"models:/{model_id}", model_id=model_id)
    api.post("registered-models/alias", name=name, alias="champion", version="1")
    registry.move(name, "1", "Staging")
    copy = f"{name}-copy"
    registry.new_model(copy)
    forms = [f"{name}/1", f"{name}/staging", f"{name}/Latest", f"{name}@champion"]
    for form in forms:
        version = registry.new_version(copy, f"models:/{form}")
        assert (version["source"], version["run_id"]) == (f"models:/{name}/1", run_id)
        assert registry.download_uri(copy, version["version"]) == root
    sent = registry.new_version(copy, f"models:/{name}/1", run_id=run_id, run_link="", description="")
    assert sent["run_id"] == run_id
    assert len(registry.registrations(model_id)) == 1 + len(forms) + 1
    refuse(api, copy, f"models:/{name}/1", run_id="other")
    refuse(api, copy, f"models:/{name}/1", run_id="")
    refuse(api, copy, f"models:/{name}/1", model_id="m-other")
    api.call("DELETE", "registered-models/delete", name=name)
    assert registry.download_uri(copy, "1") == root


def test_a_version_that_is_not_there_is_no_source(registry: Registry, api: Api, name: str) -> None:
    registry.new_version(name)
    for form in (f"{name}/9", f"{name}/99999999999", f"{name}-no/1", f"{name}-no@champion"):
        api.refused("POST", CREATE, MISSING, 404, name=name, source=f"models:/{form}")
    for form in (f"{name}/Canary", f"{name}/Production", f"{name}@champion", "a:b/1", "../1"):
        api.refused("POST", CREATE, INVALID, name=name, source=f"models:/{form}")


def test_a_prompt_has_a_placeholder_for_a_source(registry: Registry, api: Api, name: str) -> None:
    prompt = f"{name}-prompt"
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    registry.new_model(prompt, tags=tags)
    for source in ("dummy-source", "prompt-template"):
        assert registry.new_version(prompt, source, tags=tags)["source"] == source
    refuse_prompt = api.refused("POST", CREATE, INVALID, name=prompt, source="s3://bucket/a", tags=tags)
    assert "dummy-source" in refuse_prompt
    refuse(api, name, "dummy-source")
    refuse(api, name, f"models:/{prompt}/1")
