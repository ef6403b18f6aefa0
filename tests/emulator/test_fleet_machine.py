"""Any sequence of calls and mishaps keeps the promises about core devices: a fleet under random orders, through boto3.

A device has one execution a target, the last changed first; success is COMPLETED of a thing and SUCCEEDED of a group,
whose deployment goes on whatever its devices make of it; what ended stays ended; a device is UNHEALTHY when one of its
components is BROKEN; its components are those of its last report; who is silent tells nothing; what settles is over.
A group's deployment fails where it has criteria for that only, and its devices run out of time where it has a limit;
its job counts what it lists. A new revision takes the place of the one before and of the subdeployments below that.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, client_of, deploy, publish, registry_of

DEVICES = ["pump-1", "pump-2", "pump-3"]
GROUPS = ["line-4", "line-5"]
THINGS = THING.removesuffix("pump-1")
ALL_OF = GROUP.removesuffix("line-4")
NAMES = ["io.acme.Pump", "io.acme.Valve"]
UNDER_WAY = ("QUEUED", "IN_PROGRESS")
FAILURES = ("FAILED", "REJECTED", "TIMED_OUT")
DEVICE = st.sampled_from(DEVICES)
PARENTS = st.sampled_from([None, ALL_OF + "line-4", ALL_OF + "line-6"])
CRITERION = {"failureType": "ALL", "action": "CANCEL", "thresholdPercentage": 50, "minNumberOfExecutedThings": 1}
JOBS = st.fixed_dictionaries(
    {},
    optional={
        "timeoutConfig": st.sampled_from([{"inProgressTimeoutInMinutes": minutes} for minutes in (1, 60)]),
        "abortConfig": st.just({"criteriaList": [CRITERION]}),
        "jobExecutionsRolloutConfig": st.just({"maximumPerMinute": 1}),
    },
)


class Fleet(RuleBasedStateMachine):
    """Three devices in two groups, and two components of two versions."""

    emulator: Emulator
    client: Any
    registry: Any

    @initialize()
    def begin(self) -> None:
        self.emulator.reset()
        for name in NAMES:
            publish(self.client, name)
            publish(self.client, name, "2.0.0")
        for device in DEVICES:
            self.emulator.register_core_device(device, thing_groups=GROUPS[:1])
        self.registry.create_thing_group(thingGroupName=GROUPS[1])
        self.present = set(DEVICES)
        #: When those report again that were deleted.
        self.back: dict[str, datetime] = {}
        self.targets: dict[str, str] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        #: The things that a job has told executions of.
        self.told: dict[str, set[str]] = {}
        self.parents: dict[str, str | None] = {}
        #: By target.
        self.latest: dict[str, str] = {}
        self.silent: set[str] = set()
        self.heard: dict[str, datetime] = {}
        #: How executions of deployments to things ended, by device and deployment.
        self.ended: dict[tuple[str, str], str] = {}

    @rule(
        target_arn=st.sampled_from([*(THINGS + d for d in DEVICES), *(ALL_OF + g for g in GROUPS)]),
        names=st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
        version=st.sampled_from(["1.0.0", "2.0.0"]),
        policy=st.sampled_from(["ROLLBACK", "DO_NOTHING"]),
        mishap=st.sampled_from([None, "fill_disk", "reject_deployments", "fail_component", "heal"]),
        seconds=st.sampled_from([71, 0, 11]),
        job=JOBS,
        parent=PARENTS,
    )
    def deploy(
        self,
        target_arn: str,
        names: list[str],
        version: str,
        policy: str,
        mishap: str | None,
        seconds: int,
        job: dict[str, Any],
        parent: str | None,
    ) -> None:
        if mishap == "fail_component":
            self.emulator.fail_component(NAMES[0], version)
        elif mishap:
            getattr(self.emulator, mishap)()
        params: dict[str, Any] = {"version": version, "deploymentPolicies": {"failureHandlingPolicy": policy}}
        if target_arn.startswith(ALL_OF):
            params["iotJobConfiguration"] = job
        if target_arn == ALL_OF + GROUPS[1] and parent:
            params["parentTargetArn"] = parent
            if {self.parents[id] for id in self.targets if self.targets[id] == target_arn} - {parent, None}:
                with pytest.raises(self.client.exceptions.ValidationException, match="subdeployments of another"):
                    deploy(self.client, target_arn, *names, **params)
                return
        id = deploy(self.client, target_arn, *names, **params)
        self.targets[id] = target_arn
        self.jobs[id] = params.get("iotJobConfiguration", {})
        self.parents[id] = params.get("parentTargetArn")
        below = [target for target, other in self.latest.items() if self.parents[other] == target_arn]
        for target in below:
            del self.latest[target]
        self.latest[target_arn] = id
        self.emulator.advance(seconds)
        self.come_back()

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        active = [row["deploymentId"] for row in self.client.list_deployments()["deployments"]]
        active = [id for id in active if self.status(id) == "ACTIVE"]
        if active:
            self.client.cancel_deployment(deploymentId=data.draw(st.sampled_from(active)))

    @rule(device=DEVICE, group=st.sampled_from(GROUPS), joins=st.booleans())
    def move(self, device: str, group: str, joins: bool) -> None:
        move = self.registry.add_thing_to_thing_group if joins else self.registry.remove_thing_from_thing_group
        move(thingName=device, thingGroupName=group)

    @rule(name=st.sampled_from(NAMES), version=st.sampled_from([None, "2.0.0"]), device=DEVICE)
    def break_component(self, name: str, version: str | None, device: str) -> None:
        if device in self.present:
            self.emulator.fail_component(name, version, [device])

    @rule(device=DEVICE, silent=st.booleans())
    def silence_or_wake(self, device: str, silent: bool) -> None:
        if device not in self.present:
            return
        if silent:
            self.emulator.silence([device])
            self.silent.add(device)
        else:
            self.emulator.wake([device])
            self.silent.discard(device)

    @rule(device=DEVICE)
    def delete_device(self, device: str) -> None:
        if device not in self.present:
            with pytest.raises(self.client.exceptions.ResourceNotFoundException):
                self.client.delete_core_device(coreDeviceThingName=device)
            return
        self.client.delete_core_device(coreDeviceThingName=device)
        self.present.remove(device)
        if device not in self.silent:
            self.back[device] = self.emulator.now + timedelta(days=1)
        self.silent.discard(device)
        del self.heard[device]
        self.ended = {key: status for key, status in self.ended.items() if key[0] != device}

    @rule(device=DEVICE)
    def register(self, device: str) -> None:
        self.emulator.register_core_device(device)
        self.back.pop(device, None)
        self.present.add(device)
        self.silent.discard(device)

    @rule(seconds=st.sampled_from([61, 86400, None]))
    def let_time_go_by(self, seconds: int | None) -> None:
        if seconds is not None:
            self.emulator.advance(seconds)
            self.come_back()
            return
        self.emulator.settle()
        self.come_back()
        for device in self.present - self.silent:
            for row in self.executions(device):
                assert row["coreDeviceExecutionStatus"] not in UNDER_WAY, row

    def come_back(self) -> None:
        """What time brings: the reports of devices that were deleted."""
        for device, time in list(self.back.items()):
            if time <= self.emulator.now:
                del self.back[device]
                self.present.add(device)

    def status(self, id: str) -> str:
        return str(self.client.get_deployment(deploymentId=id)["deploymentStatus"])

    def executions(self, device: str) -> list[dict[str, Any]]:
        answer = self.client.list_effective_deployments(coreDeviceThingName=device)
        return list(answer["effectiveDeployments"])

    @invariant()
    def executions_are_of_deployments(self) -> None:
        for device in sorted(self.present) if hasattr(self, "targets") else []:
            rows = self.executions(device)
            assert len({row["targetArn"] for row in rows}) == len(rows), "one a target"
            changed = [row["modifiedTimestamp"] for row in rows]
            assert changed == sorted(changed, reverse=True), "the last changed first"
            for row in rows:
                id, status = row["deploymentId"], row["coreDeviceExecutionStatus"]
                of_thing = row["targetArn"] == THINGS + device
                assert self.targets[id] == row["targetArn"]
                assert of_thing or row["targetArn"].startswith(ALL_OF)
                assert status != ("SUCCEEDED" if of_thing else "COMPLETED")
                assert (row.get("reason") == "SUCCESSFUL") == (status in ("COMPLETED", "SUCCEEDED")), row
                assert status != "TIMED_OUT" or "timeoutConfig" in self.jobs[id]
                if status == "FAILED":
                    assert row["statusDetails"]["errorStack"][0] == "DEPLOYMENT_FAILURE"
                if of_thing:
                    assert self.ended.get((device, id), status) == status, "what ended changes"
                    if status not in UNDER_WAY:
                        self.ended[device, id] = status
                    expected = "FAILED" if status in FAILURES else "ACTIVE" if status in UNDER_WAY else status
                    assert self.status(id) in (expected, "CANCELED", "INACTIVE"), row

    @invariant()
    def group_deployments_go_on(self) -> None:
        for id, target in getattr(self, "targets", {}).items():
            if target.startswith(ALL_OF):
                failed = ("FAILED",) if "abortConfig" in self.jobs[id] else ()
                assert self.status(id) in ("ACTIVE", "CANCELED", "INACTIVE", *failed)

    @invariant()
    def a_target_has_one_latest_deployment(self) -> None:
        if not hasattr(self, "targets"):
            return
        listed = {row["deploymentId"]: row for row in self.client.list_deployments()["deployments"]}
        assert set(listed) == set(self.latest.values())
        for id in self.targets.keys() - listed.keys():
            assert self.status(id) == "INACTIVE"
        for parent in (ALL_OF + "line-4", ALL_OF + "line-6"):
            below = self.client.list_deployments(parentTargetArn=parent)["deployments"]
            assert {row["deploymentId"] for row in below} == {id for id in listed if self.parents[id] == parent}

    @invariant()
    def jobs_count_what_they_list(self) -> None:
        for id, target in getattr(self, "targets", {}).items():
            if not target.startswith(ALL_OF):
                continue
            deployment = self.client.get_deployment(deploymentId=id)
            job = self.registry.describe_job(jobId=deployment["iotJobId"])["job"]
            assert job["status"] == ("IN_PROGRESS" if deployment["deploymentStatus"] == "ACTIVE" else "CANCELED")
            rows = self.registry.list_job_executions_for_job(jobId=job["jobId"])["executionSummaries"]
            assert sum(job["jobProcessDetails"].values()) == len(rows)
            things = {row["thingArn"].rpartition("/")[2] for row in rows}
            assert len(things) == len(rows), "one a thing"
            assert self.told.get(id, set()) <= things, "none gets lost"
            self.told[id] = things
            for row in rows if deployment["deploymentStatus"] == "INACTIVE" else []:
                assert row["jobExecutionSummary"]["status"] != "QUEUED"

    @invariant()
    def devices_are_what_they_reported(self) -> None:
        if not hasattr(self, "targets"):
            return
        pages = self.client.get_paginator("list_core_devices").paginate(PaginationConfig={"PageSize": 2})
        listed = [row for page in pages for row in page["coreDevices"]]
        assert [row["coreDeviceThingName"] for row in listed] == sorted(self.present)
        for row in listed:
            name, heard = row["coreDeviceThingName"], row["lastStatusUpdateTimestamp"]
            told = self.client.get_core_device(coreDeviceThingName=name)
            assert row.items() <= told.items()
            components = self.client.list_installed_components(coreDeviceThingName=name, topologyFilter="ALL")
            rows = components["installedComponents"]
            broken = any(component["lifecycleState"] == "BROKEN" for component in rows)
            assert row["status"] == ("UNHEALTHY" if broken else "HEALTHY")
            assert {component["lastReportedTimestamp"] for component in rows} <= {heard}
            roots = self.client.list_installed_components(coreDeviceThingName=name)["installedComponents"]
            assert roots == [component for component in rows if component["isRoot"]]
            before = self.heard.setdefault(name, heard)
            assert before == heard if name in self.silent else before <= heard
            self.heard[name] = heard


PARTS = ["a", "b", "c", "d"]
#: A device goes into a group, or out of it.
MOVE = st.tuples(st.sampled_from(DEVICES[:2]), st.sampled_from(GROUPS))
SECONDS = st.sampled_from([11, 0, 80])


class Moves(RuleBasedStateMachine):
    """Devices that nothing befalls but that they come and go, also in the middle of a deployment.

    Once all has settled, and the device has had one more deployment, its roots are the components of the active
    deployments that address it; of a group and its subdeployment, those of the newer one.
    """

    emulator: Emulator
    client: Any
    registry: Any

    @initialize()
    def begin(self) -> None:
        self.emulator.reset()
        for name in PARTS:
            publish(self.client, name)
        for group in GROUPS:
            self.registry.create_thing_group(thingGroupName=group)
        self.emulator.register_core_device(DEVICES[0], thing_groups=GROUPS)
        self.emulator.register_core_device(DEVICES[1])
        self.groups = {DEVICES[0]: set(GROUPS), DEVICES[1]: set()}
        #: By target: id, components and parent of its latest deployment.
        self.latest: dict[str, tuple[str, list[str], str | None]] = {}

    @rule(
        target_arn=st.sampled_from([*(ALL_OF + g for g in GROUPS), *(THINGS + d for d in DEVICES[:2])]),
        names=st.lists(st.sampled_from(PARTS), unique=True),
        parent=st.sampled_from([None, ALL_OF + GROUPS[0]]),
        job=st.sampled_from([{}, {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1}}]),
        seconds=SECONDS,
        moves=st.lists(MOVE, max_size=2),
    )
    def deploy(
        self,
        target_arn: str,
        names: list[str],
        parent: str | None,
        job: dict[str, Any],
        seconds: int,
        moves: list[tuple[str, str]],
    ) -> None:
        self.send(target_arn, names, parent if target_arn == ALL_OF + GROUPS[1] else None, iotJobConfiguration=job)
        self.emulator.advance(seconds)
        for device, group in moves:
            self.move(device, group)

    def send(self, target: str, names: list[str], parent: str | None = None, **params: Any) -> None:
        if parent:
            params["parentTargetArn"] = parent
        for other in [other for other, (_, _, above) in self.latest.items() if above == target]:
            del self.latest[other]
        self.latest.pop(target, None)  # the newest comes last
        self.latest[target] = deploy(self.client, target, *names, **params), names, parent

    def move(self, device: str, group: str) -> None:
        if group in self.groups[device]:
            self.groups[device].remove(group)
            self.registry.remove_thing_from_thing_group(thingName=device, thingGroupName=group)
        else:
            self.groups[device].add(group)
            self.registry.add_thing_to_thing_group(thingName=device, thingGroupName=group)

    @rule(moves=st.lists(MOVE, max_size=3), names=st.lists(st.sampled_from(PARTS), unique=True))
    def one_more(self, moves: list[tuple[str, str]], names: list[str]) -> None:
        for device, group in moves:
            self.move(device, group)
        self.emulator.settle()
        for device in DEVICES[:2]:
            self.send(THINGS + device, names)
        self.emulator.settle()
        for device in DEVICES[:2]:
            self.check(device)

    def teardown(self) -> None:
        if hasattr(self, "groups"):
            self.one_more([], [])

    def check(self, device: str) -> None:
        rows = {
            row["targetArn"]: (row["deploymentId"], row["coreDeviceExecutionStatus"])
            for row in self.client.list_effective_deployments(coreDeviceThingName=device)["effectiveDeployments"]
        }
        targets = {THINGS + device, *(ALL_OF + group for group in self.groups[device])}
        here = {target: told for target, told in self.latest.items() if target in targets}
        for target, (id, _, _) in here.items():
            assert rows[target] == (id, "SUCCEEDED" if target.startswith(ALL_OF) else "COMPLETED")
        if any(target in rows and target not in here for target in targets):
            return  # it keeps what its subdeployment had brought: the parent's revision may not address it
        expected: set[str] = set()
        for place, (target, (_, names, parent)) in enumerate(here.items()):
            later = list(here.items())[place + 1 :]
            if not any(other == parent or above == target for other, (_, _, above) in later):
                expected |= set(names)
        roots = self.client.list_installed_components(coreDeviceThingName=device)["installedComponents"]
        assert {row["componentName"] for row in roots} == expected


@pytest.mark.timeout(3600)  # what fails is made small, which takes its time
@pytest.mark.parametrize(("kind", "examples", "steps"), [(Fleet, 10, 16), (Moves, 40, 6)])
def test_any_fate_of_a_fleet(kind: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333", deployment_seconds=(10, 61)) as emulator:
        cloud = {"emulator": emulator, "client": client_of(emulator), "registry": registry_of(emulator)}
        machine = type("Machine", (kind,), cloud)
        nightly = settings().max_examples > 1000
        few = settings(max_examples=300 if nightly else examples, stateful_step_count=steps)
        run_state_machine_as_test(machine, settings=few)
