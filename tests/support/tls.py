"""Servers on loopback that speak TLS with the certificate of tests/tls, and may want one of their client."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path

from support.listener import Listener

FOLDER = Path(__file__).parent.parent / "tls"
CERTIFICATE = str(FOLDER / "localhost.pem")
KEY = str(FOLDER / "localhost.key")
#: They call themselves authorities; the second one is another host's.
AUTHORITY, ELSEWHERE = str(FOLDER / "authority.pem"), str(FOLDER / "elsewhere.pem")


def server_context(wants_certificate: bool = False, certificate: str = CERTIFICATE) -> ssl.SSLContext:
    """The server's side; with `wants_certificate` only a client that shows the certificate of all tests gets in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.replace(".pem", ".key"))
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CERTIFICATE)
    return context


class TlsServer(Listener):
    """Answers every request with `answer` at `url`, and keeps what came in `requests`."""

    def __init__(
        self,
        *,
        wants_certificate: bool = False,
        certificate: str = CERTIFICATE,
        context: ssl.SSLContext | None = None,
        answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ) -> None:
        self._context = context or server_context(wants_certificate, certificate)
        self._answer = answer
        self.requests: list[str] = []
        super().__init__()
        self.url = f"https://{'localhost' if context else '127.0.0.1'}:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with wrapped as stream, suppress(OSError):
            try:
                stream.do_handshake()
            except ssl.SSLError:
                # A reset would take the alert with it, so that the client could not say why it is turned away.
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(65536):
                    pass
            while request := stream.recv(65536):
                self.requests.append(request.decode("latin-1"))
                stream.sendall(self._answer)


class Garbled(Listener):
    """Answers every greeting with what is no TLS at `url`, and counts the greetings."""

    def __init__(self) -> None:
        self.greetings = 0
        super().__init__()
        self.url = f"https://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            self.greetings += 1
            connection.sendall(b"SSH-2.0-not-here\r\n")
