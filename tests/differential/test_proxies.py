"""Proxies: which one is used for which URL, what it is sent, and what comes of one that fails; as with botocore."""

import os
import re
import socket
from typing import Any

import pytest
from botocore.config import Config
from hypothesis import given, settings, strategies as st

import fleetgrass
from support.compare import KEY, Side
from support.deviations import Ledger
from support.outcome import Outcome, capture, differences
from support.proxy import Proxy
from support.server import RecordingServer
from support.tls import CERTIFICATE, TlsServer

KEYS = {"aws_access_key_id": KEY.id, "aws_secret_access_key": KEY.secret, "region_name": KEY.region}
SCHEMES = ("http", "https")


def make(side: Side, url: str, verify: Any = None, **options: Any) -> Any:
    settings = {"connect_timeout": 5, "read_timeout": 5, "retries": {"total_max_attempts": 1}, **options}
    return side.client("greengrassv2", endpoint_url=url, verify=verify, config=Config(**settings), **KEYS)


def call(side: Side, url: str, **options: Any) -> Outcome:
    return capture(lambda: make(side, url, **options).list_components())


def both(proxy: str) -> dict[str, str]:
    return dict.fromkeys(SCHEMES, proxy)


def told(head: str) -> tuple[str, dict[str, str]]:
    """The method and target of a request, and the headers that are for the proxy or name the server."""
    first, *lines = head.partition("\r\n\r\n")[0].split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return first.rpartition(" ")[0], {name: headers[name] for name in ("proxy-authorization",) if name in headers}


ANSWERS: dict[str, tuple[bytes, str]] = {
    "407": (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "close"),
    "407 that stays": (b"HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "hang"),
    "403": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "close"),
    "502": (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "close"),
    "301": (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "close"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "hang"),
    "closed": (b"", "close"),
    "silent": (b"", "hang"),
    "garbage": (b"SSH-2.0-OpenSSH\r\n\r\n", "close"),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that urllib3 leaves open
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_proxy_that_does_not_pass_on(theirs: Side, ours: Side, kind: str, scheme: str) -> None:
    """The same error, with the same text: the service's, the proxy's or the connection's."""
    answer, then = ANSWERS[kind]
    with Proxy(answer=answer, then=then) as proxy:
        url = f"http://us%40er:p%3Aw@{proxy.address}"
        options = {"proxies": both(url), "connect_timeout": 0.4, "read_timeout": 0.4}
        want, got = (call(side, f"{scheme}://gg.example:81", **options) for side in (theirs, ours))
        heads = [told(head) for head in proxy.take()]
    assert not differences(want, got)
    assert len(heads) == 2
    assert heads[0] == heads[1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "url", ["http://u:p%20w@{closed}", "http://u@{closed}", "//{closed}", "{closed}", "http://nowhere.invalid"]
)
def test_a_proxy_that_is_not_there(theirs: Side, ours: Side, url: str, scheme: str) -> None:
    """Its URL is in the text, the password is not."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"127.0.0.1:{listener.getsockname()[1]}"
    proxies = both(url.format(closed=closed))
    want, got = (call(side, f"{scheme}://gg.example", proxies=proxies) for side in (theirs, ours))
    assert want.kind == "ProxyConnectionError"
    assert not differences(want, got)


@pytest.mark.parametrize("tls", [False, True], ids=["", "in tls"])
def test_plain_http_is_forwarded(theirs: Side, ours: Side, server: RecordingServer, tls: bool) -> None:
    """With the whole URL in the request, and the rest of the request as without a proxy."""
    with Proxy(("127.0.0.1", server.port), tls=tls) as proxy:
        url = proxy.url.replace("://", "://us%40er:p%3Aw@")
        for side in (theirs, ours):
            outcome = call(
                side,
                "http://gg.example:81/base?x=1",
                proxies={"http": url},
                proxies_config={"proxy_ca_bundle": CERTIFICATE} if tls else None,
            )
            assert outcome.error is None, outcome
        heads = [told(head) for head in proxy.take()]
    want = ("GET http://gg.example:81/base/greengrass/v2/components?x=1", {"proxy-authorization": "Basic dXNAZXI6cDp3"})
    assert heads == [want, want]
    theirs_sent, ours_sent = server.take()
    assert theirs_sent.header("host") == ours_sent.header("host") == "gg.example:81"


@pytest.mark.parametrize("tls", [False, True], ids=["", "in tls"])
def test_https_goes_through_a_tunnel(theirs: Side, ours: Side, tls: bool) -> None:
    """The proxy learns the server's name and the password for itself; the server not even that there is a proxy."""
    with TlsServer() as server, Proxy(("127.0.0.1", server.port), tls=tls) as proxy:
        url = proxy.url.replace("://", "://us%40er:p%3Aw@")
        for side in (theirs, ours):
            client = make(side, "https://localhost:81", verify=CERTIFICATE, proxies={"https": url})
            for _ in range(2):
                assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200
        heads = [told(head) for head in proxy.take()]
    want = ("CONNECT localhost:81", {"proxy-authorization": "Basic dXNAZXI6cDp3"})
    assert heads == [want, want], "one tunnel a client, kept"
    assert len(server.requests) == 4
    for request in server.requests:
        assert request.startswith("GET /greengrass/v2/components HTTP/1.1\r\n")
        assert "proxy" not in request.lower()


@pytest.mark.filterwarnings("ignore:Passing ssl_context:FutureWarning")  # urllib3's about botocore
def test_https_is_forwarded_where_the_proxy_shall_do_the_tls(theirs: Side, ours: Side, server: RecordingServer) -> None:
    config = {"proxy_use_forwarding_for_https": True, "proxy_ca_bundle": CERTIFICATE}
    with Proxy(("127.0.0.1", server.port), tls=True) as proxy:
        for side in (theirs, ours):
            outcome = call(side, "https://gg.example", proxies=both(proxy.url), proxies_config=config)
            assert outcome.error is None, outcome
        heads = [told(head) for head in proxy.take()]
    assert heads == [("GET https://gg.example/greengrass/v2/components", {})] * 2


def test_a_proxy_in_plain_http_is_asked_for_a_tunnel_all_the_same(theirs: Side, ours: Side) -> None:
    config = {"proxy_use_forwarding_for_https": True}
    with TlsServer() as server, Proxy(("127.0.0.1", server.port)) as proxy:
        for side in (theirs, ours):
            options = {"proxies": both(proxy.url), "proxies_config": config}
            assert call(side, "https://localhost", verify=CERTIFICATE, **options).error is None
        assert [told(head)[0] for head in proxy.take()] == ["CONNECT localhost:443"] * 2


def test_a_stranger_behind_a_tunnel_is_refused(theirs: Side, ours: Side) -> None:
    with TlsServer() as server, Proxy(("127.0.0.1", server.port)) as proxy:
        want, got = (call(side, "https://localhost", proxies=both(proxy.url)) for side in (theirs, ours))
    assert want.kind == got.kind == "SSLError"


def test_a_proxy_that_is_a_stranger_is_refused(theirs: Side, ours: Side) -> None:
    with Proxy(answer=b"", tls=True) as proxy:
        want, got = (call(side, "https://localhost", proxies=both(proxy.url)) for side in (theirs, ours))
    assert want.kind == "ProxyConnectionError"
    assert not differences(want, got)


# What differs on purpose


@pytest.mark.deviation
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"proxies": ["x"]}, "InvalidConfigError", r"Config\(proxies=\['x'\]\) is no dict"),
        ({"proxies": "http://u:p@h"}, "InvalidConfigError", r"Config\(proxies=<a str>\) is no dict"),
        ({"proxies": [("http", "http://u:p@h")]}, "InvalidConfigError", r"Config\(proxies=<a list>\) is no dict"),
        ({"proxies": {"http": b"http://u:p@h"}}, "HTTPClientError", "proxy URL <a bytes> is no text"),
        ({"proxies": {"http": "a:1"}, "proxies_config": "x"}, "InvalidConfigError", "proxies_config='x'"),
        ({"proxies": {"http": 5}}, "HTTPClientError", "proxy URL 5 is no text"),
        (
            {"proxies": {"http": "socks5://u:p@127.0.0.1:1"}},
            "HTTPClientError",
            r"socks5://\*\*\*:\*\*\*@.*http:// or https",
        ),
        ({"proxies": {"http": "http://h:port"}}, "HTTPClientError", "http://h:port has no valid host and port"),
        ({"proxies": {"http": "http://"}}, "HTTPClientError", "http:// has no valid host"),
        ({"proxies": {"http": "http://u:p@a  b:1"}}, "HTTPClientError", "a  b:1 has no valid host"),
        ({"proxies": {"http": "http:// h"}}, "HTTPClientError", "http:// h has no valid host"),
        (
            {"proxies": {"http": "https://h"}, "proxies_config": {"proxy_ca_bundle": "/none"}},
            "HTTPClientError",
            "/none",
        ),
    ],
)
def test_wrong_settings_are_named(
    theirs: Side, ours: Side, ledger: Ledger, options: Any, kind: str, words: str
) -> None:
    ledger.use("proxy-settings")
    want, got = (capture(lambda side=side: call_raising(side, options)) for side in (theirs, ours))
    assert want.kind in ("HTTPClientError", "ProxyConnectionError")
    assert got.kind == kind
    assert re.search(words, str(got.error))
    assert "u:p" not in str(got.error)


def call_raising(side: Side, options: Any) -> Any:
    return make(side, "http://gg.example", **options).list_components()


@pytest.mark.deviation
def test_no_password_is_shown(theirs: Side, ours: Side, ledger: Ledger) -> None:
    ledger.use("proxy-secrets")
    with Proxy(answer=REFUSAL) as proxy:
        url = f"http://p:tt@{proxy.address}"
        want, got = (call(side, "https://gg.example", proxies=both(url)) for side in (theirs, ours))
        assert ":tt@" in str(want.error)
        assert f'"http://***:***@{proxy.address}"' in str(got.error)
        proxy.take()
        call(ours, "https://gg.example", proxies=both(f"http://ü:p/w@{proxy.address}"))
        assert told(proxy.take()[0])[1] == {"proxy-authorization": "Basic w7w6cC93"}


@pytest.mark.deviation
@pytest.mark.parametrize(
    ("written", "authorization"),
    [
        ("HTTP://{}", {}),
        ("http://u:p#w@{}", {"proxy-authorization": "Basic dTpwI3c="}),
        ("http://u:p?w@{}", {"proxy-authorization": "Basic dTpwP3c="}),
        ("http://u:/w@{}", {"proxy-authorization": "Basic dTovdw=="}),
    ],
)
def test_a_proxy_url_is_read_as_it_was_meant(
    theirs: Side, ours: Side, ledger: Ledger, written: str, authorization: dict[str, str]
) -> None:
    ledger.use("proxy-urls")
    with Proxy(answer=REFUSAL) as proxy:
        url = written.format(proxy.address)
        want = call(theirs, "http://gg.example", proxies=both(url))
        assert want.kind in ("ProxyConnectionError", "HTTPClientError")
        assert proxy.take() == []
        call(ours, "http://gg.example", proxies=both(url))
        assert told(proxy.take()[0])[1] == authorization


@pytest.mark.deviation
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # of urllib3, which is the point
def test_a_proxy_in_tls_is_verified(theirs: Side, ours: Side, server: RecordingServer, ledger: Ledger) -> None:
    ledger.use("proxy-verification")
    with Proxy(("127.0.0.1", server.port), tls=True) as proxy:
        want, got = (call(side, "http://gg.example", proxies=both(proxy.url)) for side in (theirs, ours))
    assert want.kind == "value"
    assert got.kind == "ProxyConnectionError"


# The environment

NAMES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "Https_Proxy")
RULES = (
    "*", "gg.example", ".example", "example", "other", "gg.example:81", "gg.example:82", " gg.example ,x", "g.example",
    "GG.EXAMPLE", "*.example", "gg.*", "", ",", "127.0.0.1", "10.0.0.0/8", "..example", "gg.example.",
)  # fmt: skip
URLS = (
    "http://gg.example:81",
    "https://gg.example:81",
    "https://gg.example",
    "http://GG.example",
    "http://u@gg.example",
)
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("exempt", ["localhost", "127.0.0.1", "both", "neither"])
def test_the_data_plane_has_its_own_exemption(ours: Side, monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    """botocore has no data plane: `NO_PROXY` is asked for each server that is called."""
    with Proxy(answer=REFUSAL) as proxy, RecordingServer() as control, RecordingServer() as data:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", {"both": "localhost,127.0.0.1", "neither": "x"}.get(exempt, exempt))
        plane = {"client_cert": CERTIFICATE, "data_plane_endpoint": data.url}
        config = fleetgrass.Config(retries={"total_max_attempts": 1}, **plane)
        url = control.url.replace("127.0.0.1", "localhost")
        client = ours.client("greengrassv2", endpoint_url=url, config=config, **KEYS)
        capture(client.list_components)
        assert (len(control.take()), len(proxy.take())) == ((1, 0) if exempt in ("localhost", "both") else (0, 1))
        capture(lambda: client.resolve_component_candidates(platform={"attributes": {}}, componentCandidates=[]))
        assert (len(data.take()), len(proxy.take())) == ((1, 0) if exempt in ("127.0.0.1", "both") else (0, 1))


@given(
    variables=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["a", "b", ""]), max_size=4),
    rules=st.dictionaries(st.sampled_from(["no_proxy", "NO_PROXY", "No_Proxy"]), st.sampled_from(RULES), max_size=2),
    given_proxies=st.sampled_from([None, {}, {"http": "c"}, {"https": "c"}, {"HTTP": "c", "no": "x"}]),
    cgi=st.booleans(),
    url=st.sampled_from(URLS),
)
@settings(max_examples=80)
def test_the_environment_names_proxies(
    theirs: Side, ours: Side, variables: Any, rules: Any, given_proxies: Any, cgi: bool, url: str
) -> None:
    """Whichever way it is written, and whatever it exempts."""
    with Proxy(answer=REFUSAL) as a, Proxy(answer=REFUSAL) as b, Proxy(answer=REFUSAL) as c:
        at = {"a": a.url, "b": b.address, "c": c.url, "": ""}
        given_proxies = given_proxies and {name: at.get(value, value) for name, value in given_proxies.items()}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, at[value])
            for name, value in rules.items():
                patch.setenv(name, value)
            if cgi:
                patch.setenv("REQUEST_METHOD", "GET")
            clients = [make(side, url, proxies=given_proxies) for side in (theirs, ours)]
        # Read when the client is made: what is changed later changes nothing.
        assert not any(name.lower().endswith("_proxy") for name in os.environ)
        seen = []
        for client in clients:
            outcome = capture(client.list_components)
            seen.append((outcome.kind, [[told(head) for head in proxy.take()] for proxy in (a, b, c)]))
    assert seen[0] == seen[1]
