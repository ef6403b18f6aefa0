"""A plan to look at: as text, as HTML for notebooks, with rich.

One table a state, its changes first; many states are cut short, since nobody reads five hundred tables.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from fleetgrass.resolve.planning import UNREAD
from fleetgrass.resolve.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetgrass.resolve.planning import DeviceState, Plan

#: How many states are shown in full.
SHOWN = 20

#: How each change is marked, in the order in which they are shown.
MARKS = {"install": "+", "upgrade": "^", "downgrade": "v", "remove": "-", "keep": " "}

STYLES = {"install": "green", "upgrade": "cyan", "downgrade": "yellow", "remove": "red", "keep": "dim"}

#: A component: mark, name, its versions, and whether it is a root.
Row = tuple[str, str, str, str]


def heading(plan: Plan) -> str:
    """One line: for whom, how many, how many refuse, of how many nothing is known."""
    refusing = sum(len(state.devices) for state in plan.conflicts)
    unread = sum(len(state.devices) for state in plan.unread)
    verdict = f"{counted(refusing, 'device')} would refuse it" if refusing else "no conflict"
    verdict += f", {counted(unread, 'device')} could not be read" if unread else ""
    states = counted(len(plan.states), "distinct state")
    return f"{plan.target}: {counted(len(plan), 'device')} in {states}, {verdict}"


def text(plan: Plan) -> str:
    """For terminals and logs."""
    lines = [heading(plan)]
    for state in plan.states[:SHOWN]:
        lines += ["", title(state)]
        lines += [f"  {line}" for line in remarks(state)]
        rows = list(_rows(state))
        width = max((len(name) for _, name, _, _ in rows), default=0)
        lines += [
            f"  {MARKS[change]} {name:{width}}  {versions}{root}".rstrip() for change, name, versions, root in rows
        ]
    lines += [""] * bool(rest(plan) or plan.findings) + rest(plan)
    lines += [finding(found) for found in plan.findings]
    return "\n".join(lines)


def html(plan: Plan) -> str:
    """For notebooks."""
    parts = [f"<p><strong>{escape(heading(plan))}</strong></p>"]
    for state in plan.states[:SHOWN]:
        parts.append(f"<p>{'<br>'.join(map(escape, [title(state), *remarks(state)]))}</p>")
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (change, name, versions, root.strip())) + "</tr>"
            for change, name, versions, root in _rows(state)
        )
        head = "<tr><th>change</th><th>component</th><th>version</th><th></th></tr>"
        parts.append(f"<table><thead>{head}</thead><tbody>{cells}</tbody></table>")
    parts += [f"<p>{escape(line)}</p>" for line in [*rest(plan), *map(finding, plan.findings)]]
    return "".join(parts)


def rich(plan: Plan) -> Any:
    """For rich, which asks for it and so is there."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[Any] = [Text(heading(plan), style="bold red" if plan.conflicts else "bold")]
    for state in plan.states[:SHOWN]:
        parts.append(Text(title(state)))
        parts += [Text(line, style="red" if state.error else "yellow") for line in remarks(state)]
        table = Table("change", "component", "version", "", box=None, pad_edge=True)
        for change, name, versions, root in _rows(state):
            table.add_row(*(Text(cell, style=STYLES[change]) for cell in (change, name, versions, root.strip())))
        if table.row_count:
            parts.append(table)
    parts += [Text(line, style="yellow") for line in [*rest(plan), *map(finding, plan.findings)]]
    return Group(*parts)


def title(state: DeviceState) -> str:
    """Whose state it is."""
    named = ", ".join(state.devices[:3]) + ", …" * (len(state.devices) > 3)
    return f"{counted(len(state.devices), 'device')}: {named}"


def remarks(state: DeviceState) -> list[str]:
    """Why it is refused, and what to be wary of."""
    told = []
    if state.error:
        told.append(f"{'UNKNOWN' if state.error.kind == UNREAD else 'REFUSED'} ({state.error.kind}): {state.error}")
    if state.order_sensitive:
        told.append("The outcome hangs on the order of hash maps on the device.")
    if state.orphans:
        told.append(f"Installed though no root leads to it: {', '.join(state.orphans)}")
    if state.merged_alternatives:
        told.append(f"Judged otherwise by all requirements in one text: {', '.join(state.merged_alternatives)}")
    return told


def rest(plan: Plan) -> list[str]:
    """That there are more states than are shown."""
    hidden = len(plan.states) - SHOWN
    return [f"… and {counted(hidden, 'more state')}"] if hidden > 0 else []


def finding(found: dict[str, Any]) -> str:
    """A finding of lint in one line."""
    return (
        f"{found['severity']}: {found['component']} {found['version']}: {found['place']}: {found['message']}; "
        f"{found['remedy']} ({found['code']})"
    )


def _rows(state: DeviceState) -> Iterator[Row]:
    order = list(MARKS)
    for name, facts in sorted(state.components.items(), key=lambda item: (order.index(item[1]["change"]), item[0])):
        versions = {
            "install": facts["to"],
            "remove": facts["from"],
            "keep": facts["to"],
        }.get(facts["change"]) or f"{facts['from']} -> {facts['to']}"
        yield facts["change"], name, versions, "  root" if facts["root"] else ""
