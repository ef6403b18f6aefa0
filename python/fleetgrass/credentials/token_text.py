"""The token in a file that Kubernetes or a container agent keeps up to date. It is read anew each time."""

from __future__ import annotations

from fleetgrass.credentials import refuse


def read(provider: str, path: str) -> str:
    """`OSError`: the file cannot be read. `CredentialRetrievalError`: it is no text; what it holds is not told."""
    with open(path, encoding="utf-8") as file:
        try:
            return file.read()
        except UnicodeDecodeError:
            pass
    return refuse(provider, f"the token file {path} is not UTF-8 text: check what writes it, or the path that names it")
