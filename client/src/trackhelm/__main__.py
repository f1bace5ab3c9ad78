"""The command `trackhelm`, also as `python -m trackhelm`."""

import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    try:
        from trackhelm.cli.main import run
    except ModuleNotFoundError as error:
        if error.name not in {"rich", "typer"}:
            raise
        sys.exit("the command line needs typer and rich: pip install 'trackhelm[cli]'")
    run()


if __name__ == "__main__":
    main()
