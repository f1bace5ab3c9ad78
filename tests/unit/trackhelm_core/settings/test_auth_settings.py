"""Networks of trusted proxies, as a setting spells them."""

import pytest
from pydantic import ValidationError

from trackhelm_core.settings import AuthSettings


def test_networks_are_listed_with_commas() -> None:
    settings = AuthSettings(trusted_proxies=" 10.1.0.0/16,,fd00::/8 , 192.0.2.1 ")
    assert [str(network) for network in settings.proxy_networks] == [
        "10.1.0.0/16",
        "fd00::/8",
        "192.0.2.1/32",
    ]


@pytest.mark.parametrize("wrong", ["10.1.0.1/16", "10.1.0.0/33", "proxy.example", "10.1.0.0-10.1.0.9"])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        AuthSettings(trusted_proxies=wrong)


def test_nobody_is_trusted_by_default() -> None:
    assert AuthSettings().proxy_networks == ()
