"""Lets `python -m trackhelm_cli` run `trackhelm-server`."""

from trackhelm_cli.main import program

program()
