"""Who may come to a local cloud: users with their keys, devices with their certificates."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from os import PathLike

__all__ = ["BUILT_IN", "AccessKey", "DeviceCertificate"]


@dataclass(frozen=True)
class AccessKey:
    """A key pair that may sign requests to an `Emulator`, and whose it is.

    Args:
        access_key, secret_key: The pair.
        user_name: The IAM user that error texts name.
        account_id: The user's account, twelve digits; None is that of the emulator. The keys of another account sign
            well and are allowed nothing.
        session_token: What temporary keys sign with; None for keys that last.
        expires: The end of the session token, a datetime with a time zone; None for no end.
        actions: The IAM actions that the user may perform, such as `["greengrass:Get*", "iot:*"]`; None allows all.
    """

    access_key: str
    secret_key: str = field(repr=False)
    user_name: str = "dev"
    account_id: str | None = None
    session_token: str | None = field(default=None, repr=False)
    expires: datetime | None = None
    actions: Sequence[str] | None = None

    @property
    def credentials(self) -> dict[str, str]:
        """Keyword arguments of any boto3 client."""
        token = {} if self.session_token is None else {"aws_session_token": self.session_token}
        return {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key, **token}

    def known(self) -> dict[str, Any]:
        """What the core is told of it."""
        if self.expires is not None and self.expires.tzinfo is None:
            raise ValueError(f"expires of {self.access_key!r} has no time zone: give one, such as timezone.utc")
        if isinstance(self.actions, str):
            raise ValueError(f"actions of {self.access_key!r} is {self.actions!r}: give a list of actions")
        expires = None if self.expires is None else self.expires.timestamp()
        actions = None if self.actions is None else list(self.actions)
        return {**self.__dict__, "expires": expires, "actions": actions}


class DeviceCertificate(NamedTuple):
    """A device certificate, its private key and the authority behind the port for devices, all PEM."""

    certificate: str
    private_key: str
    authority: str

    def save(self, directory: str | PathLike[str]) -> tuple[Path, Path, Path]:
        """Write the files that clients want, which only their owner may read; return their paths in the same order.

        boto3 takes the first two as `Config(client_cert=(…, …))`, the third as `verify`.
        """
        place = Path(directory)
        place.mkdir(parents=True, exist_ok=True)
        paths = (place / "device.pem.crt", place / "private.pem.key", place / "authority.pem")
        for path, text in zip(paths, self, strict=True):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
        return paths


#: What an emulator knows that was told of no other.
BUILT_IN = AccessKey("local", "local")
