"""What the engine's core costs in instructions, which no other load on the machine changes: the works of `core/`.

callgrind counts a run that does a work many times and one that does it few times; the difference is the work's. Starts
differ by some 100,000, since hash maps have another seed each time, so it must be much more than that. callgrind
knows no SHA instructions of processors, so hashes cost more here than outside. Figures of two machines or compilers are
not comparable; this holds a change against what was before:

    python benches/instructions.py --save target/before.json
    python benches/instructions.py --against target/before.json [--bound 1.02]

The end is 1 where a work of ours then takes more than `--bound` times the instructions. Without valgrind nothing is
counted.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BUILD = ["cargo", "bench", "--locked", "--no-default-features", "--bench", "core", "--no-run", "--message-format=json"]
FEW = 10
#: What others do. It is told, and judged by nobody.
THEIRS = (", aws-sigv4", ", serde_json")
#: Instructions of the difference at least.
ENOUGH = 100_000_000


def built() -> str:
    """The program of `core/`."""
    told = subprocess.run(BUILD, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in told.splitlines()]
    return next(
        str(message["executable"])
        for message in messages
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "core"
    )


def counted(program: str, work: str, times: int) -> int:
    """The instructions of a whole run."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "--repeat", work, str(times)]
    run = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not found:
        raise RuntimeError(f"{' '.join(command)} ended with {run.returncode}:\n{run.stderr}")
    return int(found[1])


def each(program: str, work: str) -> float:
    """The instructions of doing `work` once."""
    start, times = counted(program, work, FEW), 100
    while (difference := counted(program, work, FEW + times) - start) < ENOUGH:
        times *= 10
    return difference / times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", type=Path, help="write the figures to this file")
    parser.add_argument("--against", type=Path, help="figures that were saved before")
    parser.add_argument("--bound", type=float, default=1.02, help="times the figures before at most")
    given = parser.parse_args()
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not here (on Debian and Ubuntu: apt install valgrind)")
        return 0
    before: dict[str, float] = json.loads(given.against.read_text(encoding="utf-8")) if given.against else {}
    program = built()
    names = subprocess.run([program, "--names"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    print(f"{'instructions':44}{'now':>12}{'before':>12}" if before else f"{'instructions':44}{'now':>12}")
    now: dict[str, float] = {}
    worse = False
    for name in names:
        now[name] = each(program, name)
        row = f"{name:44}{now[name]:12,.0f}"
        if name in before:
            row += f"{before[name]:12,.0f}{now[name] / before[name] - 1:+9.1%}"
            worse |= not name.endswith(THEIRS) and now[name] > given.bound * before[name]
        print(row, flush=True)
    if given.save:
        given.save.write_text(json.dumps(now, indent=2), encoding="utf-8")
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
