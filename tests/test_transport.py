"""Connections: kept, shared, left when stale, interrupted, secured."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from urllib3.exceptions import InsecureRequestWarning

import fleetgrass
from fleetgrass import exceptions
from support.answers import SILENT, Answer, head, plain, reply
from support.deviations import Ledger
from support.proxy import Proxy
from support.server import RecordingServer
from support.tls import AUTHORITY, CERTIFICATE, ELSEWHERE, KEY, TlsServer

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


@pytest.mark.timeout(10)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_a_connection_that_the_server_is_about_to_close_is_not_used(server: RecordingServer, version: str) -> None:
    """It said so in its answer, and takes its time."""
    close = [("Connection", "close")] if version == "HTTP/1.1" else []
    last = Answer(head(200, [*close, ("Content-Length", "2")], version) + b"{}", "hang")
    server.script([last, last, reply()])
    ours = client(server.url)
    for _ in range(3):
        assert ours.list_components()["ResponseMetadata"]["RetryAttempts"] == 0
    assert connections(server) == [1, 2, 3]


def test_a_second_answer_that_nobody_asked_for_is_not_the_next_calls(server: RecordingServer) -> None:
    forged = reply({"components": [{"componentName": "forged"}]})
    server.script([Answer(reply({"components": []}).wire + forged.wire), reply({"components": []})])
    ours = client(server.url)
    assert [ours.list_components()["components"] for _ in range(2)] == [[], []]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("[" * 100_000 + "]" * 100_000, "values nest too deep"),
        ("1" * 4301, "an integer has too many digits"),
        ('"x"} ', "the text goes on after its value"),
    ],
    ids=["deep", "long integer", "rest"],
)
def test_an_answer_that_cannot_be_read_says_why(server: RecordingServer, value: str, why: str) -> None:
    """Even on the smallest stack that a thread may have."""
    server.script([plain(200, f'{{"nextToken": {value}}}'.encode())])
    before = threading.stack_size(256 * 1024)
    try:
        with ThreadPoolExecutor(1) as pool, pytest.raises(exceptions.ResponseParserError, match=f"status 200.*: {why}"):
            pool.submit(client(server.url).list_components).result()
    finally:
        threading.stack_size(before)


@pytest.fixture
def hasty() -> Iterator[Callable[[bool], str]]:
    """Serves at the URL that it returns: answers 413 before it has read the request, then closes or stays."""
    refusal = reply({"message": "too large"}, 413).wire
    with ExitStack() as cleanup:

        def serve(closes: bool) -> str:
            listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))

            def run() -> None:
                with suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        connection.recv(1)
                        connection.sendall(refusal)
                        if closes:
                            connection.close()
                        else:
                            cleanup.callback(connection.close)

            threading.Thread(target=run, daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield serve


@pytest.mark.parametrize("closes", [True, False], ids=["closes", "stays"])
def test_an_answer_that_comes_before_the_request_is_whole_counts(hasty: Callable[[bool], str], closes: bool) -> None:
    """And what is left of the request does not stand before the next one."""
    ours = client(hasty(closes), config=Config(retries={"total_max_attempts": 1}, read_timeout=5))
    for _ in range(2):
        with pytest.raises(exceptions.ClientError, match=r"\(413\).*: too large"):
            ours.create_component_version(inlineRecipe=b"x" * 9_000_000)


@contextmanager
def interrupted() -> Iterator[threading.Event]:
    """Sends this process a Ctrl-C as soon as the event is set, and expects it to end the block."""
    asked = threading.Event()

    def interrupt() -> None:
        asked.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        yield asked
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_a_call_and_the_client_goes_on(server: RecordingServer) -> None:
    server.script([SILENT, reply()])
    ours = client(server.url)
    with interrupted() as asked:
        asked.set()
        ours.list_components()
    server.script([reply()])
    assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_ctrl_c_ends_the_wait_of_a_throttled_client(server: RecordingServer, observed: bool) -> None:
    """It waits a second or two for its turn, and nothing is sent before."""
    server.script([plain(429)])
    ours = client(server.url, config=Config(retries={"mode": "adaptive", "total_max_attempts": 1}))
    if observed:
        ours.meta.events.register("before-call", lambda **told: None)
    with pytest.raises(exceptions.ClientError):
        ours.list_components()
    before = time.monotonic()
    with interrupted() as asked:
        asked.set()
        ours.list_components()
    assert time.monotonic() - before < 0.8
    assert len(server.take()) == 1


@pytest.mark.timeout(10)
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("endless", [b"HTTP/1.1 100 Continue\r\n\r\n", head(200) + b" " * 1000], ids=["heads", "body"])
def test_ctrl_c_ends_a_call_whose_answer_never_ends(endless: bytes) -> None:
    """A server that never pauses: no wait is ever long enough to look for a signal in."""
    with socket.create_server(("127.0.0.1", 0)) as listener, interrupted() as asked:

        def flood() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1000)
                connection.sendall(endless)
                asked.set()
                while True:
                    connection.sendall(endless.removeprefix(head(200)) * 100)

        threading.Thread(target=flood, daemon=True).start()
        client(f"http://127.0.0.1:{listener.getsockname()[1]}").list_components()


@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout"])
@pytest.mark.parametrize("seconds", [1e18, 1e19, float("inf")])
def test_a_timeout_beyond_all_clocks_is_none(server: RecordingServer, name: str, seconds: float) -> None:
    ours = client(server.url, config=Config(**{name: seconds}))
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


@pytest.mark.timeout(10)
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_ends_the_wait_for_a_proxy() -> None:
    with Proxy(answer=b"", then="hang") as proxy, interrupted() as asked:
        asked.set()
        client("https://gg.example", config=Config(proxies={"https": proxy.url})).list_components()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: RecordingServer, status: int) -> None:
    """Another server could be anybody's, and is not sent what was signed for this one."""
    with RecordingServer() as other:
        server.script([plain(status, b"", [("Location", f"{other.url}/greengrass/v2/components")])])
        with suppress(exceptions.ClientError):
            client(server.url).list_components()
        assert [request.target for request in server.take()] == ["/greengrass/v2/components"]
        assert not other.take()


@pytest.fixture
def tls_server() -> Iterator[str]:
    with TlsServer() as server:
        yield server.url


def test_a_named_bundle_is_trusted(tls_server: str) -> None:
    ours = client(tls_server, verify=CERTIFICATE)
    assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert ours.list_components()["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("verify", [AUTHORITY, ELSEWHERE, CERTIFICATE, True])
@pytest.mark.parametrize("certificate", [AUTHORITY, ELSEWHERE])
def test_a_server_that_calls_itself_an_authority(host: str, verify: Any, certificate: str) -> None:
    """Trusted where its own certificate is named, for the hosts that are in it."""
    told = []
    with TlsServer(certificate=certificate) as server:
        for module in (boto3, fleetgrass):
            settings = {"endpoint_url": f"https://{host}:{server.port}", "verify": verify, **KEYS}
            once = Config(retries={"total_max_attempts": 1})
            made = module.client("greengrassv2", region_name="us-east-1", config=once, **settings)
            try:
                made.list_components()
                told.append("answered")
            except exceptions.SSLError:
                told.append("SSLError")
    assert told == ["answered" if verify == certificate == AUTHORITY else "SSLError"] * 2


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({"AWS_CA_BUNDLE": CERTIFICATE}, ""),
        ({"REQUESTS_CA_BUNDLE": CERTIFICATE}, ""),
        ({}, f"ca_bundle = {CERTIFICATE}\n"),
        ({"AWS_CA_BUNDLE": CERTIFICATE}, "ca_bundle = /nowhere\n"),
        ({"AWS_CA_BUNDLE": CERTIFICATE, "REQUESTS_CA_BUNDLE": "/nowhere"}, ""),
        ({"REQUESTS_CA_BUNDLE": CERTIFICATE}, "ca_bundle = /nowhere\n"),
    ],
    ids=str,
)
@pytest.mark.parametrize("verify", [None, True], ids=["unsaid", "verify=True"])
def test_a_configured_bundle_is_trusted(
    tls_server: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    config: str,
    verify: bool | None,
) -> None:
    """By whichever wins with botocore; verify=True in an argument asks for none of them."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(f"[default]\n{config}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    told = []
    for module in (boto3, fleetgrass):
        once = Config(retries={"total_max_attempts": 1})
        arguments = {"region_name": "us-east-1", "endpoint_url": tls_server, "verify": verify, **KEYS}
        made = module.Session().client("greengrassv2", config=once, **arguments)
        try:
            made.list_components()
            told.append("answered")
        except exceptions.SSLError:
            told.append("SSLError")
    assert told[0] == told[1]
    assert told[0] == ("SSLError" if verify or (variables.keys() == {"REQUESTS_CA_BUNDLE"} and config) else "answered")


@pytest.mark.deviation
def test_verification_can_be_switched_off(tls_server: str, ledger: Ledger) -> None:
    """With a warning at the line that does it, which what silences urllib3's silences too."""
    ledger.use("no-verification")
    with pytest.warns(InsecureRequestWarning, match=f"whoever answers at {tls_server} is believed") as told:
        ours = client(tls_server, verify=False)
    assert [warning.filename for warning in told] == [__file__]
    for _ in range(2):
        assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
    theirs = boto3.client("greengrassv2", region_name="us-east-1", endpoint_url=tls_server, verify=False, **KEYS)
    with pytest.warns(InsecureRequestWarning) as told:
        theirs.list_components()
    assert all("urllib3" in warning.filename for warning in told)


def test_plain_http_without_verification_is_no_news(server: RecordingServer) -> None:
    assert client(server.url, verify=False).list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_client_certificate_is_shown() -> None:
    with TlsServer(wants_certificate=True) as server:
        ours = client(server.url, verify=CERTIFICATE, config=Config(client_cert=(CERTIFICATE, KEY)))
        assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
        once = Config(retries={"total_max_attempts": 1})
        for module in (boto3, fleetgrass):
            options = {"endpoint_url": server.url, "verify": CERTIFICATE, "config": once, **KEYS}
            stranger = module.client("greengrassv2", "us-east-1", **options)
            with pytest.raises(exceptions.SSLError, match=r"(?i)certificate.?required"):
                stranger.list_components()


def test_a_client_certificate_and_its_key_may_be_one_file(tmp_path: Path) -> None:
    one = tmp_path / "both.pem"
    one.write_text(Path(CERTIFICATE).read_text() + Path(KEY).read_text())
    with TlsServer(wants_certificate=True) as server:
        ours = client(server.url, verify=CERTIFICATE, config=Config(client_cert=str(one)))
        assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


def encrypted(form: Any) -> bytes:
    """The key of the tests with a password, as PKCS #8 or in the older form."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(Path(KEY).read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"pw")
    return key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), secret)


@pytest.mark.deviation
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"x", "no private key in it"),
        (Path(CERTIFICATE).read_bytes(), "no private key in it"),
        (encrypted("PKCS8"), "encrypted; store it without a password"),
        (encrypted("TraditionalOpenSSL"), "encrypted; store it without a password"),
    ],
    ids=["missing", "text", "certificate", "encrypted", "encrypted, older"],
)
def test_a_key_that_cannot_be_used_is_named(
    tls_server: str, tmp_path: Path, ledger: Ledger, content: bytes | None, words: str
) -> None:
    """With one attempt: the file will not be another at the next."""
    ledger.use("tls-files")
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    ours = client(tls_server, verify=CERTIFICATE, config=Config(client_cert=(CERTIFICATE, str(key))))
    with pytest.raises(exceptions.SSLError, match=f"{key}: .*{words}"):
        ours.list_components()


def pem(content: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{b64encode(content).decode()}\n-----END CERTIFICATE-----\n"


def test_a_key_may_begin_with_a_byte_order_mark(tls_server: str, tmp_path: Path) -> None:
    for name, path in (("key", KEY), ("certificate", CERTIFICATE)):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + Path(path).read_bytes())
    own = str(tmp_path / "certificate"), str(tmp_path / "key")
    for module in (boto3, fleetgrass):
        config = Config(client_cert=own)
        made = module.client(
            "greengrassv2", "us-east-1", endpoint_url=tls_server, verify=CERTIFICATE, config=config, **KEYS
        )
        assert made.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("rubbish", [pem(b"no certificate"), "# a comment\n", Path(KEY).read_text()])
@pytest.mark.parametrize("first", [True, False])
def test_what_a_bundle_has_beside_certificates_is_left_out(
    tls_server: str, tmp_path: Path, rubbish: str, first: bool
) -> None:
    good = Path(CERTIFICATE).read_text()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(rubbish + good if first else good + rubbish)
    ours = client(tls_server, verify=str(bundle))
    assert ours.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(
    ("content", "words"), [("", "no certificate in it"), (pem(b"x"), "none of its certificates can be used")]
)
def test_a_bundle_of_nothing_trusts_nobody(tls_server: str, tmp_path: Path, content: str, words: str) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(content)
    with pytest.raises(exceptions.SSLError, match=f"{bundle}: .*{words}"):
        client(tls_server, verify=str(bundle)).list_components()


@pytest.mark.timeout(20)
def test_a_server_that_is_silent_in_the_handshake_is_a_read_timeout() -> None:
    """As for botocore: it was reached."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = Config(connect_timeout=0.3, retries={"total_max_attempts": 1})
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        told = []
        for module in (boto3, fleetgrass):
            silent = module.client("greengrassv2", region_name="us-east-1", endpoint_url=url, config=config, **KEYS)
            with pytest.raises(exceptions.ReadTimeoutError) as raised:
                silent.list_components()
            told.append(str(raised.value))
        assert told[0] == told[1]


def test_the_systems_certificates_are_read_when_they_are_needed(tls_server: str) -> None:
    code = (
        "import os, fleetgrass\n"
        f"arguments = {dict(KEYS, region_name='us-east-1', endpoint_url=tls_server)!r}\n"
        "client = fleetgrass.client('greengrassv2', **arguments)\n"
        f"os.environ['SSL_CERT_FILE'] = {CERTIFICATE!r}\n"
        "client.list_components()\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "REQUESTS_CA_BUNDLE"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


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
    environment = {**os.environ, "SSL_CERT_FILE": CERTIFICATE}
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
@pytest.mark.parametrize("observed", [False, True])
def test_no_exception_shows_a_token(server: RecordingServer, ledger: Ledger, observed: bool) -> None:
    ledger.use("secrets")
    told = {}
    for module in (boto3, fleetgrass):
        config = Config(retries={"total_max_attempts": 1})
        keys = {**KEYS, "aws_session_token": "the-token\n"}
        bad = module.client("greengrassv2", region_name="us-east-1", endpoint_url=server.url, config=config, **keys)
        if observed:
            bad.meta.events.register("before-send", lambda **kwargs: None)
        with pytest.raises(exceptions.HTTPClientError) as refused:
            bad.list_components()
        told[module] = f"{refused.value} {refused.value.kwargs}"
    assert "the-token" in told[boto3]
    assert "the-token" not in told[fleetgrass]
    assert "x-amz-security-token" in told[fleetgrass]


@pytest.mark.deviation
@pytest.mark.parametrize("url", ["http://user:pa%40ss@127.0.0.1:9/a@b", "http://user:pa@ss@127.0.0.1:9/a@b"])
def test_no_exception_shows_the_password_of_an_endpoint(ledger: Ledger, url: str) -> None:
    ledger.use("endpoint-secrets")
    told = {}
    for module in (boto3, fleetgrass):
        config = Config(retries={"total_max_attempts": 1})
        made = module.client("greengrassv2", region_name="us-east-1", endpoint_url=url, config=config, **KEYS)
        with pytest.raises(exceptions.EndpointConnectionError) as refused:
            made.list_components()
        told[module] = f"{refused.value} {refused.value.kwargs}"
    assert "user:pa" in told[boto3]
    assert '"http://***@127.0.0.1:9/a@b/greengrass/v2/components"' in told[fleetgrass]
    assert "pa" not in told[fleetgrass].replace("path", "")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://user:pass@a b/", "http://***@a b/"),
        ("http://user:pass@host:port", "http://***@host:port"),
        ("http://user:pass@host:99999/a@b", "http://***@b"),
        ("//user:pass@host", "***@host"),
        ("user:pass@host", "***@host"),
        ("user://pass@host:port", "user://***@host:port"),
        ("http://user:x/pass@host", "http://***@host"),
        ("http://user:x?pass@host", "http://***@host"),
        ("http://user:pass@[::1", "http://***@[::1"),
        ("http://user:[pass]@host", "http://***@host"),
        ("http://user:pass@host\u2100", "http://***@host\u2100"),
        (b"http://user:pass@host", "b'http://***@host'"),
    ],
)
def test_an_endpoint_that_is_none_is_told_without_its_password(url: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"^Invalid endpoint: {re.escape(told)}$"):
        client(url)


def test_an_address_that_a_handler_breaks_is_told_without_its_password(server: RecordingServer) -> None:
    def redirect(request: Any, **_: Any) -> None:
        request.url = "http://user:pass@host:port/"

    ours = client(server.url)
    ours.meta.events.register("before-sign", redirect)
    with pytest.raises(ValueError, match=r"^Invalid endpoint: http://\*\*\*@host:port"):
        ours.list_components()


def test_a_bundle_that_is_not_there_is_named(tls_server: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    with pytest.raises(exceptions.SSLError, match=str(missing)):
        client(tls_server, verify=str(missing)).list_components()


def test_the_oracle_of_these_tests_speaks_tls(tls_server: str) -> None:
    """The server itself: Python's own client trusts it by the same bundle."""
    from urllib.request import urlopen

    with urlopen(tls_server, context=ssl.create_default_context(cafile=CERTIFICATE)) as answer:
        assert answer.read() == b"{}"
