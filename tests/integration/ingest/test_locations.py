"""Locations that experiments name: handed back as they are, and never with two owners."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.fixtures.api import Api
from trackhelm_core.db.unit_of_work import Database
from trackhelm_domain.locations import Places, location_key, owner_of, relations
from trackhelm_domain.tables import Experiment
from trackhelm_domain.tables.runs import LifecycleStage

BAD = "INVALID_PARAMETER_VALUE"


@pytest.fixture
def bucket() -> str:
    """A bucket's name that no other test uses."""
    return f"b-{uuid.uuid4().hex}"


def database_of(api: Api) -> Database:
    app: Any = api.client.app
    database: Database = app.state.runtime.database
    return database


def places_of(api: Api) -> Places:
    app: Any = api.client.app
    places: Places = app.state.runtime.part(Places)
    return places


def refuse(api: Api, location: str) -> str:
    name = f"refused {uuid.uuid4().hex}"
    message = api.refused("POST", "experiments/create", BAD, name=name, artifact_location=location)
    # Nothing of it is there: the name is free.
    api.refused("GET", "experiments/get-by-name", "RESOURCE_DOES_NOT_EXIST", 404, experiment_name=name)
    assert message.startswith("Invalid artifact location")
    return message


@pytest.mark.parametrize(
    "location",
    [
        "oss://{}/x",
        "wasb://data@{}.blob.core.windows.net/x",
        "wasbs://data@{}.blob.core.windows.net/x",
        "abfss://data@{}.dfs.core.windows.net/x",
        "adl://{}.azuredatalakestore.net/x",
        "s3a://{}/x/",
        "S3N://{}/x y/%20z",
        "hdfs://{}:8020/x",
        "dbfs:/{}/x",
        "my-plugin+v2://{}/x",
        "s3://{}/x?versionId=1",
        "s3://{}?a=b/c&d=?",
        "/{}/what?is/this",
    ],
)
def test_a_location_is_handed_back_as_it_is_and_files_lie_below_its_path(
    api: Api, location: str, bucket: str
) -> None:
    location = location.format(bucket)
    experiment = api.new_experiment(artifact_location=location)
    found = api.get("experiments/get", experiment_id=experiment)["experiment"]
    assert found["artifact_location"] == location
    run = api.get("runs/get", run_id=api.new_run(experiment))["run"]["info"]
    model = api.post("logged-models", experiment_id=experiment, name="m")["model"]["info"]
    path, mark, query = location.partition("?") if "://" in location else (location, "", "")
    root = path.rstrip("/")
    assert run["artifact_uri"] == f"{root}/{run['run_id']}/artifacts{mark}{query}"
    assert model["artifact_uri"] == f"{root}/models/{model['model_id']}/artifacts{mark}{query}"


RELATED = ["{0}", "{0}/", "{0}/below", "{0}//below/er", "s3://{1}", "s3://{1}/a%20b", "s3a://{1}/a b//c%2Fd/",
           "S3N://{1}/./a%20b/c/d?versionId=1", "s3://{1}/a%20b/c/d/models"]  # fmt: skip


@pytest.mark.parametrize("spelling", RELATED)
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_location_at_above_or_below_another_experiments_is_refused(
    api: Api, spelling: str, bucket: str, *, is_deleted: bool
) -> None:
    location = f"s3://{bucket}/a b/c/d"
    owner = api.new_experiment(artifact_location=location)
    if is_deleted:
        api.post("experiments/delete", experiment_id=owner)
    message = refuse(api, spelling.format(location, bucket))
    assert f"experiment {owner} " in message
    assert location in message
    assert ("which is deleted" in message) == is_deleted
    # What only begins alike is free.
    for free in ("a b/c/d2", "a b/c/e", "a bc"):
        api.new_experiment(artifact_location=f"s3://{bucket}/{free}")


def test_a_location_is_free_once_its_experiment_is_deleted_for_good(api: Api, bucket: str) -> None:
    location = f"s3://{bucket}/x"
    owner = api.new_experiment(artifact_location=location)
    api.post("experiments/delete", experiment_id=owner)
    purged = update(Experiment).values(lifecycle_stage=LifecycleStage.PURGED)
    with database_of(api).writing() as session:
        session.execute(purged.where(Experiment.id == int(owner)))
    assert api.new_experiment(artifact_location=location) != owner


def test_a_taken_name_is_told_before_a_taken_location(api: Api, bucket: str) -> None:
    for expected in (200, 400):
        answer = api.call(
            "POST", "experiments/create", expected, name=bucket, artifact_location=f"s3://{bucket}/x"
        )
    assert answer["error_code"] == "RESOURCE_ALREADY_EXISTS"


def test_the_root_of_the_servers_store_is_nobodys(api: Api) -> None:
    own = places_of(api)._own[0]
    url = f"{own[0]}://{own[1]}/" + "/".join(own[2:])
    for location in (
        "mlflow-artifacts:/",
        "mlflow-artifacts://host//",
        url,
        f"{url}/",
        url.rpartition("/")[0],
    ):
        assert "store" in refuse(api, location)
    # Below it there is room for teams.
    team = uuid.uuid4().hex
    owner = api.new_experiment(artifact_location=f"mlflow-artifacts:/{team}/a")
    for location in (f"{url}/{team}/a/b", f"mlflow-artifacts://other/{team}", f"{url}/{team}"):
        assert f"experiment {owner} " in refuse(api, location)
    api.new_experiment(artifact_location=f"{url}/{team}/b")


def test_the_folders_of_experiments_to_come_are_kept_for_them(api: Api) -> None:
    newest = int(api.new_experiment())
    for location in (f"mlflow-artifacts:/{newest}", f"mlflow-artifacts:/{newest}/x"):
        assert f"experiment {newest} " in refuse(api, location)
    for number in (newest + 1000, newest + 1001, 2**63 + 1):
        for location in (f"mlflow-artifacts:/{number}", f"mlflow-artifacts:/{number}/x"):
            assert "is kept for an experiment" in refuse(api, location)


def test_an_experiment_whose_folder_somebody_took_before_gets_another(api: Api) -> None:
    taker = api.new_experiment()
    taken = f"mlflow-artifacts:/{int(taker) + 1}/x"
    values = {"artifact_location": taken, "location_key": location_key(taken)}
    with database_of(api).writing() as session:
        session.execute(update(Experiment).where(Experiment.id == int(taker)).values(values))
    made = api.get("experiments/get", experiment_id=api.new_experiment())["experiment"]
    assert made["experiment_id"] == str(int(taker) + 1)
    assert made["artifact_location"].startswith(f"mlflow-artifacts:/{made['experiment_id']}-")


def test_the_folder_of_a_registered_version_is_its_own(api: Api, bucket: str) -> None:
    api.post("registered-models/create", name=bucket)
    for source in (f"s3://{bucket}/models/iris", f"gs://{bucket}/models/x"):
        api.post("model-versions/create", name=bucket, source=source)
    for location in (f"s3a://{bucket}/models", f"s3://{bucket}/models/iris/", f"s3://{bucket}/models/iris/x"):
        assert f"version 1 of registered model '{bucket}'" in refuse(api, location)
    api.new_experiment(artifact_location=f"s3://{bucket}/models/other")


def test_of_locations_that_meet_at_once_one_wins(api: Api, bucket: str) -> None:
    locations = [f"s3://{bucket}" + "/x" * depth for depth in range(8)]

    def create(location: str) -> str | None:
        answer = api.client.post(
            "/api/2.0/mlflow/experiments/create",
            json={"name": f"{bucket} {location}", "artifact_location": location},
        )
        assert answer.status_code == 200 or answer.json()["error_code"] == BAD, answer.text
        experiment_id: str | None = answer.json().get("experiment_id")
        return experiment_id

    with ThreadPoolExecutor(8) as clients:
        made = [experiment for experiment in clients.map(create, locations) if experiment]
    assert len(made) == 1


def fill(session: Session, bucket: str, count: int) -> None:
    """Make experiments with locations side by side, by one statement."""
    prefix = location_key(f"s3://{bucket}/many")
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    key = "printf('%016x', n)" if is_sqlite else "lpad(to_hex(n), 16, '0')"
    session.execute(
        text(
            "WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < :count) "
            "INSERT INTO experiment (name, artifact_location, lifecycle_stage, creation_time, "
            f"last_update_time, location_key) SELECT '{bucket}' || n, 's3://{bucket}/many/' || n, 'active', "
            f"0, 0, '{prefix}' || {key} FROM numbers"
        ),
        {"count": count},
    )


def test_an_owner_is_found_by_an_index_among_100_000(api: Api, bucket: str) -> None:
    database, places = database_of(api), places_of(api)
    with database.writing() as session:
        fill(session, bucket, 100_000)
        session.execute(text("ANALYZE experiment"))
    try:
        with database.reading() as session:
            assert owner_of(session, places, f"s3://{bucket}/many/none", 0) is None
            found = owner_of(session, places, f"s3://{bucket}/many", 0)
            assert found is not None
            assert "lies above the location" in found
            explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
            for _, lies in relations(Experiment.location_key, places.keys(f"s3://{bucket}/many/none")):
                statement = select(Experiment.id).where(lies).limit(1)
                spelled = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
                plan = str(session.execute(text(f"{explain} {spelled}")).all())
                assert "ix_experiment_location_key" in plan
    finally:
        with database.writing() as session:
            session.execute(text("DELETE FROM experiment WHERE name LIKE :name"), {"name": f"{bucket}%"})
