"""The examples of the AWS CLI's own reference, as they lie in the installed `awscli`: commands, files, outputs."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: A block that is set off by four spaces.
BLOCK = r"((?:(?: {4}.*)?\n)+)"
COMMAND = re.compile(r"^ {4}(aws \S+ (?:.*\\\n)*.*)$", re.M)
FILE = re.compile(r"^Contents of ``(.+?)``::\n" + BLOCK, re.M)
OUTPUT = re.compile(r"^Output::\n" + BLOCK, re.M)


@dataclass
class Example:
    name: str
    command: str
    #: By their names.
    files: dict[str, str] = field(default_factory=dict)
    #: What the command prints; None for nothing.
    output: Any = None


def folder() -> Path | None:
    """Where the examples are, if the AWS CLI is installed for this Python."""
    found = importlib.util.find_spec("awscli")
    return Path(found.origin).parent / "examples" / "greengrassv2" if found and found.origin else None


def examples() -> Iterator[Example]:
    """Every example for a POSIX shell."""
    place = folder()
    for path in sorted(place.glob("*.rst")) if place else []:
        text = path.read_text(encoding="utf-8")
        sections = re.split(r"^(?=\*\*)", text, flags=re.M)
        commands = [section for section in sections if COMMAND.search(section) and "(Windows" not in section]
        for number, section in enumerate(commands, 1):
            command = COMMAND.search(section)
            assert command
            output = OUTPUT.search(section)
            yield Example(
                f"{path.stem}-{number}" if len(commands) > 1 else path.stem,
                command[1],
                dict(FILE.findall(section)),
                json.loads(output[1]) if output else None,
            )


def missing(want: Any, got: Any, path: str = "$") -> list[str]:
    """Where `got` lacks what the documented output shows, or has another kind of value there."""
    if isinstance(want, dict) and isinstance(got, dict):
        places = [f"{path}.{name}" for name in want if name not in got]
        return places + [
            place for name in want if name in got for place in missing(want[name], got[name], f"{path}.{name}")
        ]
    if isinstance(want, list) and isinstance(got, list):
        if want and not got:
            return [f"{path}[0]"]
        return [place for item in got for place in missing(want[0], item, f"{path}[]")] if want else []
    return [] if type(want) is type(got) else [path]
