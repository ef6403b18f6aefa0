"""Find the core devices on which a deployment failed, or that are unhealthy, and say why.

    python find_failed.py

Ends with 1 if there are any, so that a monitoring job can tell.
"""

import argparse
import sys

import boto3

FAILED = ("FAILED", "REJECTED", "TIMED_OUT")


def pages(client, method, key, **parameters):
    """The rows of all pages of a list."""
    for page in client.get_paginator(method).paginate(**parameters):
        yield from page[key]


def failures(client, device):
    """What went wrong on one device, a line for each deployment."""
    thing = device["coreDeviceThingName"]
    deployments = pages(client, "list_effective_deployments", "effectiveDeployments", coreDeviceThingName=thing)
    for deployment in deployments:
        if deployment["coreDeviceExecutionStatus"] in FAILED:
            name = deployment.get("deploymentName", deployment["targetArn"])
            details = deployment.get("statusDetails") or {}
            yield f"{name}: {deployment['coreDeviceExecutionStatus']}: {deployment.get('reason', 'no reason given')}"
            if details.get("errorStack"):
                yield "  " + " > ".join(details["errorStack"])
    if device["status"] == "UNHEALTHY":
        components = pages(client, "list_installed_components", "installedComponents", coreDeviceThingName=thing)
        for component in components:
            if component["lifecycleState"] in ("BROKEN", "ERRORED"):
                yield f"{component['componentName']} {component['componentVersion']} is {component['lifecycleState']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--status", choices=["HEALTHY", "UNHEALTHY"], help="look at these devices only")
    arguments = parser.parse_args()

    client = boto3.client("greengrassv2")
    parameters = {"status": arguments.status} if arguments.status else {}
    looked_at = failed = 0
    for device in pages(client, "list_core_devices", "coreDevices", **parameters):
        looked_at += 1
        lines = list(failures(client, device))
        if lines or device["status"] == "UNHEALTHY":
            failed += 1
            print(f"{device['coreDeviceThingName']} ({device['status']})")
            for line in lines:
                print(f"  {line}")
    print(f"{failed} of {looked_at} devices need a look")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
