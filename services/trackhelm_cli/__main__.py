"""`python -m trackhelm_cli` is `trackhelm-server`."""

from trackhelm_cli.main import app

app(prog_name="trackhelm-server")
