"""Ctrl-C ends a call within 100 ms wherever it waits, and the client goes on."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import fleetgrass
from fleetgrass import _core, exceptions
from support.answers import HALF_BODY_THEN_SILENT, reply
from support.interrupts import TRIES, WITHIN, ctrl_c, until

TLS = Path(__file__).parent / "tls"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT"),
    pytest.mark.timeout(30),
]


class Stubborn:
    """A server that keeps its first caller waiting and serves the second until it leaves.

    It sends what `first` is to whoever comes first, once the request (behind TLS: the hello) is there, and says so.
    """

    def __init__(self, first: bytes, tls: bool = False) -> None:
        self.waiting = threading.Event()
        self._first = first
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            self._context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError), self._listener.accept()[0] as first:
            first.recv(65536)
            if self._first:
                first.sendall(self._first)
            self.waiting.set()
            with self._listener.accept()[0] as plain:
                second = self._context.wrap_socket(plain, server_side=True) if self._context else plain
                with second:
                    while second.recv(65536):
                        second.sendall(reply().wire)

    def close(self) -> None:
        with suppress(OSError):
            socket.create_connection(self._listener.getsockname(), timeout=1).close()  # in case it still waits for one
        self._thread.join()
        self._listener.close()


def client(url: str, observed: bool) -> Any:
    made = fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, verify=False, **KEYS)
    if observed:
        made.meta.events.register("before-send", lambda **kwargs: None)
    return made


THROTTLED = reply({"message": "later"}, 503, [("Retry-After", "20"), ("Connection", "close")]).wire
WAITS = {
    "TLS handshake": (b"", True),
    "head": (b"", False),
    "body": (HALF_BODY_THEN_SILENT.wire, False),
    "before a retry": (THROTTLED, False),
}


@pytest.mark.filterwarnings("ignore:.*is believed")  # the server has no certificate that anybody knows
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_ends_a_wait_at_once(wait: str, observed: bool) -> None:
    fastest = float("inf")
    for _ in range(TRIES):
        server = Stubborn(*WAITS[wait])
        ours = client(server.url, observed)
        with ctrl_c(server.waiting.wait) as took:
            ours.list_components()
        assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
        ours.close()
        server.close()
        fastest = min(fastest, *took)
        if fastest < WITHIN:
            return
    pytest.fail(f"took {fastest * 1000:.0f} ms at best")


def test_ctrl_c_ends_a_pause_at_once() -> None:
    """Also one that comes as it begins: Python's own sleep would go on to its end."""
    fastest = float("inf")
    for _ in range(TRIES):
        begun = threading.Event()
        with ctrl_c(begun.wait) as took:
            _core.sleep(20, begun.set)
        fastest = min(fastest, *took)
        if fastest < WITHIN:
            return
    pytest.fail(f"took {fastest * 1000:.0f} ms at best")


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="looks for the connection in /proc")
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_ctrl_c_ends_connecting_at_once(observed: bool) -> None:
    """To a server whose queue is full: the system goes on asking, and nothing comes back."""
    fastest = float("inf")
    for _ in range(TRIES):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            address = listener.getsockname()
            in_queue = socket.create_connection(address)
            ours = client(f"http://127.0.0.1:{address[1]}", observed)
            with ctrl_c(lambda port=address[1]: until(lambda: is_connecting(port))) as took:
                ours.list_components()
            in_queue.close()
            listener.listen(5)
            thread = threading.Thread(target=serve_whoever_speaks, args=(listener,))
            thread.start()
            assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
            thread.join()
        fastest = min(fastest, *took)
        if fastest < WITHIN:
            return
    pytest.fail(f"took {fastest * 1000:.0f} ms at best")


def serve_whoever_speaks(listener: socket.socket) -> None:
    """Answers the first request; connections that end without one are passed over."""
    while True:
        with listener.accept()[0] as connection:
            if connection.recv(65536):
                connection.sendall(reply().wire)
                return


def is_connecting(port: int) -> bool:
    """Whether a socket waits for an answer of `port`: the state SYN_SENT in the system's table."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "02" for line in lines)


UNSHARE = ["unshare", "--map-root-user", "--mount", "--net"]


def can_unshare() -> bool:
    return (
        shutil.which("unshare") is not None and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not can_unshare(), reason="needs a network of its own")
def test_ctrl_c_ends_the_look_up_of_a_name_at_once(tmp_path: Path) -> None:
    """Which nothing can interrupt: the call goes, and leaves it behind."""
    program = [*UNSHARE, sys.executable, "-m", "support.nameless", str(tmp_path / "resolv.conf")]
    ran = subprocess.run(program, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=20)
    assert ran.returncode == 0, ran.stderr
    took, statuses = zip(*json.loads(ran.stdout), strict=True)
    assert set(statuses) == {200}
    assert len(took) == TRIES
    assert min(took) < WITHIN, f"took {min(took) * 1000:.0f} ms at best"


def test_ctrl_c_ends_a_call_in_the_main_thread_while_others_go_on() -> None:
    """A signal is the main thread's: the other calls do not hear of it."""
    server = Stubborn(b"")
    ours = client(server.url, False)
    stop = threading.Event()
    ended: list[Any] = []

    def busy() -> None:
        server.waiting.wait()
        with client(server.url, False) as calls:
            while not stop.is_set():
                ended.append(calls.list_components()["ResponseMetadata"]["HTTPStatusCode"])

    thread = threading.Thread(target=busy)
    thread.start()
    with ctrl_c(lambda: until(lambda: len(ended) > 10)):
        ours.list_components()
    seen = len(ended)
    until(lambda: len(ended) > seen + 10)
    stop.set()
    thread.join()
    assert set(ended) == {200}
    server.close()


def test_a_signals_own_handler_may_raise_what_it_likes() -> None:
    class Enough(Exception):
        pass

    def handler(*_: Any) -> None:
        raise Enough

    server = Stubborn(b"")
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        main = threading.get_ident()
        thread = threading.Thread(target=lambda: (server.waiting.wait(), signal.pthread_kill(main, signal.SIGUSR1)))
        thread.start()
        with pytest.raises(Enough):
            client(server.url, False).list_components()
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
        server.close()


def test_a_ctrl_c_while_an_error_is_made_stays_one() -> None:
    """Nor is a call that it ends retried."""
    with mock.patch.object(exceptions, "make", side_effect=KeyboardInterrupt) as make:
        client = fleetgrass.client("greengrassv2", "us-east-1", endpoint_url="http://127.0.0.1:1", **KEYS)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                client.list_components()
            client.meta.events.register("before-send", lambda **_: None)
        assert make.call_count == 2
