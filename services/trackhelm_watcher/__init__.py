"""Runs know why their pods died: it watches the pods of a cluster, and ends runs whose program is gone.

A composition like the worker: it writes through the logic of the ingest service. It must not decide by itself
what may be written to a run.
"""
