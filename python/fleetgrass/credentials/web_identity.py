"""A role for whoever has a token of an identity provider: that of a Kubernetes service account, mostly.

The file is read again at each renewal, since whoever wrote it replaces it before it expires.
"""

from __future__ import annotations

import os
import time

from fleetgrass.credentials import WEB_IDENTITY_OF_ENVIRONMENT, sts, token_text
from fleetgrass.credentials.refreshable import RefreshableCredentials, cached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleetgrass.credentials import Search

METHOD = "assume-role-with-web-identity"
VARIABLES = {
    "web_identity_token_file": "AWS_WEB_IDENTITY_TOKEN_FILE",
    "role_arn": "AWS_ROLE_ARN",
    "role_session_name": "AWS_ROLE_SESSION_NAME",
}


def load(search: Search) -> RefreshableCredentials | None:
    features = {"k"}

    def setting(name: str) -> str | None:
        if search.environment and (value := os.environ.get(VARIABLES[name])) is not None:
            features.add(WEB_IDENTITY_OF_ENVIRONMENT)
            return value
        if (value := search.profile.get(name)) is not None:
            features.add("q")
        return value

    path = setting("web_identity_token_file")
    if not path:
        return None
    role = {"RoleSessionName": None, "RoleArn": setting("role_arn")}
    if not role["RoleArn"]:
        from fleetgrass.inert_options import invalid

        invalid(
            "The provided profile or the current environment is configured to assume role with web identity but has no "
            "role ARN configured. Ensure that the profile has the role_arnconfiguration set or the AWS_ROLE_ARN env "
            "var is set."
        )
    name = setting("role_session_name")
    role["RoleSessionName"] = name or f"fleetgrass-session-{int(time.time())}"

    def assume() -> dict[str, Any]:
        token = token_text.read(METHOD, path)
        return sts.assume(search, METHOD, "AssumeRoleWithWebIdentity", {**role, "WebIdentityToken": token})

    key = (METHOD, role["RoleArn"], name)
    return RefreshableCredentials(lambda: cached(search.cache, key, assume), METHOD, features=sorted(features))
