"""What a script pays before its first call: nothing heavy is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asyncio",
    "boto3",
    "botocore",
    "inspect",
    "json",
    "logging",
    "ssl",
    "typing",
    "urllib3",
    "dateutil",
    "decimal",
}
CLIENT = "fleetgrass.client('greengrassv2', region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')"


def loaded_by(code: str) -> set[str]:
    """The modules that an interpreter has loaded after `code`, beyond those of a bare one."""
    report = "; import sys; print(' '.join(sys.modules))"
    bare, full = (
        subprocess.run(
            [sys.executable, "-I", "-c", c + report], capture_output=True, text=True, check=True
        ).stdout.split()
        for c in ("pass", code)
    )
    return set(full) - set(bare)


@pytest.mark.parametrize("code", ["import fleetgrass", f"import fleetgrass; {CLIENT}"], ids=["import", "first client"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_the_first_timestamp_loads_dateutil_at_most() -> None:
    loaded = loaded_by("from fleetgrass import _timestamps; _timestamps.local_zone()")
    assert not loaded & HEAVY - {"dateutil"}


def test_the_check_sees_a_heavy_import() -> None:
    assert loaded_by("import botocore.session") & HEAVY
