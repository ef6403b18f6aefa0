"""The files in which the commands and SDKs of AWS share what a sign-in gave: read and replaced as one whole.

What cannot be written stays in this process, which reads it as if it were in the file until somebody else has changed
that: the refresh token in the file is spent.
"""

from __future__ import annotations

import hashlib
import json
import os

from fleetgrass.credentials.answers import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


#: What could not be written, by file: what is there instead, and the content.
_unwritten: dict[str, tuple[str | None, dict[str, Any]]] = {}


def read(path: str) -> Any:
    """What the file holds, or should. `OSError`: it cannot be read. `ValueError`: it is no JSON."""
    with open(path) as file:
        text = file.read()
    instead, content = _unwritten.pop(path, (None, {}))
    if text != instead:
        return loads(text)
    write(path, content)
    return dict(content)


def write(path: str, content: dict[str, Any]) -> None:
    """Put `content` where others read it, whole or not at all, for the user alone.

    Where that cannot be, a warning says so, and the next `read` tries again.
    """
    try:
        _replace(path, content)
    except OSError as error:
        import logging

        _unwritten[path] = (_text(path), dict(content))
        logging.getLogger("fleetgrass").warning(
            "renewed, but not written to %s (%s): sign in again when this process has ended", path, error.strerror
        )


def _text(path: str) -> str | None:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return None


def _replace(path: str, content: dict[str, Any]) -> None:
    import tempfile

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        # It has secrets.
        os.unlink(temporary)
        raise


def named(folder: str, algorithm: str, name: str) -> str:
    """The file of a session, whose name is the hash of the session's."""
    return os.path.join(folder, f"{hashlib.new(algorithm, name.encode(), usedforsecurity=False).hexdigest()}.json")
