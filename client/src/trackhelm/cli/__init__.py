"""The command line, a module for each group of commands. It alone needs typer and rich."""
