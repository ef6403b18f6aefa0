"""Whether a call of a service of AWS is made again, and when: botocore's rules for each mode, one call at a time.

Its modes differ in what they take for an error that may pass, in how long they wait, and in that the newer ones have a
quota. Ours is a call's: a client of botocore's makes one call for credentials, too.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = frozenset({500, 502, 503, 504})
LEGACY_STATUSES = STATUSES | {429, 509}
#: These count at status 400 alone.
LEGACY_CODES = frozenset(
    (
        "ProvisionedThroughputExceededException", "RequestThrottledException", "ThrottledException", "Throttling",
        "ThrottlingException",
    )
)  # fmt: skip
THROTTLING_CODES = LEGACY_CODES | frozenset(
    (
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "RequestLimitExceeded", "RequestThrottled", "SlowDown", "TooManyRequestsException",
        "TransactionInProgressException",
    )
)  # fmt: skip
TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
#: In every mode, of STS.
IDP_CODE = "IDPCommunicationError"

#: The codes of errors that an operation's model knows. A status 429 with one of them says nothing of its own.
KNOWN_CODES = {
    "AssumeRole": frozenset(
        ("ExpiredTokenException", "MalformedPolicyDocument", "PackedPolicyTooLarge", "RegionDisabledException")
    ),
    "AssumeRoleWithWebIdentity": frozenset(
        (
            "ExpiredTokenException", "IDPCommunicationError", "IDPRejectedClaim", "InvalidIdentityToken",
            "MalformedPolicyDocument", "PackedPolicyTooLarge", "RegionDisabledException",
        )
    ),
    "GetRoleCredentials": frozenset(
        ("InvalidRequestException", "ResourceNotFoundException", "TooManyRequestsException", "UnauthorizedException")
    ),
    "CreateToken": frozenset(
        (
            "AccessDeniedException", "AuthorizationPendingException", "ExpiredTokenException",
            "InternalServerException", "InvalidClientException", "InvalidGrantException", "InvalidRequestException",
            "InvalidScopeException", "SlowDownException", "UnauthorizedClientException",
            "UnsupportedGrantTypeException",
        )
    ),
    "CreateOAuth2Token": frozenset(
        ("AccessDeniedException", "InternalServerException", "TooManyRequestsError", "ValidationException")
    ),
}  # fmt: skip

LONGEST_BACKOFF = 20
#: How far beyond the backoff a service's own hint is heeded.
LONGEST_HINT = 5
QUOTA, PRICE, THROTTLING_PRICE = 500, 14, 5


class Attempts:
    """Those of one call of `service`.

    Args:
        total: How many there may be.
        read_timeout: Seconds of silence after which an attempt is given up.

    Attributes:
        number: Of the current one, from 1.
        spent: What a refusal that is final says of them in its `ResponseMetadata`.
    """

    def __init__(self, service: str, operation: str, mode: str, total: int, read_timeout: float) -> None:
        self._service = service
        self._known = KNOWN_CODES[operation]
        self._legacy = mode == "legacy"
        self._total = total
        self._read_timeout = read_timeout
        self._until = ""
        self._quota = QUOTA
        self.number: int = 1
        self.spent: dict[str, bool] = {}

    def header(self) -> str:
        """What the service is told: botocore's old mode does not know yet at first how many there may be.

        After an answer with a date, also until when somebody waits, by the service's own clock.
        """
        first = self._legacy and self.number == 1
        told = f"{self._until}attempt={self.number}"
        return told if first else f"{told}; max={self._total}"

    def after_failure(self, error: Exception) -> float | None:
        """Seconds until another attempt after one without an answer; None: there is none."""
        from fleetgrass import exceptions

        passing = (exceptions.ConnectionError, exceptions.ConnectionClosedError, exceptions.ReadTimeoutError)
        return self._next(not self._legacy or isinstance(error, passing), False, {})

    def after_refusal(
        self, status: int, code: str | None, headers: Mapping[str, str], clock_set: bool = False
    ) -> float | None:
        """Seconds until another attempt after an answer that is an error; None: it is final.

        `clock_set`: it was our clock that was refused, and the next signature has the service's time.
        """
        self._note(headers.get("date", ""))
        throttled = code in THROTTLING_CODES or (status == 429 and code not in self._known)
        if self._legacy:
            again = status in LEGACY_STATUSES or (status == 400 and (code in LEGACY_CODES or self._is_idp(code)))
        else:
            again = throttled or status in STATUSES or code in TRANSIENT_CODES or self._is_idp(code)
        return self._next(again or clock_set, throttled, headers)

    def _note(self, date: str) -> None:
        try:
            until = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %Z") + timedelta(seconds=self._read_timeout)
        except (ValueError, OverflowError):
            return
        self._until = f"ttl={until:%Y%m%dT%H%M%SZ}; "

    def _is_idp(self, code: str | None) -> bool:
        return self._service == "sts" and code == IDP_CODE

    def _next(self, again: bool, throttled: bool, headers: Mapping[str, str]) -> float | None:
        if self.number >= self._total:
            if again or not self._legacy:
                self.spent["MaxAttemptsReached"] = True
            return None
        if not again:
            return None
        if not self._legacy:
            price = THROTTLING_PRICE if throttled else PRICE
            if price > self._quota:
                self.spent["RetryQuotaReached"] = True
                return None
            self._quota -= price
        wait = self._wait(throttled, headers)
        self.number += 1
        return wait

    def _wait(self, throttled: bool, headers: Mapping[str, str]) -> float:
        power = 2.0 ** (self.number - 1)
        if self._legacy:
            return random.random() * power
        backoff = random.random() * min((1 if throttled else 0.05) * power, LONGEST_BACKOFF)
        try:
            hint = int(headers["x-amz-retry-after"]) / 1000
        except (KeyError, ValueError, OverflowError):
            return backoff
        return max(backoff, min(hint, backoff + LONGEST_HINT))
