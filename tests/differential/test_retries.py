"""Retries: for which answers, how often, what each attempt says, and what the outcome tells of it.

Waiting is real on our side, so every case is one retry at most where the answer is throttling (a second or less), and
cases that wait run side by side, each on a server of its own.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from differential.alike import assert_alike, side_by_side
from support.answers import CLOSED, GARBAGE, Answer, failure, plain, reply
from support.cases import Case, Setup
from support.compare import Pair, Side
from support.deviations import Ledger
from support.outcome import differences

TRANSIENT = (500, 502, 503, 504)
FINAL = (300, 301, 400, 401, 403, 404, 408, 409, 413, 429, 499, 501, 505, 507, 509, 599)
TRANSIENT_CODES = ("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete")
THROTTLING_CODES = (
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded",
    "BandwidthLimitExceeded", "LimitExceededException", "RequestThrottled", "SlowDown", "EC2ThrottledException",
)  # fmt: skip
MODELLED = (
    "AccessDeniedException", "ConflictException", "InternalServerException", "RequestAlreadyInProgressException",
    "ResourceNotFoundException", "ServiceQuotaExceededException", "ValidationException",
)  # fmt: skip
OTHERS = ("ExpiredToken", "ExpiredTokenException", "RequestTimeTooSkewed", "InternalFailure", "Odd", "throttling", "")
# Their errors: all of the modelled ones but a few; one error only.
METHODS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_components", {}),
    ("get_service_role_for_account", {}),
    ("create_deployment", {"targetArn": "t"}),
)


def case(name: str, answers: list[Answer], setup: Setup, method: str = "list_components", **params: Any) -> Case:
    return Case(name, method, params, setup, answers)


@pytest.mark.parametrize("attempts", [1, 2, 3, 4])
@pytest.mark.parametrize("good_after", [0, 1, 2, 9])
def test_attempts_and_metadata(pair: Pair, ledger: Ledger, attempts: int, good_after: int) -> None:
    """How often it was sent, and RetryAttempts and MaxAttemptsReached of the answer, after some failures."""
    answers = [failure(500, "InternalServerException")] * good_after + [reply()]
    setup = Setup(attempts=attempts)
    assert_alike(pair, ledger, [case(f"{attempts} attempts, good after {good_after}", answers, setup)])


def grid() -> Iterator[Case]:
    """Every status with no code, every code with a status that says nothing, and 429 with each modelled code."""
    setup = Setup(attempts=2)
    for method, params in METHODS:
        for status in (*TRANSIENT, *FINAL):
            yield case(f"{method} {status}", [plain(status, b""), reply()], setup, method, **params)
        for code in (*TRANSIENT_CODES, *MODELLED, *OTHERS):
            yield case(f"{method} 400 {code}", [failure(400, code), reply()], setup, method, **params)
        for code in MODELLED:
            yield case(f"{method} 429 {code}", [failure(429, code), reply()], setup, method, **params)
    for code in THROTTLING_CODES:
        for status in (400, 403, 503):
            yield case(f"{status} {code}", [failure(status, code), reply()], setup)


def test_status_and_code_decide(theirs: Side, ours: Side, ledger: Ledger) -> None:
    found = [each for each in side_by_side(theirs, ours, list(grid())) if each.lines and not ledger.excuses(each)]
    assert not found, "\n\n".join(map(str, found[:5]))


@pytest.mark.parametrize("mode", ["legacy", "adaptive"])
def test_other_modes(theirs: Side, ours: Side, ledger: Ledger, mode: str) -> None:
    setup = Setup(attempts=2, mode=mode)
    statuses = (*TRANSIENT, 429, 408, 501, 509)
    chosen = [case(f"{mode} {status}", [plain(status, b""), reply()], setup) for status in statuses]
    codes = ("Throttling", "ThrottlingException", "ThrottledException", "SlowDown", "RequestTimeout")
    chosen += [case(f"{mode} {code}", [failure(400, code), reply()], setup) for code in codes]
    chosen += [case(f"{mode} always 500", [plain(500, b"")], setup), case(f"{mode} closed", [CLOSED, reply()], setup)]
    found = [each for each in side_by_side(theirs, ours, chosen) if each.lines and not ledger.excuses(each)]
    assert not found, "\n\n".join(map(str, found[:5]))


BROKEN = {"closed": CLOSED, "garbage": GARBAGE}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize(("method", "params"), METHODS)
def test_lost_connections_are_retried(
    pair: Pair, ledger: Ledger, kind: str, method: str, params: dict[str, Any]
) -> None:
    """Writes too: the body, the token and the invocation id come again unchanged."""
    setup = Setup(attempts=3)
    cases = [
        case(f"{kind} once", [BROKEN[kind], reply()], setup, method, **params),
        case(f"{kind} always", [BROKEN[kind]], setup, method, **params),
    ]
    assert_alike(pair, ledger, cases)


def test_ttl_follows_the_date_of_the_service(pair: Pair, ledger: Ledger) -> None:
    """amz-sdk-request of the second attempt tells when we give up, by the service's clock."""
    dates = ("Tue, 14 Nov 2023 22:13:20 GMT", "nonsense", "Tue, 14 Nov 2023 22:13:20", "")
    cases = [
        case(f"Date {date!r}", [failure(500, "Odd", headers=[("Date", date)]), reply()], Setup(attempts=3))
        for date in dates
    ]
    assert_alike(pair, ledger, cases)


HINTS = ("0", "1", "20", "x", "-5", "1.5", "")


@pytest.mark.parametrize("hint", HINTS)
def test_hint_in_milliseconds(pair: Pair, ledger: Ledger, hint: str) -> None:
    """x-amz-retry-after, well or badly formed, changes the wait and nothing that can be seen."""
    answers = [failure(500, "Odd", headers=[("x-amz-retry-after", hint)]), reply()]
    assert_alike(pair, ledger, [case(f"hint {hint!r}", answers, Setup(attempts=2))])


def _until_the_quota_ends(client: Any) -> Any:
    """Text and metadata of one failing call after the other, the last ones with the mark of an empty quota."""
    seen = []
    for _ in range(40):
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.list_components()
        seen.append((str(caught.value), caught.value.response["ResponseMetadata"]))
    return seen


def test_quota(pair: Pair) -> None:
    """500 tokens, 14 a retry: 35 retries of 2 attempts each, then none."""
    answers = [failure(500, "Odd")]
    drain = Case("quota", "list_components", {}, Setup(attempts=2), answers, act=_until_the_quota_ends)
    theirs, ours = pair.run(drain)
    assert theirs.outcome.value[-1][1]["RetryQuotaReached"] is True
    assert not differences(theirs.outcome, ours.outcome)


def _after_success(client: Any) -> Any:
    seen = []
    for _ in range(38):
        try:
            seen.append(client.list_components()["ResponseMetadata"])
        except client.exceptions.ClientError as error:
            seen.append(error.response["ResponseMetadata"])
    return seen


def test_success_gives_its_quota_back(pair: Pair) -> None:
    """Each call fails once and then succeeds: the quota never ends."""
    answers = [failure(500, "Odd"), reply()] * 38
    refill = Case("refill", "list_components", {}, Setup(attempts=2), answers, act=_after_success)
    theirs, ours = pair.run(refill)
    assert not any("RetryQuotaReached" in metadata for metadata in theirs.outcome.value)
    assert not differences(theirs.outcome, ours.outcome)
