"""Files: to whom a path belongs, and that no location, version or signed address is a way around it."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.s3 import S3Server
from tests.integration.access.conftest import MLFLOW, MLFLOW_3, OTHER, OWN, PASSWORD, Site
from tests.integration.access.test_names_and_lists import grant, unique
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

FILES = f"{MLFLOW}-artifacts"


def victim_of(site: Site) -> tuple[str, str, str]:
    """Return the experiment and the run of somebody else, and the path of its file `a.txt`."""
    experiment = site.post("admin", "experiments/create", name=unique())["experiment_id"]
    run = site.post("admin", "runs/create", experiment_id=experiment)["run"]["info"]
    path = f"{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/a.txt"
    assert site.send("admin", "PUT", f"{FILES}/artifacts/{path}", content=b"secret").status_code == 200
    return experiment, run["run_id"], path


@pytest.mark.parametrize(
    "spelling",
    [
        "{path}",
        "/{path}",
        "//{path}",
        "x/../{path}",
        "x/%2e%2e/{path}",
        "x/%252e%252e/{path}",
        "./{path}",
        "workspaces/../{path}",
    ],
)
def test_no_spelling_of_a_path_reads_or_changes_what_is_anothers(site: Site, spelling: str) -> None:
    _, _, path = victim_of(site)
    who = site.new_user(role="manager", workspace=OTHER)
    reader = site.new_user()
    grant(site, reader, site.post("admin", "experiments/create", name=unique())["experiment_id"], "MANAGE")
    for name, workspace in ((who, OTHER), (who, None), (reader, None)):
        address = f"{FILES}/artifacts/{spelling.format(path=path)}"
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            sent = {"content": b"stolen"} if method == "PUT" else {}
            answer = site.send(name, method, address, workspace=workspace, **sent)
            assert answer.status_code in {400, 403, 404}, f"{method} {address}: {answer.status_code}"
    assert site.send("admin", "GET", f"{FILES}/artifacts/{path}").content == b"secret"


@pytest.mark.parametrize("folder", ["", "{experiment}", "{experiment}/", "workspaces", f"workspaces/{OTHER}"])
def test_a_folder_that_is_nobodys_or_anothers_is_listed_as_empty(site: Site, folder: str) -> None:
    experiment, _, _ = victim_of(site)
    reader = site.new_user()
    params = {"path": folder.format(experiment=experiment)}
    assert site.send(reader, "GET", f"{FILES}/artifacts", params=params).json() == {}
    answer = site.send(
        reader, "PUT", f"{FILES}/artifacts/{folder.format(experiment=experiment)}x", content=b"x"
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("folder", ["workspaces", f"workspaces/{OTHER}", "shared"])
def test_a_manager_of_the_default_workspace_changes_no_folder_of_others(site: Site, folder: str) -> None:
    is_shared = folder == "shared"
    if is_shared:
        root = {"default_artifact_root": "mlflow-artifacts:/shared/of-others"}
        assert site.send("admin", "PATCH", f"{MLFLOW_3}/workspaces/{OTHER}", json=root).status_code == 200
    owner = site.new_user(role="member", workspace=OTHER)
    experiment = site.post(owner, "experiments/create", workspace=OTHER, name=unique())["experiment_id"]
    if is_shared:
        root = {"default_artifact_root": ""}
        assert site.send("admin", "PATCH", f"{MLFLOW_3}/workspaces/{OTHER}", json=root).status_code == 200
    run = site.post(owner, "runs/create", workspace=OTHER, experiment_id=experiment)["run"]["info"]
    file = f"{FILES}/artifacts/{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/a.txt"
    assert f"/{folder}/" in file
    assert site.send(owner, "PUT", file, workspace=OTHER, content=b"kept").status_code == 200
    manager = site.new_user(role="manager")
    params = {"path": folder}
    for who, workspace in ((manager, None), (owner, OTHER)):
        listed = site.send(who, "GET", f"{FILES}/artifacts", workspace=workspace, params=params)
        assert listed.json() == {}
        answer = site.send(who, "DELETE", f"{FILES}/artifacts/{folder}", workspace=workspace)
        assert answer.status_code == 403, answer.text
    if not is_shared:
        planted = f"{FILES}/artifacts/workspaces/{OTHER}/4242/planted.txt"
        assert site.send(manager, "PUT", planted, content=b"x").status_code == 403
    assert site.send(owner, "GET", file, workspace=OTHER).content == b"kept"
    assert site.send("admin", "GET", f"{FILES}/artifacts", params=params).json()["files"]
    own = f"{FILES}/artifacts/of-nobody-{uuid.uuid4().hex}/a.txt"
    assert site.send(manager, "PUT", own, content=b"x").status_code == 200
    assert site.send(manager, "DELETE", own).status_code == 200


@pytest.mark.parametrize(
    "location",
    [
        "mlflow-artifacts:/",
        "mlflow-artifacts:/{victim}",
        "mlflow-artifacts:/{victim}/below",
        "mlflow-artifacts://host/{victim}",
        "mlflow-artifacts:/%2e%2e/{victim}",
        f"mlflow-artifacts:/workspaces/{OTHER}/mine",
        "s3://a-bucket-of-others/x",
        "file:///etc",
    ],
)
def test_a_member_claims_no_location_but_one_of_the_workspaces_own(site: Site, location: str) -> None:
    victim, _, _ = victim_of(site)
    member = site.new_user(role="member")
    message = {"name": unique(), "artifact_location": location.format(victim=victim)}
    answer = site.send(member, "POST", "experiments/create", json=message)
    assert answer.status_code in {400, 403}, answer.text
    site.get("admin", "experiments/get-by-name", 404, experiment_name=message["name"])
    own = f"mlflow-artifacts:/own-{uuid.uuid4().hex}"
    site.post(member, "experiments/create", name=unique(), artifact_location=own)


@pytest.mark.parametrize("kind", ["uri", "runs", "logged model", "version", "alias"])
def test_a_version_is_made_only_of_files_that_its_maker_may_read(site: Site, kind: str) -> None:
    experiment, run, path = victim_of(site)
    name, mine = unique(), unique()
    logged = site.post("admin", "logged-models", experiment_id=experiment, name="m")["model"]["info"]
    site.post("admin", "registered-models/create", name=name)
    uri = f"mlflow-artifacts:/{path.removesuffix('/a.txt')}"
    site.post("admin", "model-versions/create", name=name, source=uri, run_id=run)
    site.post("admin", "registered-models/alias", name=name, alias="best", version="1")
    member = site.new_user(role="member", workspace=OTHER)
    grant_model = {"username": member, "permission": "MANAGE", "name": mine}
    site.post("admin", "registered-models/create", name=mine)
    site.post("admin", "registered-models/permissions/create", **grant_model)
    claim = {
        "uri": {"source": uri, "run_id": run},
        "runs": {"source": f"runs:/{run}/", "run_id": run},
        "logged model": {"source": f"models:/{logged['model_id']}", "model_id": logged["model_id"]},
        "version": {"source": f"models:/{name}/1"},
        "alias": {"source": f"models:/{name}@best"},
    }[kind]
    if kind == "runs":
        claim["source"] = f"runs:/{run}/a"
    answer = site.send(member, "POST", "model-versions/create", json={"name": mine, **claim})
    assert answer.status_code in {400, 404}, answer.text
    assert "latest_versions" not in site.get("admin", "registered-models/get", name=mine)["registered_model"]
    # Who may read the files may; and then the model decides who reads them.
    grant(site, member, experiment)
    site.post("admin", "registered-models/permissions/create", username=member, permission="READ", name=name)
    site.post(member, "model-versions/create", name=mine, **claim)
    reader = site.new_user()
    site.post("admin", "registered-models/permissions/create", username=reader, permission="READ", name=mine)
    if kind in {"uri", "version", "alias"}:
        params = {"name": mine, "version": "1", "path": "a.txt"}
        assert site.send(reader, "GET", "/model-versions/get-artifact", params=params).content == b"secret"
        assert (
            site.send(site.new_user(), "GET", "/model-versions/get-artifact", params=params).status_code
            == 404
        )


@pytest.mark.parametrize("kind", ["elsewhere", "own run", "own logged model", "prompt"])
def test_a_run_that_a_version_names_and_its_maker_may_not_read_is_a_claim_and_serves_nothing(
    site: Site, kind: str
) -> None:
    victims, run, path = victim_of(site)
    site.post("admin", "runs/set-tag", run_id=run, key="mlflow.runName", value="a secret name")
    member, name = site.new_user(role="member", workspace=OTHER), unique()
    here = {"workspace": OTHER}
    own = site.post(member, "experiments/create", name=unique(), **here)["experiment_id"]
    mine = site.post(member, "runs/create", experiment_id=own, **here)["run"]["info"]
    logged = site.post(member, "logged-models", experiment_id=own, **here)["model"]["info"]
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}] if kind == "prompt" else []
    site.post(member, "registered-models/create", name=name, tags=tags, **here)
    source = {
        "elsewhere": {"source": "s3://of-others/model"},
        "own run": {"source": f"{mine['artifact_uri']}/a"},
        "own logged model": {"source": f"models:/{logged['model_id']}", "model_id": logged["model_id"]},
        "prompt": {"source": "prompt-template"},
    }[kind]
    message = {"name": name, "run_id": run, "tags": tags, **source}
    answer = site.send(member, "POST", "model-versions/create", json=message, **here)
    if kind == "own run":
        # The run that is named must have the files.
        assert answer.status_code == 400, answer.text
        return
    assert answer.status_code == 200, answer.text
    version = {"name": name, "version": "1"}
    assert site.get(member, "model-versions/get", **here, **version)["model_version"]["run_id"] == run
    uri = site.get(member, "model-versions/get-download-uri", **here, **version)["artifact_uri"]
    assert run not in uri
    for file in ("a.txt", path, f"../{path}", f"../../{path}", f"../{run}/artifacts/a.txt"):
        link = {**version, "path": file}
        assert (
            b"secret"
            not in site.send(member, "GET", "/model-versions/get-artifact", params=link, **here).content
        )
    graphs = (
        {"model_name": name, "version": "1"},
        {"run_id": run},
        *([{"model_id": logged["model_id"]}] if "model_id" in source else []),
    )
    for asked in graphs:
        found = site.send(member, "GET", f"{OWN}/lineage/graph", params=asked, **here)
        assert (found.status_code == 404) == ("run_id" in asked), found.text
        assert "secret" not in found.text
        assert victims not in {str(node.get("experiment_id")) for node in found.json().get("nodes", [])}
    for asked in ({"run_id": run}, {"run_id": run, "path": "a.txt"}):
        for address in ("runs/get", "artifacts/list", "/get-artifact"):
            assert site.send(member, "GET", address, params=asked, **here).status_code in {400, 404}
    # Nor does the claim keep the run from being deleted, or is shown to its owner.
    graph = site.send("admin", "GET", f"{OWN}/lineage/graph", params={"run_id": run})
    assert name not in graph.text


# Over a bucket, where files go to the store directly.


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("bucket")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=password)
    # Clients reach the store by themselves.
    settings = s3_server.settings(artifacts_presigned=True)
    app = embedded_app(StorageSettings(data=folder / "data"), artifacts=settings, auth=auth)
    with TestClient(app, raise_server_exceptions=False, base_url="http://127.0.0.1") as client:
        site = Site(client, app.state.runtime, Path(folder))
        site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=OTHER)
        yield site


@pytest.mark.parametrize("level", ["", "READ", "EDIT"])
def test_addresses_are_signed_for_who_may_read_or_change_what_they_lead_to(bucket: Site, level: str) -> None:
    experiment, run, path = victim_of(bucket)
    who = bucket.new_user()
    if level:
        grant(bucket, who, experiment, level)
    folder = path.rpartition("/")[0]
    reads: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("GET", f"{FILES}/presigned/{path}", {}),
        ("POST", f"{MLFLOW}/artifacts/presigned-download-url", {"json": {"run_id": run, "path": "a.txt"}}),
    )
    writes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", f"{MLFLOW}/artifacts/presigned-upload-url", {"json": {"run_id": run, "path": "b.txt"}}),
        ("POST", f"{FILES}/mpu/create/{folder}", {"json": {"path": "c.bin", "num_parts": 1}}),
    )
    for method, address, sent in reads:
        expected = 200 if level else 404
        assert bucket.send(who, method, address, **sent).status_code == expected, address
    for method, address, sent in writes:
        answer = bucket.send(who, method, address, **sent)
        assert (answer.status_code == 200) == (level == "EDIT"), f"{address}: {answer.text}"
        assert answer.status_code in {200, 403, 404}
    created = bucket.send("admin", *writes[1][:2], **writes[1][2]).json()
    for step, message in (
        ("abort", {"path": "c.bin", "upload_id": created["upload_id"]}),
        (
            "complete",
            {"path": "c.bin", "upload_id": created["upload_id"], "parts": [{"part_number": 1, "etag": "x"}]},
        ),
    ):
        answer = bucket.send(who, "POST", f"{FILES}/mpu/{step}/{folder}", json=message)
        assert (answer.status_code == 403) == (level != "EDIT"), f"{step}: {answer.text}"
