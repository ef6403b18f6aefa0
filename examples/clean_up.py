"""Delete the deployments that newer ones have replaced.

    python clean_up.py --dry-run
    python clean_up.py --target-arn arn:aws:iot:us-east-1:123456789012:thinggroup/line-4

Devices are not touched: an inactive deployment reaches none.
"""

import argparse
import sys

import boto3
from botocore.exceptions import ClientError


def inactive_deployments(client, target_arn):
    parameters = {"targetArn": target_arn} if target_arn else {}
    for page in client.get_paginator("list_deployments").paginate(historyFilter="ALL", **parameters):
        for deployment in page["deployments"]:
            if deployment["deploymentStatus"] == "INACTIVE" and not deployment["isLatestForTarget"]:
                yield deployment


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target-arn", help="a thing or thing group; without it, all targets")
    parser.add_argument("--dry-run", action="store_true", help="print what would be deleted, delete nothing")
    arguments = parser.parse_args()

    client = boto3.client("greengrassv2")
    # All are listed before the first is deleted: pages of a list that changes may leave some out.
    found = list(inactive_deployments(client, arguments.target_arn))
    deleted = failed = 0
    for deployment in found:
        target = deployment["targetArn"].rpartition(":")[2]
        label = f"revision {deployment['revisionId']} of {target} ({deployment.get('deploymentName', 'unnamed')})"
        if arguments.dry_run:
            print(f"would delete {label}")
            continue
        try:
            client.delete_deployment(deploymentId=deployment["deploymentId"])
        except client.exceptions.ResourceNotFoundException:
            print(f"gone already: {label}")
        except ClientError as error:
            print(f"kept {label}: {error}")
            failed += 1
        else:
            print(f"deleted {label}")
            deleted += 1
    print(f"{len(found)} inactive deployments, {deleted} deleted")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
