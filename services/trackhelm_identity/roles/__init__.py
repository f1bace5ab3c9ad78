"""Roles and grants: MLflow's endpoints of both generations."""
