"""Publish component recipes from CI, and wait until the service can deploy them.

    python publish.py recipes/*.json

A version that exists already is an error, so that a pipeline notices a forgotten version bump. With --skip-existing it
is passed over.
"""

import argparse
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError


def publish(client, recipe, interval, timeout):
    """Create one component version from the bytes of its recipe; return its name, version, state and message."""
    arn = client.create_component_version(inlineRecipe=recipe)["arn"]
    deadline = time.monotonic() + timeout
    while True:
        component = client.describe_component(arn=arn)
        state = component["status"]["componentState"]
        if state in ("DEPLOYABLE", "FAILED") or time.monotonic() > deadline:
            message = "" if state == "DEPLOYABLE" else component["status"].get("message", "")
            return component["componentName"], component["componentVersion"], state, message
        time.sleep(interval)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", type=Path, help="recipe files, JSON or YAML")
    parser.add_argument("--skip-existing", action="store_true", help="pass over versions that exist already")
    parser.add_argument("--interval", type=float, default=2, help="seconds between two looks (default 2)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait for one component (default 120)")
    arguments = parser.parse_args()

    client = boto3.client("greengrassv2")
    failed = 0
    for path in arguments.recipes:
        try:
            name, version, state, message = publish(client, path.read_bytes(), arguments.interval, arguments.timeout)
        except client.exceptions.ConflictException:
            print(f"{path.name}: exists already")
            failed += not arguments.skip_existing
        except ClientError as error:
            print(f"{path.name}: {error.response['Error']['Code']}: {error.response['Error']['Message']}")
            failed += 1
        else:
            print(f"{path.name}: {name} {version} {state} {message}".rstrip())
            failed += state != "DEPLOYABLE"
    print(f"{len(arguments.recipes) - failed} of {len(arguments.recipes)} recipes are published")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
