"""Write docs/deviations.md from tests/deviations.toml, which the differential tests read.

The list is what tests go by, the page is for readers.

    python scripts/make_docs.py            # write
    python scripts/make_docs.py --check    # exit 1 if the page is not what the list says
"""

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
LIST = ROOT / "tests" / "deviations.toml"
PAGE = ROOT / "docs" / "deviations.md"

HEAD = """\
# Where fleetgrass leaves botocore

Made by `scripts/make_docs.py` from `tests/deviations.toml`; change that file. Everything else is as botocore 1.44.5
does it: the differential tests make the same random calls with both and fail at any difference that is not in this
list, and at a row of it that no test shows.

| row | what happens | botocore | fleetgrass | why |
|---|---|---|---|---|
"""


def cell(text: str) -> str:
    """Plain text, as a cell of a table shows it."""
    for character in "\\|*`":
        text = text.replace(character, f"\\{character}")
    return text.replace("__", "\\_\\_").replace("<", "&lt;")


def page() -> str:
    rows = tomllib.loads(LIST.read_text())["deviation"]
    lines = (
        " | ".join(("", f"`{row['id']}`", *(cell(row[field]) for field in ("trigger", "botocore", "ours", "why")), ""))
        for row in rows
    )
    return HEAD + "".join(f"{line.strip()}\n" for line in lines)


if __name__ == "__main__":
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.is_file() or PAGE.read_text() != text:
        sys.exit(f"{PAGE.relative_to(ROOT)} is not what {LIST.relative_to(ROOT)} says: run scripts/make_docs.py")
