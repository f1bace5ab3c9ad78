"""Write the structure of a stock MLflow server's database, which `trackhelm-server export` fills.

    python scripts/write_mlflow_schema.py FILE.db

FILE.db is a database that `mlflow server --backend-store-uri sqlite:///FILE.db` has made.
"""

import sqlite3
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "services" / "trackhelm_importer" / "mlflow_3_17.sql"
HEAD = (
    "-- The structure of the SQLite database that an MLflow 3.17 server makes, as its file has it. Made by\n"
    "-- scripts/write_mlflow_schema.py; `exporting` fills it.\n\n"
)


def main() -> None:
    """Write it."""
    with sqlite3.connect(sys.argv[1]) as connection:
        statements = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
        lines = [
            line.replace("\t", "    ").rstrip()
            for (statement,) in statements
            for line in f"{statement};".splitlines()
        ]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
