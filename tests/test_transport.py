"""Connections: kept, shared, left when stale, interrupted, secured."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

import fleetgrass
from fleetgrass import exceptions
from support.answers import SILENT, Answer, reply
from support.deviations import Ledger
from support.server import RecordingServer

TLS = Path(__file__).parent / "tls"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}


def client(url: str, **options: Any) -> Any:
    return fleetgrass.client("greengrassv2", region_name="us-east-1", endpoint_url=url, **KEYS, **options)


def connections(server: RecordingServer) -> list[int]:
    """The number of the connection that each request came on."""
    return [request.connection for request in server.take()]


def test_a_connection_is_kept(server: RecordingServer) -> None:
    with client(server.url) as ours:
        for _ in range(3):
            ours.list_components()
    assert connections(server) == [1, 1, 1]


def test_close_leaves_the_connections_and_the_client_goes_on(server: RecordingServer) -> None:
    ours = client(server.url)
    ours.list_components()
    ours.close()
    server.wait_until_closed()
    ours.list_components()
    assert connections(server) == [1, 2]


def test_a_connection_that_the_server_closed_is_not_used(server: RecordingServer) -> None:
    server.script([Answer(reply().wire, "close"), reply()])
    ours = client(server.url)
    ours.list_components()
    server.wait_until_closed()
    answer = ours.list_components()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0
    assert connections(server) == [1, 2]


def test_threads_share_the_connections(server: RecordingServer) -> None:
    """Not more connections than calls at a time, whatever threads come and go."""
    ours = client(server.url)
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: ours.list_components(), range(40)))
        assert all(answer["ResponseMetadata"]["HTTPStatusCode"] == 200 for answer in answers)
    assert len(set(connections(server))) <= 4


def test_a_client_that_is_dropped_closes_its_connection(server: RecordingServer) -> None:
    client(server.url).list_components()
    server.wait_until_closed()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_a_call_and_the_client_goes_on(server: RecordingServer) -> None:
    server.script([SILENT, reply()])
    ours = client(server.url)
    asked = threading.Event()

    def interrupt() -> None:
        asked.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the signal may come as soon as it is asked for
        asked.set()
        ours.list_components()
    thread.join()
    server.script([reply()])
    assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_server_that_answers_early_and_reads_no_more_is_a_read_timeout() -> None:
    """The answer has come in part, the body cannot go out: silence, which costs no CPU time and ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(seen: list[socket.socket]) -> None:
            connection = listener.accept()[0]
            connection.recv(1)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
            seen.append(connection)

        kept: list[socket.socket] = []
        thread = threading.Thread(target=answer, args=(kept,))
        thread.start()
        config = Config(read_timeout=1, retries={"total_max_attempts": 1})
        ours = client(f"http://127.0.0.1:{listener.getsockname()[1]}", config=config)
        used = time.process_time()
        with pytest.raises(exceptions.ReadTimeoutError):
            ours.create_component_version(inlineRecipe=b"x" * 20_000_000)
        assert time.process_time() - used < 0.6
        thread.join()
        kept[0].close()


@pytest.fixture
def tls_server() -> Iterator[str]:
    """A server of one answer behind TLS, in a process of its own."""
    code = (
        "import socket, ssl, sys\n"
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
        "context.load_cert_chain(sys.argv[1], sys.argv[2])\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "print(listener.getsockname()[1], flush=True)\n"
        "while True:\n"
        "    try:\n"
        "        with context.wrap_socket(listener.accept()[0], server_side=True) as connection:\n"
        "            while connection.recv(65536):\n"
        "                connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}')\n"
        "    except OSError:\n"
        "        pass\n"
    )
    command = [sys.executable, "-c", code, str(TLS / "localhost.pem"), str(TLS / "localhost.key")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"https://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def test_a_named_bundle_is_trusted(tls_server: str) -> None:
    ours = client(tls_server, verify=str(TLS / "localhost.pem"))
    assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert ours.list_components()["ResponseMetadata"]["RetryAttempts"] == 0


def test_verification_can_be_switched_off(tls_server: str) -> None:
    assert client(tls_server, verify=False).list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.deviation
def test_a_stranger_is_refused(tls_server: str, ledger: Ledger) -> None:
    """The class and the start of the text are botocore's, the reason is the TLS library's."""
    ledger.use("tls-words")
    told = {}
    for module in (boto3, fleetgrass):
        config = Config(retries={"total_max_attempts": 1})
        stranger = module.client(
            "greengrassv2", region_name="us-east-1", endpoint_url=tls_server, config=config, **KEYS
        )
        with pytest.raises(
            exceptions.SSLError, match=f"^SSL validation failed for {tls_server}/greengrass/v2/components "
        ) as refused:
            stranger.list_components()
        told[module] = str(refused.value)
    assert "[SSL: CERTIFICATE_VERIFY_FAILED]" in told[boto3]
    assert "invalid peer certificate" in told[fleetgrass]


@pytest.mark.deviation
def test_the_systems_certificates_are_trusted(tls_server: str, ledger: Ledger) -> None:
    """Processes of their own: the certificates are read once a process."""
    ledger.use("ca-bundle")
    call = f"client('greengrassv2', region_name='us-east-1', endpoint_url={tls_server!r}, **{KEYS!r}).list_components()"
    environment = {**os.environ, "SSL_CERT_FILE": str(TLS / "localhost.pem")}
    environment.pop("REQUESTS_CA_BUNDLE", None)
    outcomes = {
        module: subprocess.run(
            [sys.executable, "-c", f"import {module}; {module}.{call}"], env=environment, capture_output=True
        )
        for module in ("boto3", "fleetgrass")
    }
    assert outcomes["fleetgrass"].returncode == 0, outcomes["fleetgrass"].stderr
    assert b"SSLError" in outcomes["boto3"].stderr


@pytest.mark.deviation
def test_no_exception_shows_a_token(server: RecordingServer, ledger: Ledger) -> None:
    ledger.use("secrets")
    told = {}
    for module in (boto3, fleetgrass):
        config = Config(retries={"total_max_attempts": 1})
        keys = {**KEYS, "aws_session_token": "the-token\n"}
        bad = module.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, config=config, **keys)
        with pytest.raises(exceptions.HTTPClientError) as refused:
            bad.list_components()
        told[module] = f"{refused.value} {refused.value.kwargs}"
    assert "the-token" in told[boto3]
    assert "the-token" not in told[fleetgrass]
    assert "x-amz-security-token" in told[fleetgrass]


def test_a_bundle_that_is_not_there_is_named(tls_server: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    with pytest.raises(exceptions.SSLError, match=str(missing)):
        client(tls_server, verify=str(missing)).list_components()


def test_the_oracle_of_these_tests_speaks_tls(tls_server: str) -> None:
    """The server itself: Python's own client trusts it by the same bundle."""
    from urllib.request import urlopen

    with urlopen(tls_server, context=ssl.create_default_context(cafile=str(TLS / "localhost.pem"))) as answer:
        assert answer.read() == b"{}"
