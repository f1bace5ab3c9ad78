"""Fills a database of accounts as a stock server's basic-auth app does; runs in the server's environment.

    python seed_accounts.py URL

Its users have permissions on the experiments 7 and 99 and on the model `model`, and roles if it has them.
"""

import sys

from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore


def main() -> None:
    store = SqlAlchemyStore()
    store.init_db(sys.argv[1])
    store.create_user("bob", "the old password of bob")
    store.create_user("boss", "the old password of boss", is_admin=True)
    store.create_user("carol", "the old password of carol")
    store.create_user("a:colon", "a name that cannot come")
    store.create_experiment_permission("7", "bob", "EDIT")
    store.create_experiment_permission("99", "bob", "READ")
    store.create_registered_model_permission("model", "bob", "MANAGE")
    if hasattr(store, "create_role"):
        team = store.create_role("team", "default", "those who train")
        store.add_role_permission(team.id, "registered_model", "*", "EDIT")
        store.add_role_permission(team.id, "scorer", "*", "READ")
        bob = store.get_user("bob")
        store.assign_role_to_user(bob.id, team.id)
        other = store.create_role("far", "elsewhere")
        store.assign_role_to_user(bob.id, other.id)


if __name__ == "__main__":
    main()
