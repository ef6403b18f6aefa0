"""The main job in one command: publish components, deploy them to a fleet, and see what became of it.

`run` does it against a local cloud, and reads everything back through the client as a program would; `show` prints
what `run` found. Recipes become one thing group each, named after the component, that gets its greatest version; the
devices are dealt out to the groups, and the platforms to the devices.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fleetgrass._core import RecipeError, read_recipe
from fleetgrass.emulator import Emulator

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Our own recipes, one of which has a mistake.
RECIPES = Path(__file__).with_name("demo_recipes")

SUFFIXES = {".json", ".yaml", ".yml"}

#: How long the name of a group may be, so that its devices' names, which begin with it, keep to their limit of 124.
GROUP_LIMIT = 90

#: Ten devices of a group: operating system and architecture.
PLATFORMS = [("linux", "amd64")] * 5 + [("linux", "aarch64")] * 3 + [("windows", "amd64")] * 2


#: What the device adds to every failure to find a version.
ALWAYS_SAID = re.compile(
    r"An error occurred while negotiating component version with cloud\. |Check whether .*? resolve the conflict\. "
)


class Problem(NamedTuple):
    """Why a recipe is not published; `key` is empty where the whole file is meant."""

    file: str
    key: str
    what: str


class Failure(NamedTuple):
    """What the deployment of a name fails of."""

    deployment: str
    reason: str


@dataclass
class Findings:
    """What `run` found."""

    folder: Path
    files: int = 0
    problems: list[Problem] = field(default_factory=list)
    #: The file that (component, version) was published from, in order.
    published: dict[tuple[str, str], str] = field(default_factory=dict)
    devices: int = 0
    deployments: int = 0
    calls: int = 0
    #: How many devices run (component, version, platform).
    running: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: How many devices failed of what.
    failed: Counter[Failure] = field(default_factory=Counter)
    #: Seconds, by step.
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of the block to `step`."""
        begin = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begin


def run(
    folder: Path | None = None, devices: int = 1000, connect: Callable[[Emulator], Any] = Emulator.client
) -> Findings:
    """Publish the recipes of `folder` (ours where it is None), deploy them to `devices` core devices, and read it back.

    Args:
        connect: Makes the client of an emulator, a fleetgrass client or a boto3 one.
    Raises:
        ValueError: `folder` holds no recipe, or `devices` is below 1.
    """
    findings = Findings(folder or RECIPES)
    files = sorted(path for path in _files(findings.folder) if path.suffix in SUFFIXES)
    if not files:
        raise ValueError(f"{findings.folder} holds no recipe: name a folder with .yaml, .yml or .json files")
    if devices < 1:
        raise ValueError(f"{devices} devices make no fleet: give a number of at least 1")
    findings.files = len(files)
    with findings.timed("start the cloud"):
        emulator = Emulator()
    with emulator:
        with findings.timed("start the cloud"):
            client = connect(emulator)
        with findings.timed("publish the recipes"):
            for path in files:
                _publish(client, path, findings)
        groups = _groups(_components(client, "PRIVATE"))
        with findings.timed("register the devices"):
            _register(emulator, list(groups), devices)
        with findings.timed("deploy to the groups"):
            for group, (component, version) in groups.items():
                client.create_deployment(
                    targetArn=emulator.thing_group_arn(group),
                    deploymentName=component,
                    components={component: {"componentVersion": version}},
                )
                findings.deployments += 1
        with findings.timed("read the fleet back"):
            _read_back(client, findings)
    return findings


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}") from error


def _publish(client: Any, path: Path, findings: Findings) -> None:
    def refuse(key: str, what: str) -> None:
        findings.problems.append(Problem(path.name, key, what))

    try:
        text = path.read_bytes()
        recipe = read_recipe(text)
        version = recipe["ComponentName"], recipe["ComponentVersion"]
        if first := findings.published.get(version):
            refuse(
                "ComponentVersion", f"{' '.join(version)} is published from {first} already; give it another version"
            )
            return
        client.create_component_version(inlineRecipe=text)
    except OSError as error:
        refuse("", f"it cannot be read: {error.strerror}")
    except RecipeError as error:
        for problem in error.problems:
            place = ", ".join(f"{name} {problem[name]}" for name in ("line", "column") if problem[name])
            refuse(
                f"{problem['path']} ({place})".strip() if place else problem["path"],
                f"{problem['what']}; {problem['remedy']}",
            )
    except client.exceptions.ClientError as error:
        refuse("", error.response["Error"]["Message"])
    else:
        findings.published[version] = path.name


def _components(client: Any, scope: str) -> dict[str, str]:
    """Every component of a scope, with its greatest version."""
    pages = client.get_paginator("list_components").paginate(scope=scope)
    components = [component for page in pages for component in page["components"]]
    return {component["componentName"]: component["latestVersion"]["componentVersion"] for component in components}


def _groups(components: dict[str, str]) -> dict[str, tuple[str, str]]:
    """A thing group for each component: its name without dots, which no group may have, and a number where need be."""
    groups: dict[str, tuple[str, str]] = {}
    for component, version in components.items():
        name = component.replace(".", "-")[:GROUP_LIMIT]
        if name in groups:
            name = f"{name}-{len(groups)}"
        groups[name] = component, version
    return groups


def _register(emulator: Emulator, groups: list[str], devices: int) -> None:
    """Every group gets as many devices as any other, and as many of a platform."""
    if not groups:
        return
    counts = Counter((groups[at % len(groups)], PLATFORMS[at // len(groups) % 10]) for at in range(devices))
    for (group, (system, architecture)), count in counts.items():
        emulator.register_core_devices(
            count, f"{group}-{system}-{architecture}-", [group], platform=system, architecture=architecture
        )


def _read_back(client: Any, findings: Findings) -> None:
    """As a program would that knows nothing of the demo: every device, what it runs, what became of its deployments."""
    # the services inside the nucleus are reported, too, but they are no components that anybody published
    known = _components(client, "PRIVATE").keys() | _components(client, "PUBLIC").keys()
    names: dict[str, str] = {}
    for page in client.get_paginator("list_core_devices").paginate(maxResults=100):
        findings.calls += 1
        for device in page["coreDevices"]:
            names[device["coreDeviceThingName"]] = f"{device['platform']}/{device['architecture']}"
    findings.devices = len(names)
    for name, platform in names.items():
        for page in client.get_paginator("list_installed_components").paginate(
            coreDeviceThingName=name, topologyFilter="ALL", maxResults=100
        ):
            findings.calls += 1
            for component in page["installedComponents"]:
                if component["componentName"] in known:
                    findings.running[component["componentName"], component["componentVersion"], platform] += 1
        for page in client.get_paginator("list_effective_deployments").paginate(coreDeviceThingName=name):
            findings.calls += 1
            for deployment in page["effectiveDeployments"]:
                if deployment["coreDeviceExecutionStatus"] not in ("SUCCEEDED", "COMPLETED"):
                    failure = Failure(deployment["deploymentName"], _particulars(deployment["reason"]))
                    findings.failed[failure] += 1


def _particulars(reason: str) -> str:
    """What is particular in the `reason` of a failed deployment, `<code>: <detailed status>: <text>`.

    The device's texts hold sentences that are always the same; what tells one failure from another comes last.
    """
    return ALWAYS_SAID.sub("", reason.split(": ", 2)[-1])


def show(findings: Findings, console: Console) -> None:
    """Print the findings: what could not be published, what runs, what failed, how long it took."""
    problems: dict[str, list[tuple[str, str]]] = {}
    for problem in findings.problems:
        problems.setdefault(problem.file, []).append((f"{problem.key}: " if problem.key else "", problem.what))
    _show_groups(f"Not published: {len(problems)} of {findings.files} recipes", problems, console)
    if findings.running:
        console.print(_running(findings))
    failures: dict[str, list[tuple[str, str]]] = {}
    for failure, count in sorted(findings.failed.items(), key=lambda item: (item[0].deployment, -item[1])):
        failures.setdefault(failure.deployment, []).append(
            (f"{count:,} device{'s' if count > 1 else ''}: ", failure.reason)
        )
    _show_groups(f"What failed on {findings.failed.total():,} core devices, and why", failures, console)
    console.print(_timing(findings))


def _show_groups(title: str, groups: dict[str, list[tuple[str, str]]], console: Console) -> None:
    """Headings with lines below them: what a line is about, and its text."""
    from rich.padding import Padding
    from rich.text import Text

    if not groups:
        return
    console.print(Text(title, "bold"), end="\n\n")
    for heading, lines in groups.items():
        console.print(Text(f" {heading}", "yellow"))
        for about, text in lines:
            console.print(Padding(Text.assemble((about, "cyan"), text), (0, 0, 0, 3)))
    console.print()


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    # where space is short, names are folded and numbers are not
    table.add_column(columns[0], overflow="fold")
    for column in columns[1:]:
        table.add_column(column, no_wrap=True)
    return table


def _running(findings: Findings) -> Table:
    platforms = sorted({platform for _, _, platform in findings.running})
    headings = [platform.replace("/", "\n") for platform in platforms]
    table = _table(f"What runs where on {findings.devices:,} core devices", "component", "version", *headings)
    for column in table.columns[2:]:
        column.justify = "right"
    for component, version in sorted({key[:2] for key in findings.running}):
        counts = [findings.running[component, version, platform] for platform in platforms]
        table.add_row(component, version, *(f"[green]{count:,}[/]" if count else "[dim]-[/]" for count in counts))
    return table


def _timing(findings: Findings) -> Table:
    done = {
        "publish the recipes": f"{len(findings.published)} component versions",
        "register the devices": f"{findings.devices:,} core devices",
        "deploy to the groups": f"{findings.deployments} deployments",
        "read the fleet back": f"{findings.calls:,} calls",
    }
    table = _table("How long it took", "step", "what", "seconds")
    table.columns[2].justify = "right"
    for step, seconds in findings.seconds.items():
        table.add_row(step, done.get(step, ""), f"{seconds:.3f}")
    table.add_section()
    table.add_row("[bold]all[/]", "", f"[bold]{sum(findings.seconds.values()):.3f}[/]")
    return table
