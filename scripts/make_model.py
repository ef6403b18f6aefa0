"""Write src/model/greengrassv2.json: the facts of the service, from the botocore that is installed.

Names, types, locations, constraints, errors and paginators are copied in botocore's own layout (so that
`botocore.model.ServiceModel` can read the file too); documentation is not. The sentences that `help()` shows are
ours and stand below: a new operation needs one, and a new field is one run of this script.

    python scripts/make_model.py            # write
    python scripts/make_model.py --check    # exit 1 if the file is not what botocore says
"""

import json
import sys
from pathlib import Path
from typing import Any

import botocore.session

MODEL = Path(__file__).parent.parent / "src" / "model" / "greengrassv2.json"

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


def without_prose(node: Any) -> Any:
    """A copy of a service description with every `documentation` string left out."""
    if isinstance(node, dict):
        return {k: without_prose(v) for k, v in node.items() if not (k == "documentation" and isinstance(v, str))}
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    return node


def facts() -> dict[str, Any]:
    """The service's model as our file holds it."""
    loader = botocore.session.get_session().get_component("data_loader")
    service = without_prose(loader.load_service_model("greengrassv2", "service-2"))
    pagination = loader.load_service_model("greengrassv2", "paginators-1")["pagination"]
    missing = sorted(set(service["operations"]) - set(DESCRIPTIONS))
    if missing:
        raise SystemExit(f"{__file__}: write a description for {', '.join(missing)}")
    for name, operation in service["operations"].items():
        operation["documentation"] = DESCRIPTIONS[name]
    return {
        "version": service["version"],
        "metadata": service["metadata"],
        "operations": service["operations"],
        "shapes": service["shapes"],
        "pagination": pagination,
    }


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
    text = compact(facts())
    if "--check" in sys.argv:
        sys.exit(MODEL.read_text() != text)
    MODEL.write_text(text)
