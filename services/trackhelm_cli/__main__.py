"""Lets `python -m trackhelm_cli` run `trackhelm-server`."""

from trackhelm_cli.main import app

app(prog_name="trackhelm-server")
