"""Requests about logging in at an identity provider."""

from trackhelm_core.wire.requests import WireModel


class BeginLogin(WireModel):
    """`GET trackhelm/oidc/begin`: `next` is where to go after the login, `/#/experiments/3`."""

    next: str = "/"


class FinishLogin(WireModel):
    """`GET trackhelm/oidc/callback`: what the provider gives the browser to bring."""

    code: str = ""
    state: str = ""
    iss: str = ""
    error: str = ""
