"""The command line, a module for each group of commands. It alone needs typer and rich.

A command prints a table on a terminal and JSON with `--json`. It ends with 0, with 1 if something failed or
is wrong, and with 2 if it was called wrongly.
"""
