"""docs/emulator.md on what is assumed: each row names tests that there are, each assumption of the fact sheet a row."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHEET = HERE.parents[2] / "shared" / "spec" / "service.md"


def rows() -> dict[str, tuple[str, list[str]]]:
    """What is said, and the tests that show it, by what it is about."""
    text = (HERE.parents[1] / "docs" / "emulator.md").read_text()
    table = text.partition("## What is assumed")[2].partition("| shown by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    cells = [re.split(r" \| ", line.strip("| ")) for line in table.splitlines()]
    assert all(len(row) == 3 for row in cells), [row for row in cells if len(row) != 3]
    found = {about: (here, re.findall("`([^`]+)`", tests)) for about, here, tests in cells}
    assert len(found) == len(cells), "a row that comes twice"
    return found


ROWS = rows()


@pytest.mark.parametrize("about", ROWS)
def test_a_row_is_shown_by_tests(about: str) -> None:
    _, tests = ROWS[about]
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        tree = ast.parse((HERE / f"test_{file}.py").read_text())
        known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not name or f"test_{name}" in known, test


#: By words of the sheet's line that marks something as assumed or decided: the rows that tell it, or why none has to.
TOLD: dict[str, list[str]] = {
    "200 for everything else": ["the wire"],
    "emit compact JSON": ["the wire", '`wire_style="observed"`'],
    "Unknown version of own component": ["texts of 404 answers"],
    "IAM denial": ["permissions"],
    "Unknown core device": ["texts of 404 answers"],
    "Unknown deployment": ["texts of 404 answers"],
    "Delete an ACTIVE deployment": ["canceling"],
    "Constraint violation": ["constraint texts"],
    "Malformed JSON body": ["bodies"],
    "Bad `nextToken`": ["pages"],
    "Same clientToken": ["client tokens"],
    "Rate exceeded (service)": ["the quota", "error members that the model puts in a header"],
    "Rate exceeded (API Gateway)": ["errors of the gateway"],
    "before the operation runs": [
        "order of the checks",
        "parts of a signature that are missing or malformed",
        "a date or terminator of the scope that is wrong",
        "a session token",
        "the clock of signatures",
    ],
    "regex by substring": ["constraint texts"],
    "ED 50 for all": ["pages"],
    "with changed filters": ["pages"],
    "expires after 24 h": ["pages"],
    "Pages may be short": ["empty pages"],
    "produces short and empty pages": ["empty pages"],
    "by name, byte order": ["order"],
    "REQUESTED for 1 s": ["component state"],
    "Neither or both of": ["a recipe or a function"],
    "Over-size recipe": [
        "a recipe with other mistakes, or above 16,000 bytes",
        "quotas",
    ],
    "artifact of a private recipe component": ["GetComponentVersionArtifact"],
    "Second delete": ["deleting a component"],
    "Re-creating a deleted version": ["deleting a component"],
    "Publisher string of public": ["public components"],
    "target's existence": ["targets"],
    "Unknown component or version at create time": ["components of a deployment"],
    "device reports failure": ["the thing deployment"],
    "abort criteria met": ["abort criteria", "jobs"],
    "CancelDeployment": ["canceling"],
    "no older one is promoted": ["deleting the latest revision"],
    "Eventual consistency": ["lists that lag"],
    "Same token with a different body": ["client tokens"],
    "A group used under one parent": ["subdeployments"],
    "combine with AND": ["subdeployments"],
    "With ALL also": ["services inside the classic nucleus"],
    "a running nucleus reappears": ["a deleted core device"],
    "even when entries fail": ["client devices"],
    "nothing stored": ["connectivity"],
    "recalled V1 behaviour": ["the service role"],
    "UntagResource ignores unknown keys": ["tags"],
    "No public number for burst": ["the quota"],
    "ResolveComponentCandidates: outcome not public": ["ResolveComponentCandidates"],
}

MARK = re.compile(r"\[A[\],]|\[A |\bED\b")


@pytest.mark.skipif(not SHEET.exists(), reason="the fact sheet lies beside the checkout where there is room for it")
def test_every_assumption_of_the_sheet_has_its_row() -> None:
    text = SHEET.read_text()
    body = text[text.index("\n## 1. ") :]  # before it, the marks are explained
    marked = [line for line in body.splitlines() if MARK.search(line.replace("account [A]", ""))]
    assert [line for line in marked if not any(words in line for words in TOLD)] == []
    assert [words for words in TOLD if not any(words in line for line in marked)] == []


def test_what_the_sheet_is_told_by_are_rows() -> None:
    assert {about for rows in TOLD.values() for about in rows} <= set(ROWS)
