"""Accounts of users: MLflow's endpoints of them."""
