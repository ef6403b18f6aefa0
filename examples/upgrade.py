"""Take the latest deployment of a target, change the version of one component, and deploy the result.

    python upgrade.py arn:aws:iot:us-east-1:123456789012:thinggroup/line-4 com.example.Pump 1.1.0

The service replaces a target's deployment as a whole, so everything else is carried over as it was.
"""

import argparse
import sys

import boto3
from botocore.exceptions import ClientError

#: What a new deployment takes from the one before it.
CARRIED_OVER = ("deploymentName", "components", "deploymentPolicies", "iotJobConfiguration", "parentTargetArn", "tags")


def latest_deployment(client, target_arn):
    """The latest deployment of a target with all its members, or None."""
    found = client.list_deployments(targetArn=target_arn, historyFilter="LATEST_ONLY")["deployments"]
    if not found:
        return None
    return client.get_deployment(deploymentId=found[0]["deploymentId"])


def upgrade(client, target_arn, component, version):
    """Deploy `component` in another version; return the new deployment's id and the version it had before."""
    latest = latest_deployment(client, target_arn)
    if latest is None:
        raise LookupError(f"{target_arn} has no deployment")
    if component not in latest["components"]:
        raise LookupError(
            f"{component} is not deployed to {target_arn}; there are: {', '.join(sorted(latest['components']))}"
        )
    request = {name: latest[name] for name in CARRIED_OVER if latest.get(name)}
    before = request["components"][component]["componentVersion"]
    request["components"][component]["componentVersion"] = version
    made = client.create_deployment(targetArn=target_arn, **request)
    return made["deploymentId"], before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target_arn", help="ARN of a thing or thing group")
    parser.add_argument("component", help="name of a component of its latest deployment")
    parser.add_argument("version", help="the version that it shall have")
    arguments = parser.parse_args()

    client = boto3.client("greengrassv2")
    try:
        deployment_id, before = upgrade(client, arguments.target_arn, arguments.component, arguments.version)
    except (ClientError, LookupError) as error:
        print(f"not deployed: {error}")
        return 1
    made = client.get_deployment(deploymentId=deployment_id)
    print(f"{made.get('deploymentName', 'unnamed')}, revision {made['revisionId']}, {made['deploymentStatus']}")
    for name, component in sorted(made["components"].items()):
        was = f" (was {before})" if name == arguments.component else ""
        print(f"  {name} {component['componentVersion']}{was}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
