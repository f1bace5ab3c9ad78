"""Roles of the service accounts of a Kubernetes cluster."""
