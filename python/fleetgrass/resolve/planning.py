"""What a deployment would make of devices, before anybody deploys it."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fleetgrass import _core
from fleetgrass.resolve.catalog import core_of
from fleetgrass.resolve.configuration import check_timestamp
from fleetgrass.resolve.simulation import Refusal
from fleetgrass.resolve.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fleetgrass.resolve.catalog import Catalog


#: The kind of error of a device of which nobody knows what it has.
UNREAD = "state_unread"


class PlanConflictError(Exception):
    """Devices would refuse the deployment, or could not be read; the text tells why, `plan` is the whole of it.

    One that has been pickled has the text and no `plan`.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__("\n".join(_conflict_lines(plan)))
        self.plan: Plan = plan

    def __reduce__(self) -> Any:
        return _without_plan, (str(self),)


def _without_plan(text: str) -> PlanConflictError:
    error = PlanConflictError.__new__(PlanConflictError)
    error.args = (text,)
    return error


class DeviceState:
    """What becomes of devices that are alike in platform, groups and what they have.

    Attributes:
        devices: Their names.
        result: The version of each component that they install; None where they refuse the deployment.
        error: Why they refuse it, in their own words.
        components: By name, what they run before or after: `change` ("install", "upgrade", "downgrade", "keep" or
            "remove"), the versions `from` and `to`, `root` (a deployment names it), and the `configuration` afterwards.
        requirements: By component, who requires what of it in the end.
        trace: Every choice of the device's walk, as in `Simulation`.
        orphans, merged_alternatives: As in `Simulation`; what to be wary of.
    """

    def __init__(self, core: _core.Plan, at: int, told: dict[str, Any], devices: list[str]) -> None:
        self._core = core
        self._at = at
        self.devices: list[str] = devices
        self.result: dict[str, str] | None = told["result"]
        self.error: Refusal | None = Refusal.of(told["error"])
        self.components: dict[str, dict[str, Any]] = told["components"]
        self.requirements: dict[str, dict[str, str]] = told["requirements"]
        self.trace: list[str] = told["trace"]
        self.orphans: list[str] = told["orphans"]
        self.merged_alternatives: list[str] = told["merged_alternatives"]

    @cached_property
    def order_sensitive(self) -> bool:
        """As in `Simulation`: ten other orders are walked when this is first asked."""
        return self._core.is_order_sensitive(self._at)

    def changes(self, change: str) -> dict[str, dict[str, Any]]:
        """The components with this `change`, such as "upgrade"."""
        return {name: facts for name, facts in self.components.items() if facts["change"] == change}

    def versions(self) -> dict[str, str]:
        """What runs afterwards, whether the deployment is taken or refused."""
        return {name: facts["to"] for name, facts in self.components.items() if facts["to"] is not None}

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, `order_sensitive` too."""
        error = self.error
        return {
            "devices": self.devices,
            "result": self.result,
            "error": error
            and {"kind": error.kind, "message": error.message, "codes": error.codes, "details": error.details},
            "components": self.components,
            "requirements": self.requirements,
            "trace": self.trace,
            "orphans": self.orphans,
            "order_sensitive": self.order_sensitive,
            "merged_alternatives": self.merged_alternatives,
        }

    def __repr__(self) -> str:
        told = f"error={self.error.kind!r}" if self.error else f"result={self.result!r}"
        return f"<DeviceState of {counted(len(self.devices), 'device')} {told}>"


class Plan:
    """What becomes of each device. Devices that are alike were resolved once; `len(plan)` is the number of devices.

    `print` shows it, notebooks and rich show it as tables. pandas, polars, DuckDB and pyarrow read it as a table with a
    row for each device and component, such as `pyarrow.table(plan)` or `polars.DataFrame(plan)`.
    """

    def __init__(self, core: _core.Plan, target: str) -> None:
        self._core = core
        self.target: str = target

    @cached_property
    def states(self) -> list[DeviceState]:
        """The distinct states, in the order of their first devices."""
        told = self._core.states()
        devices: list[list[str]] = [[] for _ in told]
        for name, state in self._devices.items():
            devices[state].append(name)
        return [DeviceState(self._core, at, told[at], devices[at]) for at in range(len(told))]

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """What `lint` finds in the recipes that would be installed: `component`, `version`, `code`, `severity`, …"""
        return self._core.findings()

    @cached_property
    def _devices(self) -> dict[str, int]:
        return dict(self._core.devices())

    def device(self, name: str) -> DeviceState:
        """What becomes of one device. Devices of a list without names are called `devices[0]` and so on.

        Raises:
            KeyError: There is no such device.
        """
        return self.states[self._devices[name]]

    @property
    def conflicts(self) -> list[DeviceState]:
        """The states whose devices refuse the deployment."""
        return [state for state in self.states if state.error and state.error.kind != UNREAD]

    @property
    def unread(self) -> list[DeviceState]:
        """Devices that came as `{"error": why}`, by that text: what they would do is not known."""
        return [state for state in self.states if state.error and state.error.kind == UNREAD]

    def raise_for_conflicts(self) -> None:
        """Raises `PlanConflictError` where some device would refuse the deployment, or could not be read."""
        if self.conflicts or self.unread:
            raise PlanConflictError(self)

    def differences(self, other: Plan) -> dict[str, tuple[DeviceState, DeviceState]]:
        """The devices of both plans that would run something else by the other, and what becomes of them by each.

        With a plan of the same deployment over `catalog | new`, it tells who would get what `new` has.
        """
        pairs = ((name, self.device(name), other.device(name)) for name in self._devices if name in other._devices)
        return {name: (ours, theirs) for name, ours, theirs in pairs if ours.versions() != theirs.versions()}

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, which JSON can hold."""
        return {
            "target": self.target,
            "states": [state.to_dict() for state in self.states],
            "findings": self.findings,
        }

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The table, for the Arrow PyCapsule interface.

        Columns: `device`, `state` (its place in `states`), `component`, `change`, `from_version`, `to_version`, `root`
        and `error` (the kind). A device without a component has one row, whose component is null.
        """
        return self._core.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self._devices)

    def __repr__(self) -> str:
        devices, states = counted(len(self), "device"), counted(len(self.states), "state")
        return f"<Plan for {self.target}: {devices} in {states}, {len(self.conflicts)} in conflict>"

    def __str__(self) -> str:
        from fleetgrass.resolve import plan_view

        return plan_view.text(self)

    def _repr_html_(self) -> str:
        from fleetgrass.resolve import plan_view

        return plan_view.html(self)

    def __rich__(self) -> Any:
        from fleetgrass.resolve import plan_view

        return plan_view.rich(self)


def plan(
    deployment: Mapping[str, Any],
    catalog: Catalog | Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    devices: Mapping[str, Any] | Iterable[Any],
    deployment_timestamp: int | None = None,
) -> Plan:
    """What the deployment would make of these devices, each of which is taken to be reached by it.

    Devices that are alike in all but their names are resolved once.

    Args:
        deployment: Exactly the parameters of `create_deployment`.
        catalog: What the cloud has; a dict as `simulate` takes it will do.
        devices: A dict by name, or a list. A device is a text, its platform ("linux/amd64"), or a dict of

            - `platform`: such a text, or all attributes, `{"os": "linux", "architecture": "amd64"}`;
            - `engine`: "classic", or "lite";
            - `other_groups`: what it has from its other groups, target to root components and their versions;
            - `parents`: of those that came as subdeployments, target to the target that they are below. A deployment
              stands in for what its own parent brought, and one to a parent for what is below it;
            - `superseded`: what subdeployments stand in for, target to roots, as in `other_groups`. It counts again
              where the deployment takes the place of the last of them and is no subdeployment of that target itself;
            - `active`, `nucleus`, `builtin`, `local_store`, `local_recipes`, `online`, `region_mismatch`: as in
              `simulate`;
            - `configuration`: by component, what it is configured with now;
            - `configuration_timestamps`: by component, as `merge_configuration` takes them;
            - `name`, where they come as a list.

            All but `platform` may be left out. `{"error": why}` is a device that could not be read; it stays in the
            plan with that text. `fleet_snapshot` reads devices from the service.
        deployment_timestamp: When the deployment is made, in milliseconds since 1970; now where it is left out.

    Raises:
        ParamValidationError: `deployment` is not what `create_deployment` takes.
        InvalidInputError: Another value is not of these shapes; the text names it, its place, and what to give.
        ValueError: A value that JSON cannot hold, a timestamp that is none, or a text in place of devices.
    """
    if isinstance(devices, str):
        raise ValueError(f"devices is the text {devices!r}: give a list, such as [{devices!r}], or a dict by name")
    if deployment_timestamp is not None:
        check_timestamp("deployment_timestamp", deployment_timestamp)
    timestamp = time.time_ns() // 1_000_000 if deployment_timestamp is None else deployment_timestamp
    core = _core.Plan(deployment, core_of(catalog), devices, timestamp)
    return Plan(core, str(deployment["targetArn"]))


def _conflict_lines(plan: Plan) -> Iterator[str]:
    for state in [*plan.conflicts, *plan.unread]:
        yield f"{_called(state.devices)}: {state.error}"


def _called(devices: list[str]) -> str:
    first = devices[0]
    return first if len(devices) == 1 else f"{first} and {len(devices) - 1} more"
