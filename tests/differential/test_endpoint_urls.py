"""Endpoint URLs in every way that callers write them: what is sent, presigned and told; and which are refused."""

import socket
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from support.compare import KEY, Pair, Side, request_differences
from support.deviations import Ledger
from support.outcome import capture, differences
from support.presigning import VARYING
from support.sigv4 import BadSignature, verify, verify_presigned
from support.tls import CERTIFICATE, TlsServer

KEYS = {"aws_access_key_id": KEY.id, "aws_secret_access_key": KEY.secret, "region_name": KEY.region}


def make(side: Side, url: str, **arguments: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return side.client("greengrassv2", endpoint_url=url, config=config, **KEYS, **arguments)


WRITTEN = (
    "HTTP://127.0.0.1:{port}",
    " http://127.0.0.1:{port}",
    "\x1f http://127.0.0.1:{port}",
    "http://LocalHost:{port}",
    "http://127.0.0.1:000{port}/",
    "http://127.0.0.1:{port}//",
    "http://127.0.0.1:{port}//a//",
    "http://127.0.0.1:{port}/?",
    "http://127.0.0.1:{port}?",
    "http://127.0.0.1:{port}?a=b c",
    "http://127.0.0.1:{port}/a;b/%7E",
)


@pytest.mark.parametrize("written", WRITTEN)
def test_what_is_sent_and_presigned(pair: Pair, written: str) -> None:
    requests, urls = [], []
    for side in (pair.theirs, pair.ours):
        client = make(side, written.format(port=pair.server.port))
        client.list_components(maxResults=3)
        requests.append(pair.server.take())
        urls.append(client.generate_presigned_url("list_components", Params={"maxResults": 3}))
    assert request_differences(*requests, KEY) == []
    assert VARYING.sub("_", urls[0]) == VARYING.sub("_", urls[1])


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS", " https", "\x01http"])
def test_the_url_in_an_errors_text(theirs: Side, ours: Side, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    want, got = (capture(make(side, url).list_components) for side in (theirs, ours))
    assert want.kind == "EndpointConnectionError"
    assert not differences(want, got)


@pytest.mark.parametrize("scheme", ["HTTPS", " https"])
def test_https_is_tls_however_it_is_written(theirs: Side, ours: Side, scheme: str) -> None:
    with TlsServer() as server:
        url = server.url.replace("https", scheme)
        for side in (theirs, ours):
            client = make(side, url, verify=CERTIFICATE)
            assert client.list_components()["ResponseMetadata"]["HTTPStatusCode"] == 200


# What differs on purpose


@pytest.mark.deviation
@pytest.mark.parametrize(
    "url",
    [
        "//h",
        "ftp://h",
        "http://h:99999",
        "http://h:abc",
        "http://h:-1",
        "http://h:+80",
        "http://h:80 ",
        "http://[::1]x",
        "http://[v1.x]",
    ],
)
def test_what_is_no_url_is_refused_at_once(theirs: Side, ours: Side, ledger: Ledger, url: str) -> None:
    ledger.use("endpoint-urls")
    client = make(theirs, url)
    with pytest.raises((BotoCoreError, ValueError)):
        client.list_components()
    with pytest.raises(ValueError, match=r"^Invalid endpoint: ") as refused:
        make(ours, url)
    assert str(refused.value).endswith(url)


@pytest.mark.deviation
@pytest.mark.parametrize(("written", "changed"), [("/%7e", "/%7E"), ("/%zz", "/%25zz"), ("/100%", "/100%25")])
def test_escapes_are_sent_as_they_are_signed(pair: Pair, ledger: Ledger, written: str, changed: str) -> None:
    ledger.use("endpoint-escapes")
    requests = []
    for side in (pair.theirs, pair.ours):
        make(side, pair.server.url + written).list_components()
        requests += pair.server.take()
    theirs, ours = requests
    assert theirs.target == f"{changed}/greengrass/v2/components"
    with pytest.raises(BadSignature):
        verify(theirs, KEY)
    assert ours.target == f"{written}/greengrass/v2/components"
    verify(ours, KEY)


@pytest.mark.deviation
def test_a_fragment_takes_no_parameters_away(pair: Pair, ledger: Ledger) -> None:
    ledger.use("endpoint-fragments")
    targets, urls = [], []
    for side in (pair.theirs, pair.ours):
        client = make(side, f"{pair.server.url}/x#y")
        client.list_components(maxResults=3)
        targets += [request.target for request in pair.server.take()]
        urls.append(client.generate_presigned_url("list_components", Params={"maxResults": 3}))
    assert targets == ["/x/greengrass/v2/components", "/x/greengrass/v2/components?maxResults=3"]
    assert ["maxResults" in url.partition("#")[0] for url in urls] == [False, True]


@pytest.mark.deviation
@pytest.mark.parametrize(("written", "sent"), [("/a b", "/a%20b"), ("/a\\b", "/a%5Cb"), ("/ü", "/%C3%BC")])
def test_characters_that_no_url_has_are_presigned_and_shown_as_they_are_sent(
    pair: Pair, ledger: Ledger, written: str, sent: str
) -> None:
    ledger.use("endpoint-characters")
    urls = [
        make(side, pair.server.url + written).generate_presigned_url("list_components")
        for side in (pair.theirs, pair.ours)
    ]
    assert f"{written}/greengrass" in urls[0]
    assert f"{sent}/greengrass" in urls[1]
    with pytest.raises(BadSignature):
        verify_presigned(urls[0].replace(written, sent), KEY, {}, "GET")
    assert verify_presigned(urls[1], KEY, {}, "GET") == {"host"}
    want, got = (
        capture(make(side, f"http://127.0.0.1:1{written}").list_components) for side in (pair.theirs, pair.ours)
    )
    assert want.kind == got.kind == "EndpointConnectionError"
    assert str(want.error).replace(written, sent) == str(got.error)
