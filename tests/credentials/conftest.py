"""A place for each test, with a server for sources and one for Greengrass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import RecordingServer
from support.sources import Place


@pytest.fixture
def place(tmp_path: Path, server: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with RecordingServer() as greengrass:
        yield Place(tmp_path, server, greengrass, monkeypatch)
