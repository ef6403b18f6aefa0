"""boto3 itself, pointed at the local cloud, gets the same answers as fleetgrass does.

Reads go to one cloud and must agree to the last timestamp. Sequences that write go to a fresh cloud for each side:
there, ids are numbered in the order in which a side meets them, and of times the kind is compared.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import xform_name
from botocore.config import Config
from hypothesis import HealthCheck, given, settings, strategies as st

from fleetgrass import _core
from fleetgrass.emulator import Emulator
from support.compare import Side
from support.outcome import Outcome, capture, differences
from support.wrong import WRONG_CLIENTS, wrong_side

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
NEVER_MADE = "00000000-0000-4000-8000-000000000000"

#: Names, versions and devices are few, so that calls meet what earlier calls made.
NAMES = ("a", "io.acme.Pump", "unknown")
VERSIONS = ("1.0.0", "1.1.0", "2.0.0-rc.1")
THINGS = ("pump-1", "pump:2", "pump-3")
GROUPS = ("line-4", "all")
ACCOUNT = "arn:aws:greengrass:us-east-1:123456789012"
PUBLIC = "arn:aws:greengrass:us-east-1:aws:components:aws.greengrass.Nucleus:versions:2.17.0"
NUCLEUS_DIGEST = base64.b64encode(hashlib.sha256(f"{PUBLIC}/aws.greengrass.Nucleus.zip".encode()).digest()).decode()
ARTIFACT = f"{NUCLEUS_DIGEST}/aws.greengrass.Nucleus.zip"
ROLE = "arn:aws:iam::123456789012:role/GgRole"
LINUX = {"attributes": {"os": "linux", "architecture": "amd64"}}


@dataclass(frozen=True)
class Made:
    """Stands for the id of a deployment that an earlier call made, which is another one on each side."""

    number: int
    template: str = "{}"


@dataclass
class Cloud:
    """A side's client and cloud, and what it has met."""

    client: Any
    emulator: Emulator
    made: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """`value` with the ids of this side in it."""
        match value:
            case Made(number, template):
                return template.format(self.made[number % len(self.made)] if self.made else NEVER_MADE)
            case dict():
                return {key: self.resolve(item) for key, item in value.items()}
            case _:
                return value

    def call(self, method: str, **params: Any) -> Any:
        answer = getattr(self.client, method)(**self.resolve(params))
        if method == "create_deployment" and answer["deploymentId"] not in self.made:
            self.made.append(answer["deploymentId"])
        return answer

    def walk(self, method: str, config: dict[str, int], **params: Any) -> Any:
        pages = self.client.get_paginator(method).paginate(**self.resolve(params), PaginationConfig=config)
        return list(pages), pages.build_full_result(), bool(pages.resume_token)

    def register(self, method: str, **params: Any) -> Any:
        return getattr(self.emulator, method)(**params)

    def plain(self, value: Any) -> Any:
        """`value` as any other run of the same side would have it."""
        match value:
            case dict():
                return {key: "token" if key == "nextToken" else self.plain(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(self.plain(item) for item in value)
            case datetime():
                return value.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
            case str():
                value = ISO_TIME.sub("time", value)
                return UUID.sub(lambda found: self.ids.setdefault(found[0], f"id-{len(self.ids)}"), value)
            case _:
                return value


def of_the_answer(value: Any) -> Any:
    """`value` without what differs between two answers to one request: tokens tell when they were made."""
    match value:
        case {"nextToken": str()}:
            return of_the_answer({**value, "nextToken": True})
        case {"NextToken": str(token)}:
            point = json.loads(base64.b64decode(token))
            return of_the_answer({**value, "NextToken": {**point, "nextToken": bool(point.get("nextToken"))}})
        case {"ResponseMetadata": {"RequestId": str(), "HTTPHeaders": headers}}:
            kept = {name: text for name, text in headers.items() if name not in ("date", "x-amzn-requestid")}
            value = {**value, "ResponseMetadata": {**value["ResponseMetadata"], "RequestId": "", "HTTPHeaders": kept}}
            if "preSignedUrl" in value:
                # host and signature are the cloud's own, and the time is part of the query
                value["preSignedUrl"] = urlsplit(value["preSignedUrl"]).path
            return value
        case list() | tuple():
            return type(value)(of_the_answer(item) for item in value)
        case _:
            return value


def of_the_state(side: Cloud, value: Any) -> Any:
    """`value` without what differs between two clouds with the same past."""
    return side.plain(of_the_answer(value))


@dataclass(frozen=True)
class Step:
    """What both sides do: a method of `Cloud` and its arguments."""

    act: Callable[..., Any]
    method: str
    params: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.act.__name__}({self.method!r}, {self.params})"


def compare(step: Step, theirs: Cloud, ours: Cloud, plain: Callable[[Cloud, Any], Any]) -> Outcome:
    """Take `step` on both sides, and give back what their client made of it."""
    outcomes = []
    for side in (theirs, ours):
        found = capture(lambda side=side: step.act(side, step.method, **step.params))
        if found.error is None:
            found = replace(found, value=plain(side, found.value))
        elif hasattr(found.error, "response"):
            found.error.response = plain(side, found.error.response)
            found.error.args = tuple(plain(side, argument) for argument in found.error.args)
        outcomes.append(found)
    assert differences(*outcomes, native_texts=True) == [], step
    return outcomes[0]


def recipe(name: str, version: str, needs: str | None) -> bytes:
    head = {"RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": version}
    dependencies = {needs: {"VersionRequirement": ">=1.0.0"}} if needs else {}
    manifests = [{"Platform": {"os": "linux"}, "Artifacts": [{"URI": "s3://acme/é.py"}]}]
    return json.dumps({**head, "ComponentDependencies": dependencies, "Manifests": manifests}).encode()


def params(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required or {}, optional=optional)


versions = st.builds(
    lambda name, version: f"{ACCOUNT}:components:{name}:versions:{version}",
    st.sampled_from(NAMES),
    st.sampled_from(VERSIONS),
) | st.just(PUBLIC)
components = st.sampled_from([f"{ACCOUNT}:components:{name}" for name in NAMES] + [PUBLIC, PUBLIC.split(":v")[0]])
groups = st.sampled_from([f"arn:aws:iot:us-east-1:123456789012:thinggroup/{group}" for group in GROUPS])
targets = groups | st.sampled_from([f"arn:aws:iot:us-east-1:123456789012:thing/{thing}" for thing in THINGS] + ["x"])
deployments = st.builds(Made, st.integers(0, 5)) | st.just(NEVER_MADE)
things = st.sampled_from((*THINGS, "nobody", "", "é/ü"))
resources = (
    versions
    | components
    | st.builds(Made, st.integers(0, 5), st.just(f"{ACCOUNT}:deployments:{{}}"))
    | st.sampled_from([f"{ACCOUNT}:coreDevices:{thing}" for thing in THINGS])
)
tags = st.dictionaries(st.sampled_from(["a", "b c", "aws:d"]), st.sampled_from(["", "é"]), max_size=2)
tokens = st.sampled_from(["t1", "t2"])
candidates = params(
    {"componentName": st.sampled_from((*NAMES, "aws.greengrass.Nucleus"))},
    componentVersion=st.sampled_from(VERSIONS),
    versionRequirements=st.dictionaries(st.sampled_from("xy"), st.sampled_from([">=1.0.0", "^1.0.0", "one"])),
)
endpoints = params(
    id=st.sampled_from(["lan", "é"]), hostAddress=st.just("198.51.100.17"), portNumber=st.sampled_from([0, 8883, 65536])
)
entries = st.lists(params({"thingName": st.sampled_from(["sensor-a", "sensor-b", "no name", ""])}), max_size=3)
#: What botocore refuses, what the service refuses, and what both take.
sizes = st.sampled_from([0, 1, 2, 100, 101, "2"])

READS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "describe_component": params({"arn": versions | components}),
    "get_component": params({"arn": versions}, recipeOutputFormat=st.sampled_from(["JSON", "YAML", "XML"])),
    "get_component_version_artifact": params(
        {"arn": versions, "artifactName": st.sampled_from([ARTIFACT, "unknown", "a/é b", ""])},
        s3EndpointType=st.sampled_from(["REGIONAL", "GLOBAL", "NONE"]),
        iotEndpointType=st.sampled_from(["fips", "standard"]),
    ),
    "get_connectivity_info": params({"thingName": things}),
    "get_service_role_for_account": params(),
    "resolve_component_candidates": params(
        platform=st.sampled_from([LINUX, {"attributes": {"os": "darwin"}}, {}]),
        componentCandidates=st.lists(candidates, max_size=2),
    ),
    "get_deployment": params({"deploymentId": deployments}),
    "get_core_device": params({"coreDeviceThingName": things}),
    "list_tags_for_resource": params({"resourceArn": resources}),
}
LISTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "list_components": params(scope=st.sampled_from(["PRIVATE", "PUBLIC"])),
    "list_component_versions": params({"arn": components}),
    "list_deployments": params(
        targetArn=targets, historyFilter=st.sampled_from(["ALL", "LATEST_ONLY", "NONE"]), parentTargetArn=groups
    ),
    "list_core_devices": params(
        thingGroupArn=groups,
        status=st.sampled_from(["HEALTHY", "UNHEALTHY"]),
        runtime=st.sampled_from(["aws_nucleus_classic", "aws_nucleus_lite"]),
    ),
    "list_installed_components": params(
        {"coreDeviceThingName": things}, topologyFilter=st.sampled_from(["ALL", "ROOT"])
    ),
    "list_effective_deployments": params({"coreDeviceThingName": things}),
    "list_client_devices_associated_with_core_device": params({"coreDeviceThingName": things}),
}
recipes = st.builds(recipe, st.sampled_from(NAMES[:2]), st.sampled_from(VERSIONS), st.sampled_from([None, *NAMES]))
ROOTS: list[dict[str, Any]] = [
    {},
    {"a": {"componentVersion": "1.0.0"}},
    {"a": {"componentVersion": "1.1.0", "configurationUpdate": {"merge": '{"k": 1}', "reset": ["/é"]}}},
    {"aws.greengrass.Cli": {"componentVersion": "2.17.0", "runWith": {"posixUser": "ggc"}}},
    {"a": {"componentVersion": "1.0.0"}, "io.acme.Pump": {"componentVersion": "1.0.0"}},
    {"a": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "{"}}},
    {"a": {}},
]
WRITES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "create_component_version": params(
        {"inlineRecipe": st.one_of(recipes, recipes, st.sampled_from([b"", b"{", b"a: b"]))},
        tags=tags,
        clientToken=tokens,
    ),
    "associate_service_role_to_account": params({"roleArn": st.sampled_from([ROLE, "x"])}),
    "disassociate_service_role_from_account": params(),
    "update_connectivity_info": params(
        {"thingName": things, "connectivityInfo": st.lists(endpoints, max_size=2)},
    ),
    "batch_associate_client_device_with_core_device": params({"coreDeviceThingName": things}, entries=entries),
    "batch_disassociate_client_device_from_core_device": params({"coreDeviceThingName": things}, entries=entries),
    "delete_component": params({"arn": versions}),
    "create_deployment": params(
        {"targetArn": targets, "components": st.sampled_from(ROOTS)},
        deploymentName=st.sampled_from(["first", "é", "n" * 257]),
        deploymentPolicies=st.just({"failureHandlingPolicy": "DO_NOTHING"}),
        iotJobConfiguration=st.just({"jobExecutionsRolloutConfig": {"maximumPerMinute": 5}}),
        tags=tags,
        clientToken=tokens,
    )
    | params({"targetArn": groups, "parentTargetArn": groups}),
    "cancel_deployment": params({"deploymentId": deployments}),
    "delete_deployment": params({"deploymentId": deployments}),
    "delete_core_device": params({"coreDeviceThingName": things}),
    "tag_resource": params({"resourceArn": resources, "tags": tags}),
    "untag_resource": params({"resourceArn": resources, "tagKeys": st.lists(st.sampled_from("ab"), max_size=2)}),
}
REGISTRATION = params(
    {"name": st.sampled_from(THINGS), "thing_groups": st.lists(st.sampled_from(GROUPS), unique=True)},
    platform=st.sampled_from(["linux", "windows"]),
)
PAGE = params(maxResults=sizes, nextToken=st.sampled_from(["", "no token"]))
PAGING = st.builds(lambda config: {"config": config}, params(PageSize=st.integers(1, 3), MaxItems=st.integers(1, 5)))


def steps(act: Callable[..., Any], method: str, *parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Step]:
    return st.tuples(*parts).map(lambda drawn: Step(act, method, {k: v for part in drawn for k, v in part.items()}))


READING = [
    *(steps(Cloud.call, method, part) for method, part in READS.items()),
    *(steps(Cloud.call, method, part, PAGE) for method, part in LISTS.items()),
    *(steps(Cloud.walk, method, part, PAGING) for method, part in LISTS.items()),
]
REGISTERING = steps(Cloud.register, "register_core_device", REGISTRATION)
CREATING = [
    *(steps(Cloud.call, method, WRITES[method]) for method in ("create_component_version", "create_deployment")),
    REGISTERING,
]
WRITING = [*(steps(Cloud.call, method, part) for method, part in WRITES.items()), REGISTERING]


def cloud(side: Side, emulator: Emulator) -> Cloud:
    config = Config(retries={"total_max_attempts": 1})
    arguments = {"endpoint_url": emulator.endpoint_url, "region_name": emulator.region_name, **emulator.credentials}
    return Cloud(side.client("greengrassv2", config=config, **arguments), emulator)


@pytest.fixture(scope="module")
def one_cloud(theirs: Side, ours: Side) -> Iterator[tuple[Cloud, Cloud]]:
    """Both sides on one cloud, in which something has happened."""
    with Emulator() as emulator:
        sides = cloud(theirs, emulator), cloud(ours, emulator)
        for thing in THINGS:
            emulator.register_core_device(thing, GROUPS, platform="windows" if thing == "pump-3" else "linux")
        for name, version, number in zip("aab", VERSIONS, count(), strict=False):
            sides[0].call(
                "create_component_version", inlineRecipe=recipe(name, version, None), tags={"number": f"{number}"}
            )
        for target in (*GROUPS, *GROUPS):
            arn = emulator.thing_group_arn(target)
            sides[0].call("create_deployment", targetArn=arn, components={"a": {"componentVersion": "1.1.0"}})
        sides[0].call("create_deployment", targetArn=emulator.thing_arn(THINGS[0]), deploymentName="of a thing")
        sides[1].made.extend(sides[0].made)
        yield sides


@settings(max_examples=200, deadline=None)
@given(step=st.one_of(READING))
def test_one_cloud_is_read_alike(one_cloud: tuple[Cloud, Cloud], step: Step) -> None:
    compare(step, *one_cloud, lambda _, value: of_the_answer(value))


#: What tells the state of a cloud.
THE_WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("list_components", {}),
    ("list_core_devices", {}),
    ("list_deployments", {"historyFilter": "ALL"}),
    *(
        ("list_installed_components", {"coreDeviceThingName": THINGS[0], "topologyFilter": which})
        for which in ("ALL", "ROOT")
    ),
    ("list_effective_deployments", {"coreDeviceThingName": THINGS[0]}),
    ("list_client_devices_associated_with_core_device", {"coreDeviceThingName": THINGS[0]}),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    first=st.lists(st.one_of(CREATING), min_size=6, max_size=12),
    then=st.lists(st.one_of(WRITING + READING), min_size=10, max_size=20),
)
def test_two_clouds_become_alike(theirs: Side, ours: Side, first: list[Step], then: list[Step]) -> None:
    with Emulator() as one, Emulator() as other:
        sides = cloud(theirs, one), cloud(ours, other)
        for step in first + then:
            compare(step, *sides, of_the_state)
        for method, params in THE_WHOLE:
            compare(Step(Cloud.walk, method, {"config": {}, **params}), *sides, of_the_state)


#: One call of every operation, which succeeds after those before it.
GROUP, PUMP = "arn:aws:iot:us-east-1:123456789012:thinggroup/line-4", {"coreDeviceThingName": "pump-1"}
VERSION = {"arn": f"{ACCOUNT}:components:a:versions:1.0.0"}
SUCCESSES: list[tuple[str, dict[str, Any]]] = [
    ("create_component_version", {"inlineRecipe": recipe("a", "1.0.0", None), "clientToken": "t", "tags": {"k": "v"}}),
    ("describe_component", VERSION),
    ("get_component", {**VERSION, "recipeOutputFormat": "YAML"}),
    ("list_component_versions", {"arn": f"{ACCOUNT}:components:a"}),
    ("get_component_version_artifact", {"arn": PUBLIC, "artifactName": ARTIFACT, "iotEndpointType": "fips"}),
    ("resolve_component_candidates", {"platform": LINUX, "componentCandidates": [{"componentName": "a"}]}),
    ("associate_service_role_to_account", {"roleArn": ROLE}),
    ("get_service_role_for_account", {}),
    ("disassociate_service_role_from_account", {}),
    ("update_connectivity_info", {"thingName": "pump-1", "connectivityInfo": [{"portNumber": 8883}]}),
    ("get_connectivity_info", {"thingName": "pump-1"}),
    ("batch_associate_client_device_with_core_device", {**PUMP, "entries": [{"thingName": "sensor-a"}]}),
    ("list_client_devices_associated_with_core_device", PUMP),
    ("batch_disassociate_client_device_from_core_device", {**PUMP, "entries": [{"thingName": "sensor-a"}]}),
    ("create_deployment", {"targetArn": GROUP, "components": ROOTS[1], "deploymentName": "é"}),
    ("get_deployment", {"deploymentId": Made(0)}),
    ("get_core_device", PUMP),
    ("list_core_devices", {"thingGroupArn": GROUP}),
    ("list_installed_components", {**PUMP, "topologyFilter": "ALL"}),
    ("list_effective_deployments", PUMP),
    ("tag_resource", {"resourceArn": f"{ACCOUNT}:coreDevices:pump-1", "tags": {"a": "b"}}),
    ("list_tags_for_resource", {"resourceArn": f"{ACCOUNT}:coreDevices:pump-1"}),
    ("untag_resource", {"resourceArn": f"{ACCOUNT}:coreDevices:pump-1", "tagKeys": ["a"]}),
    ("cancel_deployment", {"deploymentId": Made(0)}),
    ("list_deployments", {"targetArn": GROUP}),
    ("delete_deployment", {"deploymentId": Made(0)}),
    ("delete_core_device", PUMP),
    ("delete_component", VERSION),
    ("list_components", {"scope": "PUBLIC"}),
]


def succeed_alike(theirs: Side, ours: Side) -> None:
    with Emulator() as one, Emulator() as other:
        sides = cloud(theirs, one), cloud(ours, other)
        for emulator in (one, other):
            emulator.register_core_device("pump-1", ["line-4"])
        for method, params in SUCCESSES:
            found = compare(Step(Cloud.call, method, params), *sides, of_the_state)
            assert found.error is None, (method, found)
        for step in (
            Step(Cloud.call, "get_deployment", {"deploymentId": NEVER_MADE}),
            Step(Cloud.call, "list_deployments", {"maxResults": 0, "targetArn": 1}),
            Step(Cloud.walk, "list_components", {"scope": "PUBLIC", "config": {"PageSize": 10}}),
        ):
            compare(step, *sides, of_the_state)


def test_every_operation_succeeds_alike(theirs: Side, ours: Side) -> None:
    succeed_alike(theirs, ours)


@pytest.mark.parametrize(
    "name",
    [
        "reports one problem only",
        "changes the text of errors",
        "raises the base class",
        "loses RetryAttempts",
        "loses the request id",
        "reorders the answer",
        "tells the time in UTC",
        "swallows the last page",
    ],
)
def test_a_wrong_client_is_caught(theirs: Side, name: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(WRONG_CLIENTS[name][1].split(":")[0])):
        succeed_alike(theirs, wrong_side(name))


def test_every_operation_is_compared() -> None:
    operations = {xform_name(name) for name in json.loads(_core.model())["operations"]}
    assert operations == READS.keys() | LISTS.keys() | WRITES.keys() == {method for method, _ in SUCCESSES}
