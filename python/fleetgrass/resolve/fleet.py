"""The states of core devices as the service knows them, in the shape that plans take.

What a device has from each of its groups is nowhere told. It is found in its deployments: of each target the newest
that the device took. One that failed may have been taken as well, since a device need not roll back; so it counts where
all of its components are roots on the device, unless that tells that nothing of it is left, and else an earlier one
does. A lite device counts what failed. Of a target and the subdeployments below it only the newest counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleetgrass.resolve.cloud import check_client, is_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    #: `client.map` at the concurrency asked for.
    Ask = Callable[..., Iterator[Any]]

#: The nucleus of devices by what they tell of their runtime.
LITE = "aws_nucleus_lite"

#: How a device's execution of a deployment ends well.
SUCCESS = {"SUCCEEDED", "COMPLETED"}

#: What a lite device may go on with; a component in another state is to it as if it were not there.
RUNS = {"RUNNING", "FINISHED"}

#: How a classic device tells of a failure after which nothing of the deployment is left.
UNDONE = ("FAILED_NO_STATE_CHANGE: ", "FAILED_ROLLBACK_COMPLETE: ")

#: Parts of the nucleus are listed with this version.
NO_VERSION = "0.0.0"

#: What was deployed on the device itself.
LOCAL = "LOCAL_DEPLOYMENT"


def fleet_snapshot(
    client: Any, target_arn: str | None = None, *, max_concurrency: int = 16
) -> dict[str, dict[str, Any]]:
    """The states of core devices, for `plan(devices=...)`; they are JSON, for `python -m fleetgrass plan --devices`.

    That is three requests a device, and one for each deployment; they keep to the budget (see "Many calls"). The
    service does not know what components are configured with, nor what devices tell of their platform beyond `os` and
    `architecture`; nor what a device has from a group where a subdeployment stands in for that, and a later deployment
    to the group has failed; nor how any but the latest deployment to a target has ended on a device: where that failed,
    the one before it counts whose roots are there.

    Args:
        client: Made by `fleetgrass.client("greengrassv2")`. It lists core devices, their components and deployments,
            and gets core devices and deployments.
        target_arn: Only the devices that a deployment to this thing group has reached, which is what the service lists;
            or one device, by the ARN of its thing. None means all.
        max_concurrency: How many requests of a kind are made at the same time.

    Returns:
        By name, `platform`, `engine`, `nucleus`, `active` and `builtin`, as `other_groups` what the device has from
        each target, as `parents` which of these came as subdeployments, and below what, and as `superseded` what these
        stand in for. Roots that no deployment of
        the cloud accounts for were deployed on the device itself. A device that cannot be read is `{"error": why}`, of
        which a plan tells in `unread`.

    Raises:
        ValueError: `target_arn` is none of a thing or a thing group.
        ClientError, BotoCoreError: The devices cannot be listed.
    """
    check_client(client)

    def ask(operation: str, params: Iterable[dict[str, Any]], **options: Any) -> Iterator[Any]:
        answers: Iterator[Any] = client.map(operation, params, max_concurrency=max_concurrency, **options)
        return answers

    names = _names(ask, target_arn)
    reports = dict(zip(names, _reports(ask, names), strict=True))
    history = History(ask, [report for report in reports.values() if isinstance(report, Report)])
    return {name: _state(report, history) for name, report in reports.items()}


def _names(ask: Ask, target_arn: str | None) -> list[str]:
    group: dict[str, str] = {}
    if target_arn is not None:
        kind, _, name = target_arn.split(":", 5)[-1].partition("/")
        if kind not in ("thing", "thinggroup") or not name:
            raise ValueError(f"target_arn is {target_arn!r}: give the ARN of a thing or of a thing group")
        if kind == "thing":
            return [name]
        group = {"thingGroupArn": target_arn}
    (listed,) = ask("list_core_devices", [group], errors="raise", paginate=True)
    return [row["coreDeviceThingName"] for row in listed.get("coreDevices", ())]


@dataclass(frozen=True, slots=True)
class Report:
    """What a device is, what it runs, and what came to it.

    Attributes:
        state: As plans take it, but for `other_groups`.
        roots: The roots that it has, and their versions.
        deployments: By target, the ids of its deployments, the last modified first, up to one that it took.
        taken: By target, the one that it took, where that is sure.
        unsettled: The targets of which it may run what an earlier deployment brought.
        undone: The ids of those of which nothing is left.
    """

    state: dict[str, Any]
    roots: dict[str, str]
    deployments: dict[str, list[str]]
    taken: dict[str, str]
    unsettled: set[str]
    undone: set[str]

    @classmethod
    def of(cls, device: dict[str, Any], installed: list[dict[str, Any]], effective: list[dict[str, Any]]) -> Report:
        missing = [member for member in ("platform", "architecture") if not device.get(member)]
        if missing:
            raise LookupError(f"the service does not tell the {' and '.join(missing)} of the device")
        is_lite = device.get("runtime") == LITE
        state: dict[str, Any] = {"platform": {"os": device["platform"], "architecture": device["architecture"]}}
        if is_lite:
            state["engine"] = "lite"
        nucleus = "aws.greengrass.NucleusLite" if is_lite else "aws.greengrass.Nucleus"
        # another may have taken its place, which is known by its version alone; of two with that, a plan finds it
        alike = [row["componentName"] for row in installed if row["componentVersion"] == device.get("coreVersion")]
        if len(alike) == 1 and all(row["componentName"] != nucleus for row in installed):
            (nucleus,) = alike
        if device.get("coreVersion"):
            state["nucleus"] = {"name": nucleus, "version": device["coreVersion"]}
        rows = [row for row in installed if row["componentName"] != nucleus]
        if is_lite:
            rows = [row for row in rows if row["lifecycleState"] in RUNS]
        state["active"] = {row["componentName"]: row["componentVersion"] for row in rows}
        parts = [
            row["componentName"] for row in rows if row["componentVersion"] == NO_VERSION and not row.get("isRoot")
        ]
        if parts:
            state["builtin"] = parts
        deployments: dict[str, list[str]] = {}
        taken: dict[str, str] = {}
        settled: set[str] = set()
        undone: set[str] = set()
        for row in sorted(effective, key=lambda row: row["modifiedTimestamp"], reverse=True):
            target = row["targetArn"]
            if target not in taken:
                deployments.setdefault(target, []).append(row["deploymentId"])
                succeeded = row["coreDeviceExecutionStatus"] in SUCCESS
                settled |= {target} if succeeded else set()
                # a lite device writes down the roots before it resolves them, and goes on with them come what may
                if succeeded or (is_lite and row["coreDeviceExecutionStatus"] == "FAILED"):
                    taken[target] = row["deploymentId"]
                elif _is_undone(row):
                    undone.add(row["deploymentId"])
        roots = {row["componentName"]: row["componentVersion"] for row in installed if row.get("isRoot")}
        return cls(state, roots, deployments, taken, deployments.keys() - settled, undone)


def _reports(ask: Ask, names: list[str]) -> Iterator[Report | Exception]:
    asked = [{"coreDeviceThingName": name} for name in names]
    answers = zip(
        ask("get_core_device", asked),
        ask("list_installed_components", [{**it, "topologyFilter": "ALL"} for it in asked], paginate=True),
        ask("list_effective_deployments", asked, paginate=True),
        strict=True,
    )
    for device, installed, effective in answers:
        failure = next((it for it in (device, installed, effective) if isinstance(it, Exception)), None)
        if failure is not None:
            yield failure
            continue
        try:
            rows = installed.get("installedComponents", []), effective.get("effectiveDeployments", [])
            yield Report.of(device, *rows)
        except LookupError as error:
            yield error


@dataclass(frozen=True, slots=True)
class Made:
    """A deployment: its roots, when it was made, and the target that it is below."""

    roots: dict[str, str]
    at: datetime
    parent: str | None

    @classmethod
    def of(cls, told: dict[str, Any]) -> Made:
        roots = {name: component["componentVersion"] for name, component in told.get("components", {}).items()}
        return cls(roots, told["creationTimestamp"], told.get("parentTargetArn"))


class History:
    """The deployments that devices tell of, and earlier ones where these leave open what a device has."""

    def __init__(self, ask: Ask, reports: list[Report]) -> None:
        targets = sorted({target for report in reports for target in report.unsettled})
        params = [{"targetArn": target, "historyFilter": "ALL"} for target in targets]
        listed = ask("list_deployments", params, paginate=True)
        #: By target, its revisions, the latest first, or why they cannot be listed.
        self._revisions: dict[str, list[str] | Exception] = {
            target: answer if isinstance(answer, Exception) else _latest_first(answer.get("deployments", []))
            for target, answer in zip(targets, listed, strict=True)
        }
        wanted = {it for report in reports for ids in report.deployments.values() for it in ids}
        wanted.update(it for ids in self._revisions.values() if isinstance(ids, list) for it in ids)
        ids = sorted(wanted)
        answers = ask("get_deployment", [{"deploymentId": it} for it in ids])
        #: By id, a deployment, or why it cannot be read.
        self._made: dict[str, Made | Exception] = {
            it: answer if isinstance(answer, Exception) else Made.of(answer)
            for it, answer in zip(ids, answers, strict=True)
        }

    def groups_of(self, report: Report) -> dict[str, Any] | Exception:
        """`other_groups`, `parents` and `superseded` of the device, where it has any, or why that cannot be known."""
        found: dict[str, Made] = {}
        alike: dict[str, Made] = {}
        known: set[str] = set()
        for target, ids in report.deployments.items():
            revisions = self._revisions[target] if target in report.unsettled else []
            if isinstance(revisions, Exception):
                return revisions
            taken = report.taken.get(target)
            for it in dict.fromkeys([*ids, *revisions]):
                if it in report.undone:
                    continue
                made = self._made[it]
                if isinstance(made, Exception):
                    if is_gone(made):
                        continue
                    return made
                known |= made.roots.keys()
                if it == taken or (taken is None and made.roots.items() <= report.roots.items()):
                    found[target] = made
                    # what failed is no word on the roots that are there, which an earlier one brought
                    if taken is None or target not in report.unsettled:
                        break
                elif taken is None and made.roots.keys() <= report.roots.keys():
                    alike.setdefault(target, made)
        # Alternatives of a requirement may keep a root at a version that nobody asked for. Roots that no deployment
        # explains are of the latest that asked for them in any version.
        explained = {name for made in found.values() for name in made.roots}
        found |= {target: made for target, made in alike.items() if made.roots.keys().isdisjoint(explained)}
        known.add(report.state.get("nucleus", {}).get("name"))  # it was there before any deployment
        local = {name: version for name, version in report.roots.items() if name not in known}
        hiding = {target: _superseding(target, found) for target in found}
        counting = {target: made for target, made in found.items() if made.roots and not hiding[target]}
        # what is not lost with that: it counts again when no subdeployment is left that stands in for it
        superseded = {
            _key(target): found[target].roots
            for target, by in hiding.items()
            if found[target].roots and by and all(found[other].parent == target for other in by)
        }
        groups = {_key(target): made.roots for target, made in counting.items()} | ({LOCAL: local} if local else {})
        parents = {_key(target): _key(made.parent) for target, made in counting.items() if made.parent}
        told: dict[str, Any] = {"other_groups": groups, "parents": parents, "superseded": superseded}
        return {key: value for key, value in told.items() if value}


def _is_undone(row: dict[str, Any]) -> bool:
    # `<code>: <how it ended>: <text>`, and the text may hold anything
    reason: str = row.get("reason", "")
    return row["coreDeviceExecutionStatus"] == "FAILED" and reason.partition(": ")[2].startswith(UNDONE)


def _superseding(target: str, found: dict[str, Made]) -> list[str]:
    """The newer deployments, to its parent or below it, that take the place of what `target` has brought."""
    ours = found[target]
    kin = {other: made for other, made in found.items() if other == ours.parent or made.parent == target}
    return [other for other, made in kin.items() if made.at > ours.at]


def _key(target: str) -> str:
    """`thinggroup/<name>` or `thing/<name>`."""
    return target.split(":", 5)[-1]


def _state(report: Report | Exception, history: History) -> dict[str, Any]:
    if isinstance(report, Exception):
        return _unread(report)
    groups = history.groups_of(report)
    if isinstance(groups, Exception):
        return _unread(groups)
    return {**report.state, **groups}


def _unread(error: Exception) -> dict[str, Any]:
    return {"error": f"{type(error).__name__}: {error}"}


def _latest_first(rows: list[dict[str, Any]]) -> list[str]:
    return [row["deploymentId"] for row in sorted(rows, key=lambda row: row["creationTimestamp"], reverse=True)]
