"""Places of files outside of the store, and roots: nobody claims what is, holds or lies in that of others."""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from tests.fixtures.s3 import BUCKET, S3Server
from tests.integration.access.conftest import HOST, MLFLOW_3, OTHER, PASSWORD, Site
from tests.integration.access.test_names_and_lists import grant, unique
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_domain.tables import ArtifactTombstone
from trackhelm_embedded.app import embedded_app
from trackhelm_ingest.deletion.left_overs import purge_left_overs

FILES = "/api/2.0/mlflow-artifacts/artifacts"
PREFIX = f"s3://{BUCKET}/places-{uuid.uuid4().hex}"
KEPT = "kept-team"
"""A workspace for which the operator keeps a place."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Site]:
    """Yield a server that shows a place in a bucket to all workspaces, and one below it to a single one."""
    folder = tmp_path_factory.mktemp("shared")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=password)
    rules = f"{PREFIX}, {KEPT}={PREFIX}/kept"
    app = embedded_app(
        StorageSettings(data=folder / "data"),
        artifacts=s3_server.settings(artifact_locations=rules),
        auth=auth,
    )
    with TestClient(app, raise_server_exceptions=False, base_url=HOST) as client:
        site = Site(client, app.state.runtime, Path(folder))
        for name in (OTHER, KEPT):
            site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=name)
        yield site


def put(s3_server: S3Server, uri: str) -> None:
    """Store a file with a secret, as clients with credentials of their own do."""
    key = uri.removeprefix(f"s3://{BUCKET}/")
    s3_server.client.put_object(BUCKET, key, io.BytesIO(b"secret"), 6)


def team_file(site: Site, s3_server: S3Server, location: str) -> str:
    """Store a file of a run of the other workspace, whose experiment is at a location; return its path."""
    manager = site.new_user(role="manager", workspace=OTHER)
    sent = {"name": unique(), "artifact_location": location}
    experiment = site.post(manager, "experiments/create", workspace=OTHER, **sent)["experiment_id"]
    run = site.post(manager, "runs/create", workspace=OTHER, experiment_id=experiment)["run"]["info"]
    put(s3_server, f"{run['artifact_uri']}/a.txt")
    params = {"run_id": run["run_id"], "path": "a.txt"}
    assert site.send(manager, "GET", "/get-artifact", workspace=OTHER, params=params).content == b"secret"
    return f"{run['artifact_uri']}/a.txt"


def read_by_version(site: Site, who: str, source: str, path: str, **workspace: Any) -> tuple[int, bytes]:
    """Register a version from a source; return its status, and what a file below it is served as."""
    name = unique()
    site.post(who, "registered-models/create", name=name, **workspace)
    sent = {"name": name, "source": source}
    answer = site.send(who, "POST", "model-versions/create", json=sent, **workspace)
    params = {"name": name, "version": "1", "path": path}
    served = site.send(who, "GET", "/model-versions/get-artifact", params=params, **workspace)
    return answer.status_code, served.content


@pytest.mark.over("s3")
def test_a_version_of_a_place_above_the_files_of_others_is_refused(shared: Site, s3_server: S3Server) -> None:
    team = f"{PREFIX}/{uuid.uuid4().hex}"
    file = team_file(shared, s3_server, f"{team}/x")
    member = shared.new_user(role="member")
    for source in (team, f"{team}/", f"s3a{team.removeprefix('s3')}", f"{team}/x", file.rpartition("/")[0]):
        status, served = read_by_version(
            shared, member, source, file.removeprefix(source.replace("s3a:", "s3:")).strip("/")
        )
        assert status == 400, source
        assert b"secret" not in served
    # What is nobody's may be registered.
    free = f"{PREFIX}/{uuid.uuid4().hex}"
    put(s3_server, f"{free}/a.txt")
    assert read_by_version(shared, member, free, "a.txt") == (200, b"secret")
    # And it is then theirs who may read the model.
    stranger = shared.new_user(role="manager", workspace=OTHER)
    for source in (free, f"{free}/below"):
        assert read_by_version(shared, stranger, source, "a.txt", workspace=OTHER)[0] == 400
    # Where the server reads nothing, several models may be of the same files.
    elsewhere = f"s3://public-{uuid.uuid4().hex}/model"
    assert read_by_version(shared, member, elsewhere, "a.txt")[0] == 200
    assert read_by_version(shared, stranger, elsewhere, "a.txt", workspace=OTHER)[0] == 200


@pytest.mark.over("s3")
def test_a_version_above_an_experiment_that_is_made_later_serves_nothing_of_it(
    shared: Site, s3_server: S3Server
) -> None:
    above = f"{PREFIX}/{uuid.uuid4().hex}"
    member, name = shared.new_user(role="member"), unique()
    shared.post(member, "registered-models/create", name=name)
    shared.post(member, "model-versions/create", name=name, source=above)
    # An experiment does not come below it, and does not learn whose it is.
    manager = shared.new_user(role="manager", workspace=OTHER)
    sent = {"name": unique(), "artifact_location": f"{above}/x"}
    refusal = shared.post(manager, "experiments/create", 400, workspace=OTHER, **sent)["message"]
    assert name not in refusal
    assert "that you may not read" in refusal
    # Nor does a workspace's root.
    root = {"default_artifact_root": f"{above}/x"}
    answer = shared.send("admin", "PATCH", f"{MLFLOW_3}/workspaces/{OTHER}", json=root)
    assert answer.status_code == 400
    assert name in answer.json()["message"]


@pytest.mark.over("s3")
def test_the_root_of_a_workspace_is_its_own_before_there_is_anything_in_it(
    shared: Site, s3_server: S3Server
) -> None:
    team, root = f"team-{uuid.uuid4().hex[:8]}", f"{PREFIX}/{uuid.uuid4().hex}/root"
    sent = {"name": team, "default_artifact_root": root}
    shared.post("admin", f"{MLFLOW_3}/workspaces", 201, **sent)
    manager = shared.new_user(role="manager")
    own = shared.new_user(role="manager", workspace=team)
    for place in (root, f"{root}/1", root.rpartition("/")[0]):
        assert read_by_version(shared, manager, place, "a.txt")[0] == 400
        shared.post(manager, "experiments/create", 400, name=unique(), artifact_location=place)
        if place != f"{root}/1":
            assert read_by_version(shared, own, place, "a.txt", workspace=team)[0] == 400
            named = {"name": unique(), "artifact_location": place}
            shared.post(own, "experiments/create", 400, workspace=team, **named)
        message = {"name": f"{team}-2", "default_artifact_root": place}
        refusal = shared.post("admin", f"{MLFLOW_3}/workspaces", 400, **message)["message"]
        assert f"the root of workspace '{team}'" in refusal
    shared.post(own, "experiments/create", workspace=team, name=unique())
    named = {"name": unique(), "artifact_location": f"{root}/of-a-manager"}
    shared.post(own, "experiments/create", workspace=team, **named)


@pytest.mark.over("s3")
def test_what_is_kept_for_a_workspace_is_shown_in_it_alone(shared: Site, s3_server: S3Server) -> None:
    kept = f"{PREFIX}/kept/{uuid.uuid4().hex}"
    put(s3_server, f"{kept}/a.txt")
    own = shared.new_user(role="manager", workspace=KEPT)
    assert read_by_version(shared, own, kept, "a.txt", workspace=KEPT) == (200, b"secret")
    named = {"name": unique(), "artifact_location": f"{PREFIX}/kept/{uuid.uuid4().hex}"}
    shared.post(own, "experiments/create", workspace=KEPT, **named)
    # The rule that is nearest counts: the rest is for all.
    free = f"{PREFIX}/{uuid.uuid4().hex}"
    put(s3_server, f"{free}/a.txt")
    assert read_by_version(shared, own, free, "a.txt", workspace=KEPT) == (200, b"secret")
    manager = shared.new_user(role="manager")
    for place in (f"{PREFIX}/kept/unclaimed", f"{PREFIX}/kept", PREFIX):
        assert read_by_version(shared, manager, place, "a.txt")[0] == 400
        shared.post(manager, "experiments/create", 400, name=unique(), artifact_location=place)


def test_nobody_claims_the_root_of_their_own_workspace(site: Site) -> None:
    team = f"team-{uuid.uuid4().hex[:8]}"
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=team)
    for who in (site.new_user(role="member", workspace=team), "admin"):
        for place in (f"mlflow-artifacts:/workspaces/{team}", f"mlflow-artifacts://host/workspaces//{team}/"):
            named = {"name": unique(), "artifact_location": place}
            site.post(who, "experiments/create", 400, workspace=team, **named)
    named = {"name": unique(), "artifact_location": f"mlflow-artifacts:/workspaces/{team}/mine"}
    site.post("admin", "experiments/create", workspace=team, **named)


def test_a_workspace_of_the_same_name_has_none_of_the_files_that_wait_for_their_deletion(site: Site) -> None:
    team = f"team-{uuid.uuid4().hex[:8]}"
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=team)
    folders: dict[str, str] = {}
    for location in ("", f"mlflow-artifacts:/workspaces/{team}/own place"):
        sent = {"name": unique(), "artifact_location": location}
        experiment = site.post("admin", "experiments/create", workspace=team, **sent)["experiment_id"]
        run = site.post("admin", "runs/create", workspace=team, experiment_id=experiment)["run"]["info"]
        folders[run["artifact_uri"].partition(f"/{run['run_id']}")[0]] = run["run_id"]
        file = f"{FILES}/{run['artifact_uri'].removeprefix('mlflow-artifacts:/')}/a.txt"
        assert site.send("admin", "PUT", file, workspace=team, content=b"old").status_code == 200
    answer = site.send("admin", "DELETE", f"{MLFLOW_3}/workspaces/{team}", params={"mode": "CASCADE"})
    assert answer.status_code == 204
    purge_left_overs(site.runtime)
    site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=team)
    member = site.new_user(role="member", workspace=team)
    for folder, run in folders.items():
        for place in (folder, f"{folder}/", f"{folder}/{run}", f"{folder}/{run}/artifacts/below"):
            named = {"name": unique(), "artifact_location": place}
            site.post(member, "experiments/create", 400, workspace=team, **named)
        path = folder.removeprefix("mlflow-artifacts:/")
        listed = site.send(member, "GET", FILES, workspace=team, params={"path": path})
        assert listed.json() == {}
    other = {"name": unique(), "artifact_location": f"mlflow-artifacts:/workspaces/{team}/another"}
    site.post(member, "experiments/create", workspace=team, **other)


def test_a_refusal_names_no_experiment_that_may_not_be_read(site: Site) -> None:
    name = f"secret-{uuid.uuid4().hex}"
    place = f"mlflow-artifacts:/own-{uuid.uuid4().hex}"
    experiment = site.post("admin", "experiments/create", name=name, artifact_location=place)["experiment_id"]
    member, denied = site.new_user(role="member"), {"name": unique(), "artifact_location": f"{place}/x"}
    assert name in site.post(member, "experiments/create", 400, **denied)["message"]
    grant(site, member, experiment, "NO_PERMISSIONS")
    refusal = site.post(member, "experiments/create", 400, **denied)["message"]
    assert name not in refusal
    assert f"experiment {experiment}" not in refusal


def test_files_that_wait_for_their_deletion_are_found_in_either_spelling(site: Site) -> None:
    place = f"mlflow-artifacts:/left-{uuid.uuid4().hex}"
    with site.runtime.database.writing() as session:
        session.execute(
            insert(ArtifactTombstone).values(
                entity_type="run",
                entity_id="r",
                artifact_uri=f"{place}%20a_/r/artifacts",
                deleted_time=1,
            )
        )
    for given in (f"{place}%20a_", f"{place} a_/r", f"{place} a%5F/r/artifacts/below"):
        named = {"name": unique(), "artifact_location": given}
        answer = site.send(site.new_user(role="member"), "POST", "experiments/create", json=named)
        assert (answer.status_code, "deleted for good" in answer.text) == (400, True), given
