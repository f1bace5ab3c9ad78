"""Every relative link of the pages leads to a file that is there, and to a heading that it has.

The names of our modules, functions and files exist, too, on the pages that describe the code as it is.
"""

import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for folder in (".", "docs", "docs/decisions", "docs/operations", "services", "charts/trackhelm")
    for path in (ROOT / folder).glob("*.md")
)
LINKS = [
    (page, link[1])
    for page in PAGES
    for link in re.finditer(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    if "://" not in link[1]
]

# Decisions describe the code of their day, and the glossary's names are not qualified.
CURRENT = [page for page in PAGES if page.parent.name != "decisions"]
NAMES = [
    (page, name)
    for page in CURRENT
    for name in re.findall(
        r"`(trackhelm_\w+\.[\w.]+|(?:docs|scripts|services|tests|trackhelm_\w+)/[\w./]+)`", page.read_text()
    )
]


def anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings can be linked, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_are_found_and_have_links() -> None:
    assert {"README.md", "CHANGELOG.md", "glossary.md"} <= {page.name for page in PAGES}
    assert len(LINKS) > 100
    assert len(NAMES) > 10


@pytest.mark.parametrize(("page", "link"), LINKS, ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    assert target.exists()
    if anchor:
        assert anchor in anchors(target)


@pytest.mark.parametrize(("page", "name"), NAMES, ids=lambda value: getattr(value, "name", value))
def test_a_name_of_the_code_exists(page: Path, name: str) -> None:
    if "/" in name:
        assert (ROOT / name).exists() or (ROOT / "services" / name).exists()
    else:
        pkgutil.resolve_name(name)
