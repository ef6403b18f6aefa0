"""Write src/model/*.json: the facts of the services, from the botocore that is installed.

Names, types, locations, constraints, errors and paginators are copied in botocore's own layout (so that
`botocore.model.ServiceModel` can read the files too); documentation is not. `greengrassv2.json` is the whole service.
The sentences that `help()` shows are ours and stand below: a new operation needs one, and a new field is one run of
this script. `iot.json` is for the emulator, which serves a few operations of the registry and of jobs: they are listed
below, and what only their answers hold has no constraints, since nobody checks an answer.

    python scripts/make_model.py            # write
    python scripts/make_model.py --check    # exit 1 if a file is not what botocore says
"""

import json
import sys
from pathlib import Path
from typing import Any

import botocore.session

MODELS = Path(__file__).parent.parent / "src" / "model"

DESCRIPTIONS = {
    "AssociateServiceRoleToAccount": "Set the IAM role that Greengrass uses for this account in this Region.",
    "BatchAssociateClientDeviceWithCoreDevice": "Let up to 100 client devices connect through a core device.",
    "BatchDisassociateClientDeviceFromCoreDevice": "Dissociate up to 100 client devices from a core device.",
    "CancelDeployment": "Stop a deployment for the devices that have not received it yet.",
    "CreateComponentVersion": "Publish a component version from a recipe or from a Lambda function.",
    "CreateDeployment": "Deploy components to a thing or a thing group, replacing its former deployment.",
    "DeleteComponent": "Delete one version of a component from the service; devices keep what they run.",
    "DeleteCoreDevice": "Delete a core device from the service's list; its thing stays in the registry.",
    "DeleteDeployment": "Delete a deployment that is no longer active.",
    "DescribeComponent": "Read the metadata of a component version: state, publisher, platforms, tags.",
    "DisassociateServiceRoleFromAccount": "Remove the IAM role that Greengrass uses for this account in this Region.",
    "GetComponent": "Read the recipe of a component version.",
    "GetComponentVersionArtifact": "Get a presigned URL of an artifact of a public or Lambda component.",
    "GetConnectivityInfo": "Read the addresses at which client devices reach a core device.",
    "GetCoreDevice": "Read what a core device last reported about itself.",
    "GetDeployment": "Read a deployment: its target, components, policies and status.",
    "GetServiceRoleForAccount": "Read the IAM role that Greengrass uses for this account in this Region.",
    "ListClientDevicesAssociatedWithCoreDevice": "List the client devices that may connect through a core device.",
    "ListComponentVersions": "List the versions of a component, greatest first.",
    "ListComponents": "List the components of the account or the public ones, each with its latest version.",
    "ListCoreDevices": "List the core devices of the Region, by thing group, status or runtime.",
    "ListDeployments": "List deployments: the latest of each target, or all revisions.",
    "ListEffectiveDeployments": "List the deployments that address a core device and how far each got there.",
    "ListInstalledComponents": "List the components on a core device as it last reported them.",
    "ListTagsForResource": "Read the tags of a component version, deployment or core device.",
    "ResolveComponentCandidates": "Ask which component versions meet a device's platform and requirements.",
    "TagResource": "Add or overwrite tags of a component version, deployment or core device.",
    "UntagResource": "Remove tags from a component version, deployment or core device.",
    "UpdateConnectivityInfo": "Replace the addresses at which client devices reach a core device.",
}

#: Operations that devices call at the data plane, with their certificate in place of a signature: those that are served
#: nowhere else, and those that the control plane serves too. botocore's model says it in prose, or not at all.
DEVICE_OPERATIONS = {
    "GetComponentVersionArtifact": "also",
    "GetConnectivityInfo": "also",
    "ResolveComponentCandidates": "only",
    "UpdateConnectivityInfo": "also",
}

#: What Greengrass work needs of AWS IoT.
IOT_OPERATIONS = (
    "AddThingToThingGroup",
    "CancelJob",
    "CreateThing",
    "CreateThingGroup",
    "DeleteThing",
    "DeleteThingGroup",
    "DescribeJob",
    "DescribeThing",
    "DescribeThingGroup",
    "ListJobExecutionsForJob",
    "ListJobExecutionsForThing",
    "ListThingGroups",
    "ListThingGroupsForThing",
    "ListThings",
    "ListThingsInThingGroup",
    "RemoveThingFromThingGroup",
    "UpdateThing",
)

#: Java's classes of ASCII characters, which other regular expressions lack or take for Unicode's.
JAVA_CLASSES = {r"\p{Graph}": r"!-~", r"\p{Upper}": "A-Z", r"\p{Digit}": "0-9"}


def without_prose(node: Any) -> Any:
    """A copy of a service description with every `documentation` string left out."""
    if isinstance(node, dict):
        return {k: without_prose(v) for k, v in node.items() if not (k == "documentation" and isinstance(v, str))}
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    return node


def described(service_name: str) -> dict[str, Any]:
    """A service's model in the layout of our files."""
    loader = botocore.session.get_session().get_component("data_loader")
    service = without_prose(loader.load_service_model(service_name, "service-2"))
    model = {key: service[key] for key in ("version", "metadata", "operations", "shapes")}
    return {**model, "pagination": loader.load_service_model(service_name, "paginators-1")["pagination"]}


def greengrassv2() -> dict[str, Any]:
    """All of the service, with our sentences."""
    model = described("greengrassv2")
    missing = sorted(set(model["operations"]) - set(DESCRIPTIONS))
    if missing:
        raise SystemExit(f"{__file__}: write a description for {', '.join(missing)}")
    for name, operation in model["operations"].items():
        operation["documentation"] = DESCRIPTIONS[name]
        if name in DEVICE_OPERATIONS:
            operation["dataPlane"] = DEVICE_OPERATIONS[name]
    return model


def iot() -> dict[str, Any]:
    """The operations that are listed, and the shapes behind them."""
    model = described("iot")
    operations = {name: model["operations"][name] for name in IOT_OPERATIONS}
    asked = reached(model["shapes"], [operation["input"] for operation in operations.values()])
    told = [operation.get("output") for operation in operations.values()]
    errors = [operation["errors"] for operation in operations.values()]
    shapes = {}
    for name in sorted(asked | reached(model["shapes"], [told, errors])):
        shape = model["shapes"][name]
        if name not in asked:
            shape = {key: value for key, value in shape.items() if key not in {"min", "max", "pattern", "enum"}}
        for java, plain in JAVA_CLASSES.items():
            shape = {**shape, "pattern": shape["pattern"].replace(java, plain)} if "pattern" in shape else shape
        shapes[name] = shape
    pagination = {name: model["pagination"][name] for name in IOT_OPERATIONS if name in model["pagination"]}
    return {**model, "operations": operations, "shapes": shapes, "pagination": pagination}


def reached(shapes: dict[str, Any], node: Any) -> set[str]:
    """The names of all shapes that `node` leads to."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += [value for value in node.values() if isinstance(value, (dict, list))]
            name = node.get("shape")
            if isinstance(name, str) and name not in found:
                found.add(name)
                waiting.append(shapes[name])
    return found


def compact(model: dict[str, Any]) -> str:
    """One line an operation, shape and paginator: small, and a change shows as one line of a diff."""
    lines = []
    for section, value in model.items():
        if section in {"operations", "shapes", "pagination"}:
            rows = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in value.items())
            lines.append(f"{json.dumps(section)}:{{\n{rows}\n}}")
        else:
            lines.append(f"{json.dumps(section)}:{json.dumps(value, separators=(',', ':'))}")
    return "{" + ",\n".join(lines) + "}\n"


if __name__ == "__main__":
    files = {MODELS / f"{model.__name__}.json": compact(model()) for model in (greengrassv2, iot)}
    if "--check" in sys.argv:
        sys.exit(any(not file.exists() or file.read_text() != text for file, text in files.items()))
    for file, text in files.items():
        file.write_text(text)
