"""A server that never answers, and tells what becomes of those who wait for it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Silent:
    """A server that takes connections and answers nobody."""

    def __enter__(self) -> Silent:
        self.asked = threading.Event()
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def _serve(self) -> None:
        with suppress(OSError), self._listener.accept()[0] as connection:
            connection.recv(65536)
            self.asked.set()
            connection.recv(65536)
            self.ended.set()

    def __exit__(self, *raised: object) -> None:
        self._listener.close()
