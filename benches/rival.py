"""A rival that cannot run in the bench's own process: another language's, or one that needs other packages.

It is a program that gets the URL of the constant server, tells its version in a line, and then waits for work: a line
of standard input names it and how often it is done (`single 300`), a line of standard output tells the seconds of wall
and CPU time that this took. So a client that is warm takes its turns, and only its own process is measured.

`sdk/` is the Rust SDK, `aiobotocore_rival.py` is aiobotocore; both say how they are built.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUST_SDK = ROOT / "benches/sdk/target/release/sdk"
AIOBOTOCORE = ROOT / "target/aiobotocore/bin/python"


class Rival:
    """The program `command`, waiting for work against the server at `url`."""

    def __init__(self, url: str, *command: str | Path) -> None:
        self.process = subprocess.Popen([*command, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._line()

    def _line(self) -> str:
        assert self.process.stdout
        if line := self.process.stdout.readline():
            return line.strip()
        raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}; what it said stands above")

    def each(self, work: str, repetitions: int, times: int) -> tuple[float, float]:
        """Wall and CPU seconds of each of so many `times`, which are so many `repetitions` of its own together."""
        assert self.process.stdin
        self.process.stdin.write(f"{work} {repetitions}\n")
        self.process.stdin.flush()
        wall, used = map(float, self._line().split())
        return wall / times, used / times

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def rust_sdk(url: str, program: Path | None) -> Rival | None:
    """The Rust SDK: the `program` that was named, or the one in its place if it has been built."""
    return Rival(url, program or RUST_SDK) if program or RUST_SDK.exists() else None


def aiobotocore(url: str, python: Path | None) -> Rival | None:
    """aiobotocore under the `python` that was named, or in the environment in its place if it has been made."""
    program = Path(__file__).with_name("aiobotocore_rival.py")
    return Rival(url, python or AIOBOTOCORE, program) if python or AIOBOTOCORE.exists() else None
