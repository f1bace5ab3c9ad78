"""Public identifiers: random, fixed in length, safe in a path and in a log line."""

import random
import secrets


def new_run_id() -> str:
    """Return a run id: 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


def new_model_id() -> str:
    """Return a logged model's id: `m-` and 32 hexadecimal characters, the form `models:/m-…` URIs carry."""
    return f"m-{secrets.token_hex(16)}"


def new_webhook_id() -> str:
    """Return a webhook's id, or that of an event it is told of: 32 lower-case hexadecimal characters."""
    return secrets.token_hex(16)


def new_request_id() -> str:
    """Return an id to find one request by, in its answer and in the log."""
    # It is no secret, and asking the system for one took 3% of a busy ingest process.
    return f"{random.getrandbits(64):016x}"
