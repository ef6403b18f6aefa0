"""Paginators: the same pages, items, tokens and errors from random sequences of pages."""

import pytest

from differential.alike import assert_alike
from support.answers import reply
from support.cases import Case
from support.compare import Pair
from support.deviations import Ledger
from support.model import paginators
from support.pages import paged

METHODS = list(paginators())


@pytest.mark.parametrize("method", METHODS)
def test_random_pages(pair: Pair, ledger: Ledger, method: str) -> None:
    assert_alike(pair, ledger, paged(method))


@pytest.mark.parametrize("stop", range(7))
def test_a_token_of_one_resumes_the_other(pair: Pair, stop: int) -> None:
    """Interrupt after any number of items with one library, go on with the other, and have every item once."""
    pages = [
        reply({"components": [{"arn": "0"}, {"arn": "1"}], "nextToken": "a"}),
        reply({"components": [{"arn": "2"}, {"arn": "3"}, {"arn": "4"}], "nextToken": "b"}),
        reply({"components": [{"arn": "5"}]}),
    ]
    for first, second in ((pair.theirs, pair.ours), (pair.ours, pair.theirs)):
        pair.server.script(pages)
        start = pair.client(first).get_paginator("list_components").paginate(PaginationConfig={"MaxItems": stop})
        got = [item["arn"] for page in start for item in page["components"]]
        assert len(got) == min(stop, 6)
        if start.resume_token is None:
            assert stop in (0, 6)
            continue
        # The service would answer with the page that the token names.
        pair.server.script(pages[0 if stop < 2 else 1 if stop < 5 else 2 :])
        rest = (
            pair.client(second)
            .get_paginator("list_components")
            .paginate(PaginationConfig={"StartingToken": start.resume_token})
        )
        assert got + [item["arn"] for item in rest.build_full_result()["components"]] == list("012345")


def test_resume_token_can_be_set(pair: Pair, ledger: Ledger) -> None:
    """A dict of the right keys is taken; anything else is a bad starting token."""

    def setting(value: object) -> Case:
        def act(client: object) -> object:
            pages = client.get_paginator("list_components").paginate()  # type: ignore[attr-defined]
            pages.resume_token = value
            return pages.resume_token

        return Case(f"resume_token = {value!r}", "list_components", {}, act=act)

    values = ({"nextToken": "a"}, {"nextToken": "a", "boto_truncate_amount": 3}, {"foreign": 1}, {}, "a", None, [1])
    assert_alike(pair, ledger, map(setting, values), native_texts=True)
