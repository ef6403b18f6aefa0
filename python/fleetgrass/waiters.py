"""Waiters: poll an operation until its answer says what one waits for. botocore has none for this service.

They behave and fail as botocore's do: `wait(..., WaiterConfig={"Delay": seconds, "MaxAttempts": n})`, and `WaiterError`
for a state that cannot become the wanted one, for an error of the service, or after the last attempt.
"""

from __future__ import annotations

import copyreg

from fleetgrass import _core, exceptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn


class Goal:
    """What a waiter waits for: a value at a path of an answer."""

    def __init__(
        self,
        name: str,
        method_name: str,
        path: str,
        success: str,
        failures: tuple[str, ...] = (),
        *,
        delay: float,
        max_attempts: int,
    ) -> None:
        self.name = name
        self.method_name = method_name
        self.path = path
        self.success = success
        self.failures = failures
        self.delay = delay
        self.max_attempts = max_attempts

    def found(self, response: Any) -> Any:
        for key in self.path.split("."):
            response = response.get(key) if isinstance(response, dict) else None
        return response


#: By the name for `get_waiter`. Publishing takes seconds, a device minutes.
WAITERS = {
    "component_deployable": Goal(
        "ComponentDeployable",
        "describe_component",
        "status.componentState",
        "DEPLOYABLE",
        ("FAILED",),
        delay=2,
        max_attempts=60,
    ),
    "deployment_completed": Goal(
        "DeploymentCompleted",
        "get_deployment",
        "deploymentStatus",
        "COMPLETED",
        ("FAILED", "CANCELED", "INACTIVE"),
        delay=15,
        max_attempts=120,
    ),
    "core_device_healthy": Goal("CoreDeviceHealthy", "get_core_device", "status", "HEALTHY", delay=15, max_attempts=40),
}


class Waiter:
    """Waits for one goal. `config.delay` (seconds) and `config.max_attempts` are the defaults of `wait`."""

    def __init__(self, goal: Goal, method: Callable[..., Any]) -> None:
        self.name: str = goal.name
        self.config = goal
        self._method = method

    def wait(self, **kwargs: Any) -> None:
        """Call the operation with these parameters until the goal is reached.

        Raises:
            WaiterError: it will not be reached, or was not in time; `last_response` is the last answer.
        """
        delay, attempts = self._settings(kwargs)
        for attempts_left in reversed(range(attempts)):
            try:
                response = self._method(**kwargs)
            except exceptions.ClientError as error:
                self._refused(error)
            if self._reached(response, attempts_left):
                return
            _core.sleep(delay)

    def _settings(self, kwargs: dict[str, Any]) -> tuple[float, int]:
        settings = kwargs.pop("WaiterConfig", {})
        attempts = max(settings.get("MaxAttempts", self.config.max_attempts), 1)
        return settings.get("Delay", self.config.delay), attempts

    def _reached(self, response: Any, attempts_left: int) -> bool:
        state = self.config.found(response)
        if state == self.config.success:
            return True
        if state in self.config.failures:
            seen = f'For expression "{self.config.path}" we matched expected path: "{state}"'
            self._fail(f"Waiter encountered a terminal failure state: {seen}", response)
        if not attempts_left:
            self._fail("Max attempts exceeded", response)
        return False

    def _refused(self, error: exceptions.ClientError) -> NoReturn:
        problem = error.response.get("Error", {})
        code, message = problem.get("Code", "Unknown"), problem.get("Message", "Unknown")
        self._fail(f"An error occurred ({code}): {message}", error.response)

    def _fail(self, reason: str, response: Any) -> NoReturn:
        error = exceptions.WaiterError(name=self.name, reason=reason, last_response=response)
        copyreg.pickle(type(error), _reduced)
        raise error


def _reduced(error: Any) -> tuple[Any, ...]:
    """What a pickle is made again of. botocore's class leaves the answer out, without which it cannot be made."""
    return type(error), (error.kwargs["name"], error.kwargs["reason"], error.last_response)
