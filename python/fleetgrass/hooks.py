"""The life of a call that somebody observes: the steps that the core takes in one go, with botocore's events between.

Nothing here is loaded before somebody registers a handler at `client.meta.events`, or reaches into a client for a
name that only botocore's clients have. The order and the arguments of the events are botocore's:

    provide-client-params, before-parameter-build         an answer replaces the parameters; they may be changed
    before-endpoint-resolution                            `builtins` may be changed
    before-call                                           `params`, the request, may be changed; an answer ends the call
    request-created, choose-signer, before-sign           each attempt; headers may be added, the signer chosen
    before-send                                           an answer is taken in place of the service's
    before-parse, response-received                       each attempt; the answer may be changed
    needs-retry                                           a number of seconds asks for another attempt
    after-call, after-call-error                          once

The methods of `Hooks` carry the names of botocore's client because botocore's own `_make_api_call` runs on them where
it is wrapped (`patched`).
"""

from __future__ import annotations

import sys

from fleetgrass import _core, exceptions
from fleetgrass._core import sleep
from fleetgrass.config import UNSIGNED
from fleetgrass.events import WAITS, Events, answer
from fleetgrass.many import PATIENT
from fleetgrass.messages import OperationModel, new_request, new_response
from fleetgrass.user_agent import PAGINATED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fleetgrass._client import ClientMeta

SERVICE = "greengrassv2"
SIGNING_NAME = "greengrass"


class Hooks:
    """What lies inside a client, for those who look."""

    def __init__(self, meta: ClientMeta, core: _core.Client, facts: dict[str, Any]) -> None:
        self.meta: ClientMeta = meta
        self._core = core
        self._facts = facts
        self._request_signer = RequestSigner(meta, core, facts["signing_region"])
        self.events: Events = self._own_events()

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self.meta, self._core, self._facts["called_url"])

    def _own_events(self) -> Events:
        """Events with the handlers that are in every client of botocore and matter to this service."""
        events = Events()
        events.register("before-parameter-build", _add_idempotency_token)
        events.register("before-call", self._add_trace_id)
        events.register(f"request-created.{SERVICE}", self._request_signer.handler)
        events.register("request-created", self._add_retry_headers)
        if self._facts["retry_mode"] == "adaptive":
            events.register("before-send", self._wait_for_turn)
        events.register(f"needs-retry.{SERVICE}", self._needs_retry, unique_id=f"retry-config-{SERVICE}")
        events.begin()
        return events

    def call(self, operation_name: str, api_params: dict[str, Any]) -> Any:
        """One call, told event by event."""
        model = self.operation_model(operation_name)
        context: dict[str, Any] = {
            "client_region": self.meta.region_name,
            "client_config": self.meta.config,
            "has_streaming_input": False,
            "auth_type": None,
            "unsigned_payload": None,
            "auth_options": ["aws.auth#sigv4"],
        }
        params = self._emit_api_params(api_params, model, context)
        endpoint_url, headers, _ = self._resolve_endpoint_ruleset(model, params, context)
        request = self._convert_to_request_dict(params, model, endpoint_url, context, headers)
        _, given = self.events.emit_until_response(
            f"before-call.{SERVICE}.{operation_name}",
            model=model,
            params=request,
            request_signer=self._request_signer,
            context=context,
        )
        http, parsed = self._make_request(model, request, context) if given is None else given
        self.events.emit(
            f"after-call.{SERVICE}.{operation_name}", http_response=http, parsed=parsed, model=model, context=context
        )
        if http.status_code >= 300:
            code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
            raise exceptions.service_exceptions().from_code(code)(parsed, operation_name)
        return parsed

    def presign(self, operation_name: str, params: Any, expires_in: str, http_method: str | None) -> str:
        """A URL that carries its signature. Nothing is sent, and fewer events are emitted."""
        model = self.operation_model(operation_name)
        context = {"is_presign_request": True, "use_global_endpoint": self.meta.partition == "aws"}
        if isinstance(params, dict):  # what is none is for the validation
            params = dict(params)  # the caller's own stays as it is
        params = self._emit_api_params(params, model, context)
        endpoint_url, headers, _ = self._resolve_endpoint_ruleset(model, params, context)
        request = self._convert_to_request_dict(params, model, endpoint_url, context, headers, False)
        if http_method is not None:
            request["method"] = http_method
        return self._request_signer.generate_presigned_url(request, operation_name, expires_in)

    def operation_model(self, operation_name: str) -> Any:
        """botocore's model of the operation, where botocore is installed."""
        try:
            return self.meta.service_model.operation_model(operation_name)
        except ModuleNotFoundError:
            return OperationModel(operation_name)

    def _emit_api_params(self, api_params: Any, operation_model: Any, context: dict[str, Any]) -> Any:
        name = operation_model.name
        told = {"model": operation_model, "context": context}
        responses = self.events.emit(f"provide-client-params.{SERVICE}.{name}", params=api_params, **told)
        api_params = answer(responses, api_params)
        self.events.emit(f"before-parameter-build.{SERVICE}.{name}", params=api_params, **told)
        return api_params

    def _resolve_endpoint_ruleset(
        self, operation_model: Any, params: Any, request_context: dict[str, Any], ignore_signing_region: bool = False
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        """The URL of the server, and headers and properties that the rules of this service never give."""
        config = self.meta.config
        known = {
            "AWS::Region": self.meta.region_name,
            "AWS::UseDualStack": bool(config.use_dualstack_endpoint),
            "AWS::UseFIPS": bool(config.use_fips_endpoint),
            "SDK::Endpoint": self._facts["custom_url"],
        }
        builtins = dict(known)
        self.events.emit(
            f"before-endpoint-resolution.{SERVICE}",
            builtins=builtins,
            model=operation_model,
            params=params,
            context=request_context,
        )
        if {name: builtins.get(name) for name in known} == known:
            if self._facts["data_plane"] is None:
                return self._facts["called_url"], {}, {}
            url, by_certificate = self._core.endpoint(operation_model.name)
            if by_certificate:
                request_context["auth_type"] = UNSIGNED
            return url, {}, {}
        if builtins.get("SDK::Endpoint"):
            return builtins["SDK::Endpoint"], {}, {}
        flags = bool(builtins.get("AWS::UseFIPS")), bool(builtins.get("AWS::UseDualStack"))
        return _core.resolve_endpoint(builtins["AWS::Region"], *flags)["url"], {}, {}

    def _convert_to_request_dict(
        self,
        api_params: Any,
        operation_model: Any,
        endpoint_url: str,
        context: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        set_user_agent_header: bool = True,
    ) -> dict[str, Any]:
        request = self._core.request(operation_model.name, api_params, PAGINATED.get(), endpoint_url)
        if not set_user_agent_header:
            del request["headers"]["User-Agent"]
        request["headers"].update(headers or {})
        request["context"] = {} if context is None else context
        return request

    def _make_request(self, operation_model: Any, request_dict: dict[str, Any], request_context: Any) -> Any:
        try:
            return self._endpoint.make_request(operation_model, request_dict)
        except Exception as error:
            self.events.emit(
                f"after-call-error.{SERVICE}.{operation_model.name}", exception=error, context=request_context
            )
            raise

    def _add_trace_id(self, params: dict[str, Any], **kwargs: Any) -> None:
        trace = self._core.trace_id()
        if trace is not None and "X-Amzn-Trace-Id" not in params["headers"]:
            params["headers"]["X-Amzn-Trace-Id"] = trace

    def _add_retry_headers(self, request: Any, **kwargs: Any) -> None:
        retries = request.context.get("retries")
        if not retries:
            return
        if self._facts["retry_mode"] != "legacy":
            retries["max"] = self._facts["total_max_attempts"]
        request.headers["amz-sdk-invocation-id"] = retries["invocation-id"]
        told = [f"{name}={retries[name]}" for name in ("ttl", "attempt", "max") if name in retries]
        request.headers["amz-sdk-request"] = "; ".join(told)

    def _wait_for_turn(self, **kwargs: Any) -> None:
        self._core.admit()

    def _needs_retry(
        self, endpoint: Endpoint, response: Any, request_dict: dict[str, Any], **kwargs: Any
    ) -> float | None:
        request_dict["context"]["retries"]["max"] = self._facts["total_max_attempts"]
        return endpoint.needs_retry(response)


class RequestSigner:
    """Signs what a client sends."""

    def __init__(self, meta: ClientMeta, core: _core.Client, region_name: str) -> None:
        self._meta = meta
        self._core = core
        self.region_name = region_name
        self.signing_name = SIGNING_NAME

    @property
    def signature_version(self) -> Any:
        return self._meta.config.signature_version

    def handler(self, operation_name: str, request: Any, **kwargs: Any) -> None:
        self.sign(operation_name, request)

    def sign(
        self,
        operation_name: str,
        request: Any,
        region_name: str | None = None,
        signing_type: str = "standard",
        expires_in: Any = None,
        signing_name: str | None = None,
    ) -> None:
        """Add the signature to the headers of a request, or to its URL where `signing_type` is "presign-url"."""
        suffix = "-query" if signing_type == "presign-url" else ""
        signing = request.context.get("signing", {})
        region = region_name or signing.get("region", self.region_name)
        service = signing_name or signing.get("signing_name", self.signing_name)
        told = {"signing_name": service, "region_name": region}
        context = request.context
        version = _suffixed(context.get("auth_type") or self.signature_version, suffix)
        _, chosen = self._meta.events.emit_until_response(
            f"choose-signer.{SERVICE}.{operation_name}", **told, signature_version=version, context=context
        )
        if chosen is not None:
            version = _suffixed(chosen, suffix)
        self._meta.events.emit(
            f"before-sign.{SERVICE}.{operation_name}",
            request=request,
            **told,
            signature_version=version,
            request_signer=self,
            operation_name=operation_name,
        )
        version = version if isinstance(version, str) else "unsigned"
        prepared = request.prepare()
        parts = request.method, prepared.url, _encoded(request.headers), prepared.body or b""
        if suffix:
            request.url = self._core.sign_url(*parts, version.removesuffix(suffix), region, service, str(expires_in))
            return
        for name, value in self._core.sign(*parts, version, region, service):
            if name in request.headers:
                del request.headers[name]
            request.headers[name] = value
            if name == "X-Amz-Date":
                context["timestamp"] = value

    def generate_presigned_url(
        self,
        request_dict: dict[str, Any],
        operation_name: str,
        expires_in: Any = 3600,
        region_name: str | None = None,
        signing_name: str | None = None,
    ) -> str:
        request = _request(request_dict)
        self.sign(operation_name, request, region_name, "presign-url", expires_in, signing_name)
        url: str = request.url
        return url


class Endpoint:
    """The way of one call to the service and back, in as many attempts as it takes."""

    def __init__(self, meta: ClientMeta, core: _core.Client, host: str) -> None:
        self._meta = meta
        self._core = core
        self._call: _core.Call | None = None
        self.host = host

    def __repr__(self) -> str:
        return f"{SIGNING_NAME}({self.host})"

    def close(self) -> None:
        self._core.close()

    def make_request(self, operation_model: Any, request_dict: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Send until there is an answer for good. Gives the answer, and what it says."""
        from uuid import uuid4

        name = operation_model.name
        context = request_dict["context"]
        waits = WAITS.get()
        check = None if waits is None else waits.check
        self._call = _core.Call(self._core, name, PATIENT.get(), check)
        attempts = 0
        retries = context.setdefault("retries", {})
        retries.setdefault("invocation-id", str(uuid4()))
        while True:
            attempts += 1
            retries["attempt"] = attempts
            if ttl := self._call.attempt(attempts):
                retries["ttl"] = ttl
            received, error = self._get_response(self.create_request(request_dict, operation_model), operation_model)
            parsed = None if received is None else received[1]
            self._meta.events.emit(
                f"response-received.{SERVICE}.{name}",
                response_dict=None if received is None else _response_dict(received[0], name),
                parsed_response=parsed,
                context=context,
                exception=error,
            )
            delay = answer(
                self._meta.events.emit(
                    f"needs-retry.{SERVICE}.{name}",
                    response=received,
                    endpoint=self,
                    operation=operation_model,
                    attempts=attempts,
                    caught_exception=error,
                    request_dict=request_dict,
                )
            )
            if delay is None or delay is False:
                break
            sleep(delay, check)
        if error is not None:
            raise error
        assert received is not None
        if "ResponseMetadata" in received[1]:
            received[1]["ResponseMetadata"]["RetryAttempts"] = attempts - 1
        return received

    def create_request(self, params: dict[str, Any], operation_model: Any = None) -> Any:
        """The request of one attempt, signed."""
        request = _request(params)
        if operation_model is not None:
            request.stream_output = False
            name = operation_model.name
            self._meta.events.emit(f"request-created.{SERVICE}.{name}", request=request, operation_name=name)
        # Tracers wrap this method of botocore's to add a header. Where it is there, the request goes through it.
        module = sys.modules.get("botocore.endpoint")
        if module is None:
            return self.prepare_request(request)
        return module.Endpoint.prepare_request.__get__(self)(request)

    def prepare_request(self, request: Any) -> Any:
        self._encode_headers(request.headers)
        return request.prepare()

    def _encode_headers(self, headers: Any) -> None:
        for name, value in headers.items():
            if isinstance(value, str):
                headers[name] = value.encode()

    def _get_response(self, request: Any, operation_model: Any) -> tuple[tuple[Any, dict[str, Any]] | None, Any]:
        """Either an answer with what it says, or an error."""
        assert self._call is not None
        name = operation_model.name
        try:
            http = answer(self._meta.events.emit(f"before-send.{SERVICE}.{name}", request=request))
            if http is None:
                http = self._send(request)
        except Exception as error:
            return None, error
        response_dict = _response_dict(http, name)
        customized: dict[str, Any] = {}
        self._meta.events.emit(
            f"before-parse.{SERVICE}.{name}",
            operation_model=operation_model,
            response_dict=response_dict,
            customized_response_dict=customized,
        )
        headers = _encoded(response_dict["headers"], "latin-1")
        parsed = self._call.answered(response_dict["status_code"], headers, bytes(response_dict["body"]))
        return (http, {**parsed, **customized}), None

    def _send(self, request: Any) -> Any:
        assert self._call is not None
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        status, headers, content = self._call.send(request.method, request.url, _encoded(request.headers), body)
        return new_response(request.url, status, headers, content)

    def needs_retry(self, response: tuple[Any, dict[str, Any]] | None) -> float | None:
        """Seconds until another attempt, or None. What has run out is told in the answer."""
        assert self._call is not None
        delay, attempts_spent, quota_spent = self._call.next()
        metadata = {} if response is None else response[1].get("ResponseMetadata", {})
        if attempts_spent:
            metadata["MaxAttemptsReached"] = True
        if quota_spent:
            metadata["RetryQuotaReached"] = True
        return delay


def _request(request_dict: dict[str, Any]) -> Any:
    made = new_request(
        method=request_dict["method"],
        url=request_dict["url"],
        data=request_dict["body"],
        headers=request_dict["headers"],
    )
    made.context = request_dict["context"]
    return made


def _response_dict(http: Any, operation_name: str) -> dict[str, Any]:
    return {
        "headers": http.headers,
        "status_code": http.status_code,
        "context": {"operation_name": operation_name},
        "body": http.content,
    }


def _encoded(headers: Any, encoding: str = "utf-8") -> list[tuple[str, bytes]]:
    """As they are on the wire: requests in UTF-8, answers in Latin-1."""
    items = headers.items()
    return [(name, value if isinstance(value, bytes) else str(value).encode(encoding)) for name, value in items]


def _suffixed(version: Any, suffix: str) -> Any:
    """A signature version with `suffix`; UNSIGNED, which is no text, as it is."""
    return version + suffix if isinstance(version, str) and not version.endswith(suffix) else version


def _add_idempotency_token(params: dict[str, Any], model: Any, **kwargs: Any) -> None:
    from uuid import uuid4

    for name in model.idempotent_members:
        params.setdefault(name, str(uuid4()))
