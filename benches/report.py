"""How the figures of rivals that took turns are printed: as they come, and as a table for a page of the docs.

Times are pairs of wall and CPU seconds. Printed are medians, and medians of the ratios of each round.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

#: The name of a rival that stands beside the other one.
RUST_SDK = "Rust SDK"
#: How many times the latency alone a run may take, and shall.
LATE = (1.2, 1.12)
Times = tuple[float, float]
Goal = tuple[float, float]


class Goals(NamedTuple):
    """Ratios of wall and of CPU that must be reached, and that are aimed at."""

    must: Goal
    aim: Goal


def take_turns(rounds: int, rivals: Mapping[str, Callable[[], Times]]) -> dict[str, list[Times]]:
    """The times of each rival, by round."""
    times: dict[str, list[Times]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, measure in rivals.items():
            times[name].append(measure())
    return times


def medians(times: list[Times]) -> Times:
    return statistics.median(wall for wall, _ in times), statistics.median(used for _, used in times)


def ratios(theirs: list[Times], ours: list[Times], bare: Times = (0, 0)) -> Times:
    """Medians of theirs by ours, in each round what is above `bare`."""

    def ratio(at: int) -> float:
        pairs = zip(theirs, ours, strict=True)
        return statistics.median((b[at] - bare[at]) / max(a[at] - bare[at], 1e-9) for b, a in pairs)

    return ratio(0), ratio(1)


def quotient(times: Times) -> str:
    return f"{times[0]:.2f} / {times[1]:.2f}"


def pair(goal: Goal) -> str:
    return f"{goal[0]:g} / {goal[1]:g}"


def machine() -> str:
    name = platform.processor() or platform.machine()
    if (cpus := Path("/proc/cpuinfo")).exists():
        named = [line.partition(":")[2] for line in cpus.read_text().splitlines() if line.startswith("model name")]
        name = named[0].strip() if named else name
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{name}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"


class Report:
    """Prints each comparison when it is done and, if `markdown`, all of them as a table at the end."""

    def __init__(self, markdown: bool, *about: str) -> None:
        self.markdown = markdown
        self.about = [f"{machine()}.", *about]
        self.rows = [["", "fleetgrass", "rival", "rival ÷ ours", "must", "aim", "Rust SDK", "Rust SDK ÷ ours"]]
        self.memory: list[list[str]] = []
        self.say("\n".join(self.about))

    def say(self, text: str) -> None:
        """To whoever waits; the table alone goes to the output."""
        print(text, file=sys.stderr if self.markdown else sys.stdout, flush=True)

    def compare(
        self,
        title: str,
        times: dict[str, list[Times]],
        *,
        unit: float = 1e6,
        goals: Goals | None = None,
        bare: Times | None = None,
        latency: float = 0,
        in_table: bool = True,
    ) -> None:
        """`times` begins with ours; its rival and the Rust SDK may follow. `unit` is how many make a second.

        `latency` is how many seconds of wall time a call takes at least, since the server takes them.
        """
        self.say(f"\n{title + (', µs' if unit == 1e6 else ', ms'):42}{'wall':>10}{'CPU':>10}")
        if bare:
            self._line("(bare python)", bare, unit)
        found = {name: medians(rows) for name, rows in times.items()}
        for name, (wall, used) in found.items():
            self._line(name, (wall, used), unit, f"{wall / latency:10.2f} times the latency" if latency else "")
        (ours, our_times), *others = times.items()
        by_us = {name: ratios(rows, our_times, bare or (0, 0)) for name, rows in others}
        for name, ratio in by_us.items():
            told = f"   must {pair(goals.must)}, aim {pair(goals.aim)}" if goals and not latency else ""
            told = "   aim: CPU above 1" if name == RUST_SDK else told
            self._line(f"{name} ÷ {ours}", ratio, 1, told)
        if in_table:
            self._keep(title, found, by_us, unit, goals, latency)

    def _line(self, name: str, times: Times, unit: float, told: str = "") -> None:
        self.say(f"{name:42}{times[0] * unit:10.2f}{times[1] * unit:10.2f}{told}")

    def _keep(
        self,
        title: str,
        found: dict[str, Times],
        by_us: dict[str, Times],
        unit: float,
        goals: Goals | None,
        latency: float,
    ) -> None:
        cells = {}
        for name, (wall, used) in found.items():
            late = f" ({wall / latency:.2f} times the latency)" if latency else ""
            cells[name] = f"{wall * unit:,.1f} / {used * unit:,.1f} {'µs' if unit == 1e6 else 'ms'}{late}"
        ours, *others = cells
        rival = next((name for name in others if name != RUST_SDK), None)
        beside = [f"{rival}: {cells[rival]}", quotient(by_us[rival])] if rival else ["", ""]
        reached = [pair(goal) for goal in goals] if goals else ["", ""]
        if latency:
            reached = [f"{times:g} times the latency" for times in LATE]
        sdk = [cells[RUST_SDK], quotient(by_us[RUST_SDK])] if RUST_SDK in cells else ["", ""]
        self.rows.append([title, cells[ours], *beside, *reached, *sdk])

    def mebibytes(self, title: str, found: dict[str, float], at_most: float) -> None:
        """How much memory each had."""
        self.say(f"\n{title}, MiB resident at most; must be at most {at_most:g}")
        for name, size in found.items():
            self.say(f"{name:42}{size:10.1f}")
        if not self.memory:
            self.memory = [["MiB resident at most", *found, "must"]]
        self.memory.append([title, *(f"{size:.1f}" for size in found.values()), f"{at_most:g}"])

    def end(self) -> None:
        if not self.markdown:
            return
        print(f"`{' '.join(['python', *sys.argv])}`:", *self.about, sep="\n")
        print("Times are wall / CPU of one, of the client's process; ratios are medians of those of each round.")
        for head, *rows in filter(None, (self.rows, self.memory)):
            print()
            for row in (head, ["---"] * len(head), *rows):
                print(f"| {' | '.join(row)} |")
