"""A recording server on loopback: keeps what came over the wire, writes what it was told to.

It parses as little HTTP as it must (the head's end, the body's length) and changes nothing: path, query, header names
and values, and body are the client's bytes. One thread a connection, kept alive, so that thousands of calls take
seconds. Answers are scripted: each request takes the next one, the last repeats.
"""

import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from support.answers import Answer, reply


@dataclass(frozen=True)
class Request:
    """One request as it came. `target` is path and query exactly as on the wire; header text is read as latin-1."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int = field(compare=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def all(self, name: str) -> list[str]:
        """Every value of a header, whatever the case of its name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The one value of a header, or None."""
        values = self.all(name)
        assert len(values) < 2, f"header {name} came {len(values)} times: {values}"
        return values[0] if values else None


class RecordingServer:
    """`with RecordingServer() as server:` listens at `url`; `script` sets answers, `take` hands over requests."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._requests: list[Request] = []
        self._answers: list[Answer] = [reply()]
        self._open: dict[int, socket.socket] = {}
        # The ports that connections came from, and the connections that have asked for something.
        self._came: set[int] = set()
        self._asked: set[int] = set()
        self._connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "RecordingServer":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        # A closed listener does not wake a blocked accept everywhere; a connection does.
        with self._lock:
            self._closing = True
            sockets = list(self._open.values())
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join(5)
        self._listener.close()
        for connection in sockets:
            _shut(connection)

    _closing = False

    def script(self, answers: Iterable[Answer] = ()) -> None:
        """Answer the next requests with these, the last one again and again; forget requests that came before."""
        with self._lock:
            self._answers = list(answers) or [reply()]
            self._requests = []

    def take(self) -> list[Request]:
        """The requests since the last `script` or `take`."""
        if self._answers[0].then == "hang":
            self._wait_for_the_impatient()
        with self._lock:
            taken, self._requests = self._requests, []
        return taken

    def wait_for_requests(self, count: int) -> None:
        """Return when so many have come since the last `script` or `take`."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._requests) >= count, 10), f"{len(self._requests)} came"

    def _wait_for_the_impatient(self) -> None:
        """A client that gave up has perhaps sent what this side did not come to read."""
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            port = last.getsockname()[1]
            with self._changed:
                assert self._changed.wait_for(lambda: port in self._came, 30), "the server accepts nobody"
        with self._changed:
            assert self._changed.wait_for(lambda: self._open.keys() <= self._asked, 30), (
                "a connection without a request"
            )

    def wait_until_closed(self) -> None:
        """Return when the newest connection is closed on this side: a client that still keeps it has a stale one."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._connections not in self._open, 5), (
                "the server keeps a connection open"
            )

    def _accept(self) -> None:
        while True:
            connection, (_, port) = self._listener.accept()
            with self._lock:
                if self._closing:
                    connection.close()
                    return
                self._connections += 1
                number = self._connections
                self._open[number] = connection
                self._came.add(port)
                self._changed.notify_all()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            stream = connection.makefile("rb")
            while (request := _read(stream, number)) is not None:
                with self._lock:
                    self._requests.append(request)
                    self._asked.add(number)
                    self._changed.notify_all()
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if answer.wire:
                    connection.sendall(answer.wire)
                if answer.then == "hang":
                    stream.read(1)
                if answer.then == "reset":
                    # To be closed without lingering is to be reset; the stream would keep it open.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    stream.close()
                    connection.close()
                if answer.then != "keep":
                    return
        except OSError:
            pass  # The client left: nothing to record.
        finally:
            _shut(connection)
            with self._changed:
                self._open.pop(number, None)
                self._changed.notify_all()


class RefusingServer(RecordingServer):
    """A port that refuses every connection, and that nobody else can get meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._listener.close()
        self._bound = socket.socket()
        self._bound.bind(("127.0.0.1", 0))
        self.port = self._bound.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "RefusingServer":
        return self

    def __exit__(self, *raised: object) -> None:
        self._bound.close()


def _read(stream, number: int) -> Request | None:  # type: ignore[no-untyped-def]
    """The next request of a connection, or None at its end."""
    first = stream.readline()
    if not first:
        return None
    method, _, rest = first.decode("latin-1").rstrip("\r\n").partition(" ")
    target = rest.rpartition(" ")[0]
    headers: list[tuple[str, str]] = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
        headers.append((name, value[1:] if value.startswith(" ") else value))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    body = stream.read(length) if length else b""
    return Request(method, target, tuple(headers), body, number)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
