"""Credentials that expire, and are renewed before they do.

Fifteen minutes before the end one of the threads that need them asks the source, and the others go on with what there
is; if the source fails then, so do all. In the last ten minutes every thread waits for the one that asks, and the
source's error is theirs; a later call asks again. A child process asks for itself: it waits for no thread of its
parent's. The core keeps to the same ends, and asks for keys again when they have come.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from datetime import datetime, timedelta, timezone
from math import inf

from fleetgrass.credentials import Credentials, ReadOnlyCredentials, refuse
from fleetgrass.credentials.answers import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

#: From when on they should be renewed, and from when on they must be.
ADVISORY = timedelta(minutes=15)
MANDATORY = timedelta(minutes=10)
NEEDED = ("access_key", "secret_key", "token", "expiry_time")


def now() -> datetime:
    return datetime.now(timezone.utc)


def end(provider: str, expiry: Any) -> datetime:
    """When keys end. `CredentialRetrievalError`: nobody can tell."""
    try:
        return moment(expiry)
    except ValueError as problem:
        refuse(provider, f"the expiration {problem}")


class Lasting(ReadOnlyCredentials):
    """Nobody need ask for other keys until `fresh_until`, nor, while somebody asks, until `good_until` (Unix time)."""

    fresh_until: float
    good_until: float

    @classmethod
    def of(cls, found: dict[str, Any], ends: datetime | None) -> Lasting:
        """What a source gave that ends then, or stays."""
        made = cls(found["access_key"], found["secret_key"], found["token"], found.get("account_id"))
        end = inf if ends is None else ends.timestamp()
        made.fresh_until, made.good_until = end - ADVISORY.total_seconds(), end - MANDATORY.total_seconds()
        return made


class _Question:
    """One to the source. Who asks it has the lock, and others wait for that."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.lock.acquire()
        self.error: Exception | None = None


class RefreshableCredentials(Credentials):
    """Keys of a source that can be asked again.

    Args:
        refresh_using: Asks the source. Gives `access_key`, `secret_key`, `token`, `expiry_time` (a text, or None for
            keys that stay) and perhaps `account_id`.
        first: What the source has given already; without it the source is asked at the first use.
        features: The user agent's ids of the source.
    """

    def __init__(
        self,
        refresh_using: Callable[[], dict[str, Any]],
        method: str,
        first: dict[str, Any] | None = None,
        features: Iterable[str] = (),
    ) -> None:
        self._refresh_using = refresh_using
        self.method = method
        self.features: tuple[str, ...] = tuple(features)
        self._frozen: ReadOnlyCredentials | None = None
        self._expiry: datetime | None = None
        # By process: one that a thread of the parent has begun would never end in the child.
        self._questions: dict[int, _Question] = {}
        if first is not None:
            self._set(first, self._end_of(first))

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        self._refresh()
        assert self._frozen is not None
        return self._frozen

    def refresh_needed(self, within: timedelta = ADVISORY) -> bool:
        if self._frozen is None:
            return True
        return self._expiry is not None and self._expiry - now() < within

    def _refresh(self) -> None:
        process, within = os.getpid(), ADVISORY
        while self.refresh_needed(within):
            own = _Question()
            try:
                current = self._questions.setdefault(process, own)
                if current is own:
                    if self.refresh_needed(within):
                        self._renew(own, self.refresh_needed(MANDATORY))
                    return
            finally:
                if self._questions.get(process) is own:
                    del self._questions[process]
                    own.lock.release()
            within = MANDATORY
            if self.refresh_needed(within):
                with current.lock:
                    pass
                if current.error is not None:
                    raise _copy(current.error) from current.error

    def _renew(self, question: _Question, mandatory: bool) -> None:
        try:
            found = self._refresh_using()
            if missing := [name for name in NEEDED if name not in (found or ())]:
                refuse(self.method, f"Credential refresh failed, response did not contain: {', '.join(missing)}")
            ends = self._end_of(found)
            if ends is not None and ends < now():
                raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
        except Exception as error:
            question.error = error
            import logging

            logging.getLogger("fleetgrass").warning(
                "renewing credentials of %s failed (%s)%s",
                self.method,
                type(error).__name__,
                "" if mandatory else "; the old ones are still good",
            )
            if mandatory:
                raise
            return
        self._set(found, ends)

    def _end_of(self, found: dict[str, Any]) -> datetime | None:
        expiry = found["expiry_time"]
        return None if expiry is None else end(self.method, expiry)

    def _set(self, found: dict[str, Any], ends: datetime | None) -> None:
        # The keys first: whoever sees the new end finds the new keys.
        self._frozen = Lasting.of(found, ends)
        self._expiry = ends

    if not TYPE_CHECKING:  # for whom they are those of `Credentials`
        access_key = property(lambda self: self.get_frozen_credentials().access_key)
        secret_key = property(lambda self: self.get_frozen_credentials().secret_key)
        token = property(lambda self: self.get_frozen_credentials().token)
        account_id = property(lambda self: self.get_frozen_credentials().account_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} from {self.method}>"

    def __reduce__(self) -> Any:
        from pickle import PicklingError

        raise PicklingError(f"credentials of {self.method} are renewed where they were found: pickle the session")


def _copy(error: Exception) -> Exception:
    """One of its own for each thread, whose traceback and notes are its own, if such an error can be copied."""
    import copy

    try:
        made = copy.copy(error)
    except Exception:
        return error
    return made if type(made) is type(error) and str(made) == str(error) else error


def cached(cache: dict[Any, dict[str, Any]], key: Any, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the session knows already under this key, if it is still good for a while; else what `ask` gives."""
    found = cache.get(key)
    if found is None or not _lasts(found):
        found = cache[key] = ask()
    return dict(found)


def _lasts(found: dict[str, Any]) -> bool:
    try:
        return moment(found["expiry_time"]) - now() >= ADVISORY
    except ValueError:
        return False
