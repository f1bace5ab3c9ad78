"""Sending one event to one webhook, signed as MLflow signs, and what became of it."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trackhelm_core import __version__
from trackhelm_core.limits import WEBHOOK_ERROR_LENGTH
from trackhelm_core.secrets import CannotOpenError, NoKeyError, SecretBox
from trackhelm_registry.calling.addresses import AddressError, targets_of
from trackhelm_registry.calling.configuration import WebhookConfiguration
from trackhelm_registry.calling.exchange import Endpoint, ExchangeError, post

SIGNATURE_HEADER: Final = "X-MLflow-Signature"
TIMESTAMP_HEADER: Final = "X-MLflow-Timestamp"
DELIVERY_HEADER: Final = "X-MLflow-Delivery-Id"

_SUCCESSES: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent where. `secret` is sealed; None sends without a signature."""

    delivery_id: str
    body: str
    url: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: delivered if there is no `error`. Without a `status` nobody answered."""

    status: int | None
    body: str
    error: str | None


def send(message: Message, configuration: WebhookConfiguration) -> Outcome:
    """Attempt once; takes `webhook_timeout_seconds` at most, plus what the name's look-up takes beyond."""
    settings = configuration.settings
    deadline = time.monotonic() + settings.webhook_timeout_seconds
    endpoint = Endpoint.of(message.url)
    body = message.body.encode()
    try:
        if endpoint.scheme != "https" and not settings.webhook_allow_http:
            return _failed("http:// addresses are not allowed: see TRACKHELM_WEBHOOK_ALLOW_HTTP")
        headers = _headers(message, configuration.secrets, int(time.time()))
        targets = targets_of(endpoint.host, endpoint.port, settings.private_networks)
        answer = post(endpoint, targets, headers, body, deadline)
    except (NoKeyError, CannotOpenError, OSError) as error:
        # Unsigned it would be refused, or worse, believed.
        return _failed(f"the webhook's secret cannot be read: {error}")
    except (AddressError, ExchangeError) as error:
        return _failed(str(error))
    text = answer.body.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return Outcome(answer.status, text, _fault(answer.status, text))


def signature_of(secret: str, delivery_id: str, timestamp: str, body: str) -> str:
    """Return the signature that a receiver computes again to know that the body is ours."""
    signed = f"{delivery_id}.{timestamp}.{body}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _headers(message: Message, secrets: SecretBox, now: int) -> Mapping[str, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Trackhelm/{__version__}",
        DELIVERY_HEADER: message.delivery_id,
        TIMESTAMP_HEADER: str(now),
    }
    if message.secret is not None:
        secret = secrets.open(message.secret)
        headers[SIGNATURE_HEADER] = signature_of(secret, message.delivery_id, str(now), message.body)
    return headers


def _fault(status: int, text: str) -> str | None:
    if status in _SUCCESSES:
        return None
    if status in _REDIRECTS:
        return f"answered {status}: redirects are not followed"
    return f"answered {status}: {text}"[:WEBHOOK_ERROR_LENGTH]


def _failed(reason: str) -> Outcome:
    return Outcome(None, "", reason[:WEBHOOK_ERROR_LENGTH])
