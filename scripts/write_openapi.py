"""Writes the OpenAPI document to docs/openapi.json, or checks (--check) that it is up to date."""

import json
import sys
import tempfile
from pathlib import Path

from trackhelm_core.settings import StorageSettings
from trackhelm_embedded.app import embedded_app

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"


def main() -> int:
    """Write or check the document and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        document = embedded_app(StorageSettings(data=Path(folder))).openapi()
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    if "--check" not in sys.argv:
        DOCUMENT.write_text(text, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text:
        print("docs/openapi.json does not describe the API: run `make openapi`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
