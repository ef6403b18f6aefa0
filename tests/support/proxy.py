"""A proxy on loopback: keeps the heads that clients send it, then passes on, refuses or falls silent as it is told.

Whatever server a client names, what it sends goes to `upstream`, so that names in tests need no server of their own.
"""

import select
import socket
from contextlib import ExitStack, suppress

from support.listener import Listener
from support.tls import server_context


class Proxy(Listener):
    """Listens at `url`.

    Args:
        upstream: Where tunnels and requests lead, host and port.
        answer: What is answered in place of passing anything on.
        then: What follows this answer: "close", or "hang" for silence.
        tls: Whether the proxy itself is spoken to in TLS.
    """

    def __init__(
        self,
        upstream: tuple[str, int] | None = None,
        *,
        answer: bytes | None = None,
        then: str = "close",
        tls: bool = False,
    ) -> None:
        self._upstream = upstream
        self._answer = answer
        self._then = then
        self._context = server_context() if tls else None
        self.heads: list[str] = []
        self._cleanup = ExitStack()
        super().__init__()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"

    def __exit__(self, *raised: object) -> None:
        super().__exit__(*raised)
        self._cleanup.close()

    def take(self) -> list[str]:
        """The heads since the last time."""
        taken, self.heads = self.heads, []
        return taken

    def serve(self, connection: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            stack.enter_context(connection)
            if self._context is not None:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            self.heads.append(head.decode("latin-1"))
            if self._answer is None:
                self._pass_on(connection, head)
                return
            connection.sendall(self._answer)
            if self._then == "hang":
                self._cleanup.push(stack.pop_all())

    def _pass_on(self, connection: socket.socket, head: bytes) -> None:
        assert self._upstream is not None
        with socket.create_connection(self._upstream) as server:
            if head.startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(head)
            while True:
                # One thread for both ways: a TLS stream must not be read and written at the same time.
                waiting = getattr(connection, "pending", lambda: 0)()
                ready = [connection] if waiting else select.select([connection, server], [], [])[0]
                for source in ready:
                    received = source.recv(65536)
                    if not received:
                        return
                    if source is connection and not head.startswith(b"CONNECT "):
                        self.heads.append(received.decode("latin-1"))
                    (server if source is connection else connection).sendall(received)
