"""List what there is, with paginators: components and their versions, devices and what they run.

python inventory.py --page-size 10
"""

import argparse
import sys

import boto3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page-size", type=int, default=100, help="rows of a page, 1 to 100 (default 100)")
    parser.add_argument("--max-devices", type=int, help="show at most so many devices")
    arguments = parser.parse_args()

    client = boto3.client("greengrassv2")
    paging = {"PageSize": arguments.page_size}

    print("components")
    versions = client.get_paginator("list_component_versions")
    for component in (
        client.get_paginator("list_components")
        .paginate(scope="PRIVATE", PaginationConfig=paging)
        .search("components[]")
    ):
        rows = versions.paginate(arn=component["arn"], PaginationConfig=paging).search(
            "componentVersions[].componentVersion"
        )
        print(f"  {component['componentName']}: {', '.join(rows)}")

    print("devices")
    installed = client.get_paginator("list_installed_components")
    devices = client.get_paginator("list_core_devices").paginate(
        PaginationConfig={**paging, "MaxItems": arguments.max_devices}
    )
    for page in devices:
        for device in page["coreDevices"]:
            name = device["coreDeviceThingName"]
            print(f"  {name}: {device['status']}, {device['platform']}/{device['architecture']}")
            whole = installed.paginate(
                coreDeviceThingName=name, topologyFilter="ROOT", PaginationConfig=paging
            ).build_full_result()
            for component in whole["installedComponents"]:
                print(f"    {component['componentName']} {component['componentVersion']} {component['lifecycleState']}")
    print("there are more devices" if devices.resume_token else "that is all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
