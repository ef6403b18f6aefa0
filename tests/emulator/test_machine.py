"""Any sequence of calls keeps the promises of the service: a model beside the local cloud, boto3 as its client.

Revisions of a target count up and none is given twice; a target has at most one latest revision, the last one made;
what it replaced is INACTIVE; tags are those that were put; pages of any size hold every row once, also where rows come
and go between one page and the next.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from fleetgrass.emulator import Emulator
from support.local_cloud import GROUP, THING, client_of, publish

NAME = "io.acme.Machine"
TARGETS = st.sampled_from([THING, GROUP, f"{GROUP}-2"])
TAGS = st.dictionaries(st.sampled_from("abc"), st.text("xyz", max_size=2), max_size=3)
OF_NAME = "arn:aws:greengrass:eu-west-1:111122223333:components:" + NAME
#: What is read page by page: the operation, its parameters, the rows, and what names a row.
LISTS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "deployments": ("list_deployments", {"historyFilter": "ALL"}, "deployments", "deploymentId"),
    "versions": ("list_component_versions", {"arn": OF_NAME}, "componentVersions", "arn"),
    "devices": ("list_core_devices", {}, "coreDevices", "coreDeviceThingName"),
}


class Walk:
    """From page to page of one list, while other calls are made."""

    def __init__(self, there: set[str]) -> None:
        self.there = there
        self.seen: list[str] = []
        self.token: str | None = None


class Cloud(RuleBasedStateMachine):
    """Deployments, component versions and tags."""

    deployments = Bundle("deployments")
    versions = Bundle("versions")
    emulator: Emulator

    @initialize()
    def begin(self) -> None:
        self.emulator.reset()
        self.client = client_of(self.emulator)
        self.devices = set(self.emulator.register_core_devices(2, "d-", ["group-0"]))
        self.number = 0
        #: By id: target, revision, status or None for whatever its device makes of it.
        self.known: dict[str, dict[str, Any]] = {}
        self.made: dict[str, int] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.walks: dict[str, Walk] = {}

    def there(self, kind: str) -> set[str]:
        """What a list should tell now."""
        if kind == "deployments":
            return {id for id, known in self.known.items() if not known["gone"]}
        if kind == "devices":
            return set(self.devices)
        return {arn for arn in self.tags if arn.startswith(OF_NAME)}

    @rule(kind=st.sampled_from(sorted(LISTS)), size=st.integers(1, 3))
    def next_page(self, kind: str, size: int) -> None:
        operation, params, rows, name = LISTS[kind]
        walk = self.walks.setdefault(kind, Walk(self.there(kind)))
        token = {"nextToken": walk.token} if walk.token else {}
        page = getattr(self.client, operation)(**params, **token, maxResults=size)
        walk.seen += [row[name] for row in page[rows]]
        assert len(page[rows]) <= size
        assert len(walk.seen) == len(set(walk.seen)), "repeated"
        assert {row[name] for row in page[rows]} <= self.there(kind)
        walk.token = page.get("nextToken")
        if not walk.token:
            assert walk.there & self.there(kind) <= set(walk.seen), "lost"
            del self.walks[kind]

    @rule(name=st.sampled_from(["a", "c", "d-00001-b", "d-00001", "z"]), comes=st.booleans())
    def devices_come_and_go(self, name: str, comes: bool) -> None:
        if comes:
            self.emulator.register_core_device(name)
            self.devices.add(name)
        elif name in self.devices:
            self.client.delete_core_device(coreDeviceThingName=name)
            self.devices.remove(name)
            if "devices" in self.walks:
                # it may come back behind the page that is read next
                self.walks["devices"].there.discard(name)

    @rule(target=versions, tags=TAGS)
    def publish(self, tags: dict[str, str]) -> str:
        self.number += 1
        arn = publish(self.client, NAME, f"1.0.{self.number}")
        self.client.tag_resource(resourceArn=arn, tags=tags or {"a": ""})
        self.tags[arn] = tags or {"a": ""}
        return arn

    @rule(arn=consumes(versions))
    def delete_component(self, arn: str) -> None:
        self.client.delete_component(arn=arn)
        del self.tags[arn]
        with pytest.raises(ClientError, match="does not exist"):
            self.client.describe_component(arn=arn)

    @rule(data=st.data(), put=TAGS, taken=st.lists(st.sampled_from("abcd"), min_size=1, max_size=2))
    def change_tags(self, data: st.DataObject, put: dict[str, str], taken: list[str]) -> None:
        if not self.tags:
            return
        arn = data.draw(st.sampled_from(sorted(self.tags)))
        if put:
            self.client.tag_resource(resourceArn=arn, tags=put)
        self.client.untag_resource(resourceArn=arn, tagKeys=taken)
        self.tags[arn] = {key: value for key, value in {**self.tags[arn], **put}.items() if key not in taken}

    @rule(target=deployments, on=TARGETS, token=st.sampled_from([None, "one", "two"]), tags=TAGS)
    def deploy(self, on: str, token: str | None, tags: dict[str, str]) -> Any:
        token = token and f"{token}-{on.rpartition('/')[2]}"
        given = {"clientToken": token} if token else {"tags": tags} if tags else {}
        id = self.client.create_deployment(targetArn=on, **given)["deploymentId"]
        if id in self.known:
            assert token, "the same id without a token"
            return multiple()
        assert not token or token not in {known["token"] for known in self.known.values()}, "a token that began anew"
        for other in self.known.values():
            if other["target"] == on:
                other["latest"] = False
        self.made[on] = self.made.get(on, 0) + 1
        self.tags[self.arn(id)] = {} if token else tags
        self.known[id] = {"target": on, "revision": self.made[on], "latest": True, "gone": False, "token": token}
        return id

    @rule(id=deployments)
    def cancel(self, id: str) -> None:
        known = self.known[id]
        allowed = ("ACTIVE", "COMPLETED", "FAILED")
        if known["gone"]:
            with pytest.raises(ClientError, match="does not exist"):
                self.client.cancel_deployment(deploymentId=id)
        elif self.client.get_deployment(deploymentId=id)["deploymentStatus"] not in allowed:
            with pytest.raises(ClientError, match="can't be canceled"):
                self.client.cancel_deployment(deploymentId=id)
        else:
            assert known["latest"], "what was replaced goes on"
            assert self.client.cancel_deployment(deploymentId=id)["message"] == "SUCCESS"
            assert self.client.get_deployment(deploymentId=id)["deploymentStatus"] == "CANCELED"

    @rule(id=deployments)
    def delete(self, id: str) -> None:
        known = self.known[id]
        if known["gone"]:
            with pytest.raises(ClientError, match="does not exist"):
                self.client.delete_deployment(deploymentId=id)
            return
        if self.client.get_deployment(deploymentId=id)["deploymentStatus"] == "ACTIVE":
            with pytest.raises(ClientError, match="is in state ACTIVE"):
                self.client.delete_deployment(deploymentId=id)
            return
        self.client.delete_deployment(deploymentId=id)
        known["gone"] = True
        del self.tags[self.arn(id)]
        with pytest.raises(ClientError, match="does not exist"):
            self.client.list_tags_for_resource(resourceArn=self.arn(id))

    def arn(self, id: str) -> str:
        return f"arn:aws:greengrass:eu-west-1:111122223333:deployments:{id}"

    @invariant()
    def deployments_are_those_that_were_made(self) -> None:
        if not hasattr(self, "known"):
            return
        size = 1 + len(self.known) % 3
        pages = self.client.get_paginator("list_deployments").paginate(
            historyFilter="ALL", PaginationConfig={"PageSize": size}
        )
        listed = [row for page in pages for row in page["deployments"]]
        expected = {id: known for id, known in self.known.items() if not known["gone"]}
        assert [row["deploymentId"] for row in listed] == list(reversed(expected)), "newest first, each once"
        for row in listed:
            known = expected[row["deploymentId"]]
            assert (row["targetArn"], row["revisionId"]) == (known["target"], str(known["revision"]))
            assert row["isLatestForTarget"] == known["latest"]
            if not known["latest"]:
                assert row["deploymentStatus"] in ("INACTIVE", "CANCELED"), row
        latest = self.client.list_deployments()["deployments"]
        assert {row["deploymentId"] for row in latest} == {id for id, known in expected.items() if known["latest"]}

    @invariant()
    def tags_are_those_that_were_put(self) -> None:
        for arn, tags in getattr(self, "tags", {}).items():
            assert self.client.list_tags_for_resource(resourceArn=arn)["tags"] == tags

    @invariant()
    def versions_are_those_that_were_published(self) -> None:
        if not hasattr(self, "tags"):
            return
        paginator = self.client.get_paginator("list_component_versions")
        pages = paginator.paginate(arn=OF_NAME, PaginationConfig={"PageSize": 2})
        listed = [row["arn"] for page in pages for row in page["componentVersions"]]
        assert sorted(listed) == sorted(self.there("versions"))


@pytest.mark.timeout(3600)  # what fails is made small, which takes its time
def test_any_sequence_of_calls() -> None:
    with Emulator(region_name="eu-west-1", account_id="111122223333") as emulator:
        machine = type("Machine", (Cloud,), {"emulator": emulator})
        nightly = settings().max_examples > 1000
        few = settings(max_examples=400 if nightly else 20, stateful_step_count=25)
        run_state_machine_as_test(machine, settings=few)
