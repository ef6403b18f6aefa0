"""Paginators: the same pages given to botocore's paginator and to ours, with random settings and tokens."""

import base64
import json
import os

import botocore.paginate
import jmespath
import pytest
from botocore.exceptions import PaginationError
from hypothesis import given, strategies as st

import fleetgrass
from facade import FakeCore, environment, outcome
from fleetgrass.paginate import Paginator
from support.answers import reply
from support.processes import fork, statuses

KEYS = ("nextToken", "nextToken", "maxResults", "components")
CONFIG = dict(zip(("input_token", "output_token", "limit_key", "result_key"), KEYS, strict=True))


@pytest.fixture(scope="module")
def model():
    session = botocore.session.Session()
    return session.get_service_model("greengrassv2").operation_model("ListComponents")


class Service:
    """Answers with pages by token; an unknown token gives an empty last page. Tokens in a circle end with an error."""

    def __init__(self, pages):
        self.pages = pages
        self.calls = []

    def __call__(self, **params):
        self.calls.append(params)
        if len(self.calls) > 20:
            raise RecursionError("the tokens go in circles")
        token = params.get("nextToken")
        at = 0 if token is None else len(self.pages)
        if isinstance(token, str) and token[1:].isdigit():
            at = int(token[1:])
        return json.loads(json.dumps(self.pages[at])) if at < len(self.pages) else {"components": []}


def reading(make, pages, kwargs, use):
    """All that one can see of a reading: the calls, the pages or the error, and what is left."""
    service = Service(pages)
    iterator = outcome(lambda: make(service).paginate(**json.loads(json.dumps(kwargs))))
    if isinstance(iterator, tuple):
        return iterator
    return service.calls, outcome(lambda: use(iterator)), iterator.resume_token, iterator.non_aggregate_part


ITEMS = st.lists(st.integers(0, 9), max_size=4)
PAGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "components": ITEMS | st.none() | st.just("text"),
            "nextToken": st.sampled_from(["t0", "t1", "t2", "t3", "end", "", "None"]) | st.none(),
            "other": st.just(1),
        },
    ),
    min_size=1,
    max_size=5,
)


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


TOKENS = st.one_of(
    st.builds(encoded, st.fixed_dictionaries({}, optional={
        "nextToken": st.sampled_from(["t0", "t1", "t2"]) | st.none(),
        "boto_truncate_amount": st.integers(0, 3),
        "foreign": st.just("x"),
    })),
    st.sampled_from([encoded([1]), encoded("text"), encoded(5), encoded(None), "1234", "", "t1", "t1___2", "None___1",
                     "None", "a___b___c", "a___x", "\ud800", "é"]),
    st.integers(),
)  # fmt: skip
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "MaxItems": st.integers(-1, 9) | st.sampled_from(["2", 2.7, None, "x"]),
        "PageSize": st.integers(0, 3) | st.sampled_from(["2", None, "x"]),
        "StartingToken": TOKENS,
        "unknown": st.just(1),
    },
)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "scope": st.just("PRIVATE"),
        "nextToken": st.just("t1"),
        "maxResults": st.just(5),
        "PaginationConfig": SETTINGS,
    },
)


def first_pages(iterator, count=8):
    """Some pages: a service that answers in circles of two is never done, to botocore as to us."""
    return [page for page, _ in zip(iterator, range(count), strict=False)]


USES = {
    "pages": first_pages,
    "twice": lambda iterator: (first_pages(iterator, 5), first_pages(iterator, 5)),
    "search": lambda iterator: first_pages(iterator.search("components[?@ > `3`]")),
    "search-scalar": lambda iterator: first_pages(iterator.search("length(components || `[]`)")),
    "search-bad": lambda iterator: first_pages(iterator.search("][")),
    "iters": lambda iterator: [(i.result_key.expression, first_pages(i, 6)) for i in iterator.result_key_iters()],
    "keys": lambda iterator: [key.expression for key in iterator.result_keys],
}


@pytest.mark.parametrize("use", USES)
@given(pages=PAGES, kwargs=PARAMETERS)
def test_readings_are_botocores(model, use, pages, kwargs):
    want = reading(lambda service: botocore.paginate.Paginator(service, CONFIG, model), pages, kwargs, USES[use])
    got = reading(lambda service: Paginator(service, KEYS), pages, kwargs, USES[use])
    assert got == want


@given(pages=PAGES, kwargs=PARAMETERS)
def test_full_results_are_botocores(model, pages, kwargs):
    for at, page in enumerate(pages):  # forward only, so that the reading ends
        if page.get("nextToken") not in (None, ""):
            page["nextToken"] = f"t{at + 1}"
    want = reading(
        lambda s: botocore.paginate.Paginator(s, CONFIG, model), pages, kwargs, lambda i: i.build_full_result()
    )
    got = reading(lambda s: Paginator(s, KEYS), pages, kwargs, lambda i: i.build_full_result())
    assert got == want


@given(st.lists(ITEMS, min_size=1, max_size=5), st.integers(1, 4), st.booleans())
def test_tokens_of_either_are_understood_by_the_other(model, lists, step, ours_first):
    pages = [{"components": items, "nextToken": f"t{at}"} for at, items in enumerate(lists, 1)]
    del pages[-1]["nextToken"]
    token, read, ours = None, [], ours_first
    for _ in range(50):
        service = Service(pages)
        paginator = Paginator(service, KEYS) if ours else botocore.paginate.Paginator(service, CONFIG, model)
        result = paginator.paginate(PaginationConfig={"MaxItems": step, "StartingToken": token}).build_full_result()
        read += result.get("components", [])
        token, ours = result.get("NextToken"), not ours
        if token is None:
            break
    assert read == [item for items in lists for item in items]


@pytest.mark.parametrize(
    "value",
    [
        {"nextToken": "t"},
        {"nextToken": None, "boto_truncate_amount": 1},
        {},
        {"a": 1},
        {"boto_truncate_amount": 1},
        "t",
        None,
    ],
    ids=str,
)
def test_setting_the_resume_token(model, value):
    def put(paginator):
        iterator = paginator.paginate()
        iterator.resume_token = value
        return iterator.resume_token

    want = outcome(lambda: put(botocore.paginate.Paginator(None, CONFIG, model)))
    assert outcome(lambda: put(Paginator(None, KEYS))) == want


def test_the_same_token_twice_is_an_error():
    service = Service([{"components": [1], "nextToken": "t0"}])
    pages = iter(Paginator(service, KEYS).paginate())
    next(pages), next(pages)
    with pytest.raises(PaginationError, match=r"The same next token was received twice: \{'nextToken': 't0'\}"):
        next(pages)


@pytest.fixture
def client():
    with environment(AWS_DEFAULT_REGION="eu-west-1"):
        yield fleetgrass.client("greengrassv2")


def test_a_clients_paginator(client):
    paginator = client.get_paginator("list_components")
    assert type(paginator).__name__ == "GreengrassV2.Paginator.ListComponents"
    assert [type(key) for key in paginator.result_keys] == [jmespath.parser.ParsedResult]
    FakeCore.answers = [{"components": [1], "nextToken": "t"}, {"components": [2]}]
    assert paginator.paginate(scope="PUBLIC").build_full_result() == {"components": [1, 2]}
    calls = client._core.calls
    assert calls == [
        ("ListComponents", {"scope": "PUBLIC"}, True),
        ("ListComponents", {"scope": "PUBLIC", "nextToken": "t"}, True),
    ]
    client.list_components()
    assert calls[-1] == ("ListComponents", {}, False)
    with pytest.raises(TypeError):
        paginator.paginate("PUBLIC")
    with pytest.raises(TypeError):
        next(paginator.paginate())


def live(server, pages):
    """A client whose lists have these pages, and what reads them."""
    server.script([reply({"coreDevices": page, "nextToken": f"t{at}"}) for at, page in enumerate(pages[:-1], 1)]
                  + [reply({"coreDevices": pages[-1]})])  # fmt: skip
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
    made = fleetgrass.client("greengrassv2", region_name="eu-west-1", endpoint_url=server.url, **keys)
    return made, made.get_paginator("list_core_devices")


LISTS = [[{"coreDeviceThingName": f"d{page}-{row}"} for row in range(3)] for page in range(4)]
FLAT = [item for page in LISTS for item in page]


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_a_page_is_asked_for_when_it_is_wanted(server, observed):
    client, paginator = live(server, LISTS)
    if observed:
        client.meta.events.register("before-send", lambda **kwargs: None)
    pages = iter(paginator.paginate())
    assert server.take() == []
    for page in LISTS:
        assert next(pages)["coreDevices"] == page
        assert len(server.take()) == 1
    assert list(pages) == server.take() == []
    _, paginator = live(server, LISTS)
    assert paginator.paginate().build_full_result() == {"coreDevices": FLAT}
    assert [request.query for request in server.take()] == ["", "nextToken=t1", "nextToken=t2", "nextToken=t3"]


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_items_are_those_of_all_pages(server, observed):
    client, paginator = live(server, LISTS)
    if observed:
        client.meta.events.register("before-send", lambda **kwargs: None)
    assert list(paginator.items(PaginationConfig={"PageSize": 3})) == FLAT
    assert [request.query for request in server.take()] == [
        "maxResults=3", "maxResults=3&nextToken=t1", "maxResults=3&nextToken=t2", "maxResults=3&nextToken=t3"
    ]  # fmt: skip
    _, paginator = live(server, LISTS)
    assert list(paginator.items(PaginationConfig={"MaxItems": 5})) == FLAT[:5]
    assert len(server.take()) == 2


def test_items_ask_for_the_next_page_meanwhile_and_for_no_other(server):
    _, paginator = live(server, LISTS)
    items = paginator.items()
    assert next(items) == FLAT[0]
    server.wait_for_requests(2)
    assert [next(items), next(items)] == FLAT[1:3]
    assert len(server.take()) == 2
    items.close()


@pytest.mark.parametrize("kwargs", [{}, {"PaginationConfig": {"MaxItems": 7}}, {"PaginationConfig": {"MaxItems": 6}}])
def test_a_full_result_asks_for_the_next_page_meanwhile_and_for_no_other(server, monkeypatch, kwargs):
    _, paginator = live(server, LISTS)
    pages = paginator.paginate(**kwargs)
    wanted = kwargs.get("PaginationConfig", {}).get("MaxItems", len(FLAT))
    count = -(-wanted // 3)
    read = 0

    def add(page, result):
        nonlocal read
        read += 1
        server.wait_for_requests(min(read + 1, count))
        type(pages)._add(pages, page, result)

    monkeypatch.setattr(pages, "_add", add)
    assert pages.build_full_result()["coreDevices"] == FLAT[:wanted]
    assert len(server.take()) == read == count


def test_a_full_result_of_one_page_is_a_plain_call(server, monkeypatch):
    _, paginator = live(server, LISTS[:1])
    monkeypatch.delattr("fleetgrass._core.Many")
    assert paginator.paginate().build_full_result() == {"coreDevices": LISTS[0]}


@pytest.mark.parametrize("observed", [False, True], ids=["plain", "observed"])
def test_a_full_result_ends_with_the_error_half_way(server, observed):
    client, paginator = live(server, LISTS)
    if observed:
        client.meta.events.register("before-send", lambda **kwargs: None)
    first = reply({"coreDevices": LISTS[0], "nextToken": "t"})
    server.script([first, reply({"message": "no"}, 403)])
    with pytest.raises(fleetgrass.exceptions.ClientError):
        paginator.paginate().build_full_result()
    assert len(server.take()) == 2
    server.script([first])
    with pytest.raises(PaginationError, match="The same next token was received twice"):
        paginator.paginate().build_full_result()
    assert len(server.take()) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_full_results_in_a_fork(server):
    _, paginator = live(server, LISTS)
    assert paginator.paginate().build_full_result() == {"coreDevices": FLAT}
    _, paginator = live(server, LISTS)
    child = fork(lambda: check(paginator.paginate().build_full_result() == {"coreDevices": FLAT}))
    assert statuses([child]) == {0}
    _, paginator = live(server, LISTS)
    assert paginator.paginate().build_full_result() == {"coreDevices": FLAT}


def check(fact):
    assert fact


def test_items_end_with_the_error_of_the_page_after_them(server):
    _, paginator = live(server, LISTS)
    server.script([reply({"coreDevices": LISTS[0], "nextToken": "t"}), reply({"message": "no"}, 403)])
    read = []
    with pytest.raises(fleetgrass.exceptions.ClientError):
        read.extend(paginator.items())
    assert read == LISTS[0]
    server.script([reply({"coreDevices": LISTS[0], "nextToken": "t"})])
    read = []
    with pytest.raises(PaginationError):
        read.extend(paginator.items())
    assert read == LISTS[0] * 2


class Bye(BaseException):
    """No Exception."""


@pytest.mark.parametrize("good", [0, 1], ids=["first page", "second page"])
@pytest.mark.parametrize("error", [Bye("bye"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_items_raise_what_is_no_exception(server, error, good):
    keys = fleetgrass.credentials.ReadOnlyCredentials("AKIDEXAMPLE", "secret", None)

    class Provider:
        method = "explicit"
        asked = 0

        def get_frozen_credentials(self):
            self.asked += 1
            if self.asked > good:
                raise error
            return keys

    session = fleetgrass.Session(region_name="eu-west-1")
    session._lookup._credentials = Provider()
    server.script([reply({"coreDevices": LISTS[0], "nextToken": "t"})])
    paginator = session.client("greengrassv2", endpoint_url=server.url).get_paginator("list_core_devices")
    read = []
    with pytest.raises(type(error)):
        read.extend(paginator.items())
    assert read == LISTS[0] * good


@given(pages=PAGES, kwargs=PARAMETERS)
def test_items_are_what_search_finds_on_the_pages(pages, kwargs):
    for page in pages:
        if not isinstance(page.get("components"), list):
            page.pop("components", None)
    want = reading(lambda service: Paginator(service, KEYS), pages, kwargs, USES["iters"])
    got = reading(
        lambda service: Paginator(service, KEYS), pages, kwargs, lambda i: [("components", first_pages(i._items(), 6))]
    )
    assert got[1:2] == want[1:2]
