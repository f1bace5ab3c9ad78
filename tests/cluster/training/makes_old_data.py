"""Makes a database as the first version had it, with an experiment and a run, on the server of a release.

    python3 makes_old_data.py NAME EXPERIMENT RUN

It runs inside a pod of the server, and prints the address of the new database.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, create_engine, make_url, text

import trackhelm_domain
from trackhelm_domain.locations import location_key

FIRST = "0001"
LOCATION = "mlflow-artifacts:/7"
GIVEN = Path("/var/run/secrets/trackhelm/database-url")


def make(url: URL, experiment: str, run: str) -> None:
    """Bring an empty database to the first schema, and fill it."""
    config = Config()
    config.set_main_option("script_location", str(Path(trackhelm_domain.__file__).parent / "migrations"))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        connection.execute(
            text(
                "INSERT INTO experiment (id, name, artifact_location, location_key, lifecycle_stage,"
                " creation_time, last_update_time) VALUES (7, :name, :location, :key, 'active', 1, 1)"
            ),
            {"name": experiment, "location": LOCATION, "key": location_key(LOCATION)},
        )
        connection.execute(
            text(
                "INSERT INTO run (uuid, experiment_id, name, user_id, status, start_time, lifecycle_stage,"
                " artifact_uri) VALUES (:uuid, 7, 'old', 'somebody', 'RUNNING', 1, 'active',"
                " 'mlflow-artifacts:/7/old/artifacts')"
            ),
            {"uuid": run},
        )
    engine.dispose()


def main(name: str, experiment: str, run: str) -> None:
    """Make the database, and print its address."""
    server = make_url(GIVEN.read_text(encoding="utf-8").strip()).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    made = server.set(database=name)
    make(made, experiment, run)
    print(made.set(drivername="postgresql").render_as_string(hide_password=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
