"""The files of older tools: `AWS_CREDENTIAL_FILE` of the first EC2 tools, and boto 2's configuration."""

from __future__ import annotations

import os

from fleetgrass import _core
from fleetgrass.credentials import Credentials, partial

BOTO_FILES = ("/etc/boto.cfg", "~/.boto")


def load() -> Credentials | None:
    return _ec2_file() or _boto_config()


def _ec2_file() -> Credentials | None:
    path = os.environ.get("AWS_CREDENTIAL_FILE")
    if path is None:
        return None
    path = os.path.expanduser(path)
    try:
        with open(path) as file:
            lines = file.read().splitlines()
    except OSError:
        from fleetgrass import exceptions

        raise exceptions.ConfigNotFound(path=path) from None
    parts = (line.partition("=") for line in lines if "=" in line)
    pairs = {name.strip(): value.strip() for name, _, value in parts}
    if "AWSAccessKeyId" not in pairs:
        return None
    if "AWSSecretKey" not in pairs:
        partial("ec2-credentials-file", "AWSSecretKey")
    return Credentials(pairs["AWSAccessKeyId"], pairs["AWSSecretKey"], method="ec2-credentials-file")


def _boto_config() -> Credentials | None:
    named = os.environ.get("BOTO_CONFIG")
    for path in BOTO_FILES if named is None else (named,):
        path = os.path.expanduser(os.path.expandvars(path))
        if not os.path.isfile(path):
            continue
        section = _core.load_profiles(os.devnull, path)["credentials"].get("Credentials", {})
        if "aws_access_key_id" not in section:
            continue
        if "aws_secret_access_key" not in section:
            partial("boto-config", "aws_secret_access_key")
        return Credentials(section["aws_access_key_id"], section["aws_secret_access_key"], method="boto-config")
    return None
