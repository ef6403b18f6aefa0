"""Every refusal of the service in one table: operation, situation, code, text; boto3 asks.

One cloud, as strict as its options make it, answers all rows: what is refused changes nothing. The codes' statuses and
the texts are the service's where they are known. A last test holds the table against the model: each error that an
operation models is met by a row, or stands in `NOT_MET` with the reason. Signatures and broken JSON are no matter of
operations: test_auth.py and test_wire.py have them.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore import xform_name

from fleetgrass.emulator import AccessKey, Emulator
from support.local_cloud import ARN, GROUP, THING, client_of, deploy, publish, recipe, refused

STATUS = {
    "404": 404,  # without a type, so that botocore takes the status as the code
    "AccessDeniedException": 403,
    "ConflictException": 409,
    "InternalServerException": 500,
    "RequestAlreadyInProgressException": 400,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 402,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
V, N, A, C = "ValidationException", "ResourceNotFoundException", "AccessDeniedException", "ConflictException"

PUMP = f"{ARN}:versions:1.0.0"
JUST_MADE = f"{ARN}:versions:2.0.0"
MISSING = f"{ARN}:versions:9.9.9"
PUBLIC = "arn:aws:greengrass:eu-west-1:aws:components:aws.greengrass.Cli:versions:2.17.0"
NO_PUBLIC = PUBLIC.replace("2.17.0", "0.0.1")
PART = f"{GROUP}-part"
DEVICES = "arn:aws:greengrass:eu-west-1:111122223333:coreDevices"
DEPLOYMENTS = DEVICES.replace("coreDevices", "deployments")
USER = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: "
ROLE = "arn:aws:iam::111122223333:role/Greengrass"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:f"
BUCKET = "arn:aws:s3:::b"
COMPONENT = "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):components:[^:]+"
TAGGABLE = "arn:[^:]*:greengrass:[^:]*:(aws|[0-9]+):(components|deployments|coreDevices):.*"
STRANGER = "User: arn:aws:iam::999988887777:user/stranger is not authorized to perform: "
ANOTHER = "of another account"
GUEST = "User: arn:aws:iam::111122223333:user/guest is not authorized to perform: "
UNALLOWED = "without permission"
LINUX = {"attributes": {"os": "linux"}}


class Row(NamedTuple):
    operation: str
    situation: str
    params: dict[str, Any]
    code: str
    #: As in the parameters, `{active}` and so on are ids of deployments.
    message: str


def too_small(value: int, member: str, least: int = 1) -> str:
    return broken(str(value), member, f"value greater than or equal to {least}")


def broken(value: str, member: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must have {rule}"
    )


def too_long(value: str, member: str, most: int) -> str:
    return broken(value, member, f"length less than or equal to {most}")


def unlike(value: str, member: str, pattern: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}"
    )


def candidates(requirements: dict[str, str], os: str = "linux") -> dict[str, Any]:
    candidate = {"componentName": "io.acme.Pump", "versionRequirements": requirements}
    return {"platform": {"attributes": {"os": os}}, "componentCandidates": [candidate]}


LONG = "x" * 129
CORE = {"coreDeviceThingName": "pump-1"}
GHOST = {"coreDeviceThingName": "ghost"}
NO_GHOST = "Core device (ghost) does not exist"
NO_ROW = {"deploymentId": "ghost"}
NO_DEPLOYMENT = "Deployment (ghost) does not exist"
NO_PRIVATE = "Private component (io.acme.Pump:9.9.9) does not exist"
EXISTS = "Component [io.acme.Pump : 1.0.0] for account [111122223333] already exists "

#: A call that each operation would grant.
GRANTED: dict[str, dict[str, Any]] = {
    "AssociateServiceRoleToAccount": {"roleArn": ROLE},
    "BatchAssociateClientDeviceWithCoreDevice": {**CORE, "entries": [{"thingName": "pump-1"}]},
    "BatchDisassociateClientDeviceFromCoreDevice": {**CORE, "entries": [{"thingName": "pump-1"}]},
    "CancelDeployment": {"deploymentId": "{active}"},
    "CreateComponentVersion": {"inlineRecipe": recipe("io.acme.Valve")},
    "CreateDeployment": {"targetArn": GROUP},
    "DeleteComponent": {"arn": PUMP},
    "DeleteCoreDevice": CORE,
    "DeleteDeployment": {"deploymentId": "{canceled}"},
    "DescribeComponent": {"arn": PUMP},
    "DisassociateServiceRoleFromAccount": {},
    "GetComponent": {"arn": PUMP},
    "GetComponentVersionArtifact": {"arn": PUBLIC, "artifactName": "x"},
    "GetConnectivityInfo": {"thingName": "pump-1"},
    "GetCoreDevice": CORE,
    "GetDeployment": {"deploymentId": "{active}"},
    "GetServiceRoleForAccount": {},
    "ListClientDevicesAssociatedWithCoreDevice": CORE,
    "ListComponentVersions": {"arn": ARN},
    "ListComponents": {},
    "ListCoreDevices": {},
    "ListDeployments": {},
    "ListEffectiveDeployments": CORE,
    "ListInstalledComponents": CORE,
    "ListTagsForResource": {"resourceArn": PUMP},
    "ResolveComponentCandidates": {"platform": LINUX, "componentCandidates": [{"componentName": "io.acme.Pump"}]},
    "TagResource": {"resourceArn": PUMP, "tags": {"a": "b"}},
    "UntagResource": {"resourceArn": PUMP, "tagKeys": ["a"]},
    "UpdateConnectivityInfo": {"thingName": "pump-1", "connectivityInfo": []},
}


def resource(params: dict[str, Any]) -> str:
    """What policies call the resource of a call."""
    match params:
        case {"arn": arn} | {"resourceArn": arn}:
            return str(arn)
        case {"coreDeviceThingName": name}:
            return f"{DEVICES}:{name}"
        case {"deploymentId": id}:
            return f"{DEPLOYMENTS}:{id}"
        case {"thingName": name}:
            return f"{DEVICES.rpartition(':')[0]}:/greengrass/things/{name}/connectivityInfo"
    return "*"


LISTS = [
    name
    for name in GRANTED
    if name.startswith("ListC") or name in ("ListDeployments", "ListEffectiveDeployments", "ListInstalledComponents")
]
OF_A_CORE_DEVICE = [name for name, params in GRANTED.items() if "coreDeviceThingName" in params]
OF_A_VERSION = ["DescribeComponent", "GetComponent", "GetComponentVersionArtifact", "DeleteComponent"]
OF_A_DEPLOYMENT = ["GetDeployment", "CancelDeployment", "DeleteDeployment"]
OF_TAGS = ["ListTagsForResource", "TagResource", "UntagResource"]


def given(operation: str, **params: Any) -> dict[str, Any]:
    return {**GRANTED[operation], **params}


ROWS = [
    *(Row(o, "pages of nothing", given(o, maxResults=0), V, too_small(0, "maxResults")) for o in LISTS),
    *(Row(o, "a token of no list", given(o, nextToken="bad"), V, "Invalid nextToken") for o in LISTS),
    *(Row(o, "an unknown device", given(o, **GHOST), N, NO_GHOST) for o in OF_A_CORE_DEVICE if "Client" not in o),
    *(
        Row(o, "a name too long", given(o, coreDeviceThingName=LONG), V, too_long(LONG, "coreDeviceThingName", 128))
        for o in OF_A_CORE_DEVICE
    ),
    *(Row(o, "an unknown device", given(o, **GHOST), N, NO_GHOST) for o in OF_A_CORE_DEVICE if "Client" in o),
    *(Row(o, "an unknown version", given(o, arn=MISSING), N, NO_PRIVATE) for o in OF_A_VERSION),
    *(
        Row(
            o,
            "an unknown public version",
            given(o, arn=NO_PUBLIC),
            N,
            "Public component (aws.greengrass.Cli:0.0.1) does not exist",
        )
        for o in OF_A_VERSION
    ),
    *(
        Row(o, "no version", given(o, arn=ARN), V, unlike(ARN, "arn", f"{COMPONENT}:versions:[^:]+"))
        for o in OF_A_VERSION
    ),
    *(Row(o, "an unknown deployment", NO_ROW, N, NO_DEPLOYMENT) for o in OF_A_DEPLOYMENT),
    *(Row(o, "an empty id", {"deploymentId": " "}, N, "Deployment ( ) does not exist") for o in OF_A_DEPLOYMENT),
    *(Row(o, "an unknown version", given(o, resourceArn=MISSING), N, NO_PRIVATE) for o in OF_TAGS),
    *(Row(o, "an unknown device", given(o, resourceArn=f"{DEVICES}:ghost"), N, NO_GHOST) for o in OF_TAGS),
    *(Row(o, "an unknown deployment", given(o, resourceArn=f"{DEPLOYMENTS}:ghost"), N, NO_DEPLOYMENT) for o in OF_TAGS),
    *(Row(o, "no resource", given(o, resourceArn=BUCKET), V, unlike(BUCKET, "resourceArn", TAGGABLE)) for o in OF_TAGS),
    *(
        Row(o, "a public version", given(o, resourceArn=PUBLIC), A, f"{USER}greengrass:{o} on resource: {PUBLIC}")
        for o in OF_TAGS
    ),
    Row(
        "TagResource",
        "a reserved key",
        given("TagResource", tags={"aws:a": "b"}),
        V,
        "Tag key 'aws:a' begins with the reserved prefix aws:",
    ),
    Row(
        "TagResource",
        "the 51st tag",
        given("TagResource", tags={f"k{n}": "" for n in range(51)}),
        V,
        f"The resource {PUMP} would have 51 tags; the limit is 50",
    ),
    Row("ListComponentVersions", "a version", {"arn": PUMP}, V, unlike(PUMP, "arn", COMPONENT)),
    Row(
        "DeleteComponent",
        "of the public",
        {"arn": PUBLIC},
        A,
        f"{USER}greengrass:DeleteComponent on resource: {PUBLIC}",
    ),
    Row(
        "DeleteComponent",
        "while REQUESTED",
        {"arn": JUST_MADE},
        C,
        "Component [io.acme.Pump : 2.0.0] is in state REQUESTED and can't be deleted.",
    ),
    Row(
        "GetComponentVersionArtifact",
        "in a bucket",
        {"arn": PUMP, "artifactName": "acme/artifact.py"},
        N,
        "Artifact (acme/artifact.py) of component (io.acme.Pump:1.0.0) does not exist",
    ),
    Row(
        "CreateComponentVersion",
        "once more",
        {"inlineRecipe": recipe("io.acme.Pump")},
        C,
        f"{EXISTS}with state: [DEPLOYABLE]",
    ),
    Row(
        "CreateComponentVersion",
        "once more with tags",
        {"inlineRecipe": recipe("io.acme.Pump"), "tags": {"a": "b"}},
        C,
        f"{EXISTS}and can't be created again with tags.",
    ),
    Row(
        "CreateComponentVersion",
        "a token of another",
        {"inlineRecipe": recipe("b"), "clientToken": "once"},
        C,
        "The client token once was used for another request of CreateComponentVersion",
    ),
    Row("CreateComponentVersion", "no document", {"inlineRecipe": b"{"}, A, f"{USER}null"),
    Row("CreateComponentVersion", "an alias", {"lambdaFunction": {"lambdaArn": f"{FUNCTION}:live"}}, A, f"{USER}null"),
    Row("CreateComponentVersion", "neither", {}, V, "Exactly one of inlineRecipe or lambdaFunction must be specified"),
    Row(
        "CreateComponentVersion",
        "both",
        {"inlineRecipe": recipe("b"), "lambdaFunction": {"lambdaArn": f"{FUNCTION}:1"}},
        V,
        "Exactly one of inlineRecipe or lambdaFunction must be specified",
    ),
    Row(
        "CreateComponentVersion",
        "an artifact that is not there",
        {"inlineRecipe": recipe("b").replace(b"artifact.py", b"missing.py")},
        V,
        "Invalid Input: Encountered following errors in Artifacts: "
        "{{s3://acme/missing.py = Specified artifact resource cannot be accessed}}",
    ),
    Row(
        "CreateComponentVersion",
        "too long a recipe",
        {"inlineRecipe": recipe("b") + b" " * (16384 - len(recipe("b")))},
        V,
        "Invalid Input: The recipe has 16384 bytes; the limit is 16000",
    ),
    Row(
        "CreateDeployment",
        "an unknown version",
        {"targetArn": GROUP, "components": {"io.acme.Pump": {"componentVersion": "9.9.9"}}},
        N,
        NO_PRIVATE,
    ),
    Row(
        "CreateDeployment",
        "an unknown public version",
        {"targetArn": THING, "components": {"aws.greengrass.Cli": {"componentVersion": "0.0.1"}}},
        N,
        "Public component (aws.greengrass.Cli:0.0.1) does not exist",
    ),
    Row(
        "CreateDeployment",
        "an unknown group",
        {"targetArn": f"{GROUP}-ghost"},
        N,
        "Thing group line-4-ghost does not exist",
    ),
    Row(
        "CreateDeployment", "an unknown thing", {"targetArn": f"{THING}-ghost"}, N, "Thing pump-1-ghost does not exist"
    ),
    Row(
        "CreateDeployment",
        "no target",
        {"targetArn": ARN},
        V,
        unlike(ARN, "targetArn", "arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)/.+"),
    ),
    Row(
        "CreateDeployment",
        "a token of another",
        {"targetArn": THING, "clientToken": "once"},
        C,
        "The client token once was used for another request of CreateDeployment",
    ),
    Row(
        "CreateDeployment",
        "another parent",
        {"targetArn": PART, "parentTargetArn": f"{GROUP}-2"},
        V,
        f"The target {PART} has subdeployments of another parent: {GROUP}",
    ),
    Row(
        "CreateDeployment",
        "a parent of a thing",
        {"targetArn": THING, "parentTargetArn": GROUP},
        V,
        "The target of a subdeployment and its parent target must be thing groups",
    ),
    Row(
        "CreateDeployment",
        "no name",
        {"targetArn": THING, "deploymentName": ""},
        V,
        broken("", "deploymentName", "length greater than or equal to 1"),
    ),
    Row(
        "DeleteDeployment",
        "while ACTIVE",
        {"deploymentId": "{active}"},
        V,
        "Deployment ({active}) is in state ACTIVE and can't be deleted. Cancel it first.",
    ),
    Row(
        "CancelDeployment",
        "CANCELED",
        {"deploymentId": "{canceled}"},
        V,
        "Deployment ({canceled}) is in state CANCELED and can't be canceled.",
    ),
    Row(
        "CancelDeployment",
        "INACTIVE",
        {"deploymentId": "{inactive}"},
        V,
        "Deployment ({inactive}) is in state INACTIVE and can't be canceled.",
    ),
    Row("ResolveComponentCandidates", "no candidates", {"platform": LINUX}, V, "componentCandidates is missing"),
    Row(
        "ResolveComponentCandidates",
        "for another system",
        candidates({}, os="windows"),
        N,
        "The latest version of Component io.acme.Pump doesn't claim platform os:windows compatibility",
    ),
    Row(
        "ResolveComponentCandidates",
        "no such version",
        candidates({"x": "^9.0.0"}),
        N,
        "Component io.acme.Pump has no usable version satisfying requirements: x requires >=9.0.0 <10.0.0",
    ),
    Row(
        "ResolveComponentCandidates",
        "no common version",
        candidates({"x": "^1.0.0", "y": "^3.0.0"}),
        C,
        "Component io.acme.Pump has version requirements in conflict: "
        "x requires >=1.0.0 <2.0.0, y requires >=3.0.0 <4.0.0",
    ),
    Row("GetServiceRoleForAccount", "none", {}, "404", "You need to attach a service role to this account."),
    *(
        Row(o, ANOTHER, GRANTED[o], A, f"{STRANGER}greengrass:{o} because this local cloud is of account 111122223333")
        for o in GRANTED
    ),
    *(
        Row(
            o,
            UNALLOWED,
            GRANTED[o],
            A,
            f"{GUEST}greengrass:{o} on resource: {resource(GRANTED[o])} "
            f"because no identity-based policy allows the greengrass:{o} action",
        )
        for o in GRANTED
    ),
    Row(
        "CreateDeployment",
        "a reserved key",
        {"targetArn": THING, "tags": {"aws:a": "b"}},
        V,
        "Tag key 'aws:a' begins with the reserved prefix aws:",
    ),
    Row(
        "CreateDeployment",
        "no JSON to merge",
        {
            "targetArn": THING,
            "components": {"io.acme.Pump": {"componentVersion": "1.0.0", "configurationUpdate": {"merge": "x"}}},
        },
        V,
        "Value at 'components.io.acme.Pump.configurationUpdate.merge' is not a JSON object",
    ),
    Row(
        "CreateDeployment",
        "no exact version",
        {"targetArn": THING, "components": {"io.acme.Pump": {"componentVersion": "1"}}},
        N,
        "Private component (io.acme.Pump:1) does not exist",
    ),
    Row(
        "AssociateServiceRoleToAccount",
        "no role",
        {"roleArn": "x"},
        V,
        "Value 'x' at 'roleArn' is not the ARN of an IAM role",
    ),
    Row("GetConnectivityInfo", "a name too long", {"thingName": LONG}, V, too_long(LONG, "thingName", 128)),
    Row(
        "UpdateConnectivityInfo",
        "no port",
        given("UpdateConnectivityInfo", connectivityInfo=[{"portNumber": 70000}]),
        V,
        broken("70000", "connectivityInfo.0.portNumber", "value less than or equal to 65535"),
    ),
]


def client_of_key(emulator: Emulator, key: AccessKey) -> Any:
    return boto3.client(
        "greengrassv2",
        endpoint_url=emulator.endpoint_url,
        region_name=emulator.region_name,
        **key.credentials,
    )


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[Any, dict[str, Any], dict[str, str]]]:
    """A client of the strict cloud, clients of others by situation, and the ids of deployments by their state."""
    guest = AccessKey("AKIDGUEST", "guest", "guest", actions=["iot:*"])
    stranger = AccessKey("AKIDFOREIGN", "foreign", "stranger", account_id="999988887777")
    with Emulator(
        region_name="eu-west-1",
        account_id="111122223333",
        component_seconds=(3600, 0),
        validate_targets=True,
        validate_artifacts=True,
        credentials=[AccessKey("local", "local", "dev"), stranger, guest],
    ) as emulator:
        client = client_of(emulator, parameter_validation=False)
        emulator.put_artifact("s3://acme/artifact.py", b"print()")
        emulator.register_core_device("pump-1", thing_groups=["line-4", "line-4-2", "line-4-part"])
        client.create_component_version(inlineRecipe=recipe("io.acme.Pump"), clientToken="once")
        publish(client, "io.acme.Pump", "3.0.0")
        emulator.settle()
        publish(client, "io.acme.Pump", "2.0.0")
        ids = {"inactive": deploy(client, GROUP), "active": deploy(client, GROUP, clientToken="once")}
        deploy(client, PART, parentTargetArn=GROUP)
        ids["canceled"] = deploy(client, THING)
        client.cancel_deployment(deploymentId=ids["canceled"])
        others = {ANOTHER: client_of_key(emulator, stranger), UNALLOWED: client_of_key(emulator, guest)}
        yield client, others, ids


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.operation}: {row.situation}") for row in ROWS])
def test_row(cloud: tuple[Any, dict[str, Any], dict[str, str]], row: Row) -> None:
    client, others, ids = cloud
    caller = others.get(row.situation, client)
    params = {key: value.format(**ids) if isinstance(value, str) else value for key, value in row.params.items()}
    status, code, error = refused(getattr(caller, xform_name(row.operation)), **params)
    expected = (STATUS[row.code], row.code, row.message.format(**ids))
    assert (status, code, error["Error"]["Message"]) == expected


#: Modelled errors that no row meets, and why; for every operation, or for one.
NOT_MET = {
    ("*", "ThrottlingException"): "comes of a quota or a fault: test_faults.py",
    ("*", "InternalServerException"): "comes of a fault: test_faults.py",
    ("*", "RequestAlreadyInProgressException"): "comes of a fault that holds the first call up: test_deployments.py",
    ("CreateComponentVersion", "ServiceQuotaExceededException"): "needs 5000 versions: test_components.py",
    ("GetDeployment", V): "an id has no rule but that it is not empty, and an empty one makes another path",
    ("ListComponents", N): "names nothing that could be missing",
    ("ListComponentVersions", N): "an unknown component has no versions, which is no error",
    ("CancelDeployment", C): "the wrong state is a ValidationException",
    ("DeleteDeployment", C): "the wrong state is a ValidationException",
    ("DeleteCoreDevice", C): "nothing known holds a core device",
}


def test_every_modelled_error_is_met_or_explained(cloud: tuple[Any, dict[str, Any], dict[str, str]]) -> None:
    model = cloud[0].meta.service_model
    operations = {name: model.operation_model(name) for name in model.operation_names}
    assert set(GRANTED) == set(operations)
    modelled = {(name, shape.name) for name, operation in operations.items() for shape in operation.error_shapes}
    met = {(row.operation, row.code) for row in ROWS}
    everywhere = {code for name, code in NOT_MET if name == "*"}
    assert {pair for pair in modelled - met if pair[1] not in everywhere} == {p for p in NOT_MET if p[0] != "*"}
    assert everywhere <= {code for _, code in modelled}
    assert not everywhere & {code for _, code in met}
    # these come all the same, where the model does not give them
    denied = {(name, A) for name in operations} - modelled
    assert met - modelled == denied | {("GetServiceRoleForAccount", "404")}
