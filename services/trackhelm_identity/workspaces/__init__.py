"""Workspaces: MLflow's endpoints of them."""
