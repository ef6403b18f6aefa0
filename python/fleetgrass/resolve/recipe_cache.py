"""Recipes that were fetched once, in files: a published version never changes.

A file is named by the digest of the version's ARN, so that no name of a component can be a bad or an ambiguous name of
a file. It begins with the digest of what follows, so one that was cut short or changed is fetched again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

#: Hosts of AWS end so. What has another endpoint may have another recipe under the same ARN.
AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonwebservices.com.cn")


class RecipeCache:
    """A folder of recipes, or none."""

    def __init__(self, folder: Path | None, cloud: str = "") -> None:
        self._folder = folder
        self._cloud = cloud

    @classmethod
    def of(cls, endpoint_url: str, folder: str | os.PathLike[str] | None) -> RecipeCache:
        """The cache for the cloud at an endpoint: in the folder given, in the user's for AWS, else none."""
        host = urlsplit(endpoint_url).hostname or ""
        is_aws = host.endswith(AWS_HOSTS)
        if folder is None and not is_aws:
            return cls(None)
        # AWS is one cloud, whichever endpoint it is reached at; Region and account are in the ARN
        return cls(user_cache() if folder is None else Path(folder), "" if is_aws else endpoint_url)

    def read(self, arn: str) -> bytes | None:
        """The recipe, unless it was never kept or is damaged."""
        if self._folder is None:
            return None
        try:
            digest, _, recipe = self._file(arn).read_bytes().partition(b"\n")
        except OSError:
            return None
        return recipe if digest == _digest(recipe) else None

    def write(self, arn: str, recipe: bytes) -> None:
        """Keeps the recipe. A folder that cannot be written to is passed over: the next run fetches it again."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
                try:
                    file.write(_digest(recipe) + b"\n" + recipe)
                    file.close()
                    os.replace(file.name, self._file(arn))
                except BaseException:
                    file.close()
                    os.unlink(file.name)
                    raise
        except OSError:
            pass

    def _file(self, arn: str) -> Path:
        assert self._folder is not None
        return self._folder / (hashlib.sha256(f"{self._cloud}\n{arn}".encode()).hexdigest() + ".recipe")


def user_cache() -> Path:
    """Where programs of this platform keep what they can fetch again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fleetgrass" / "recipes"


def _digest(recipe: bytes) -> bytes:
    return hashlib.sha256(recipe).hexdigest().encode()
