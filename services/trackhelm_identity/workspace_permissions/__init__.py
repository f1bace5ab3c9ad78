"""Permissions on a whole workspace, as clients of MLflow 3.10 to 3.12 give them."""
