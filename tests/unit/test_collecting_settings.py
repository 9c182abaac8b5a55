"""The collector's settings, and whose word counts for an address or an origin."""

import pytest
from aiohttp.test_utils import make_mocked_request

from agents.collector.access import OF_SDKS, Collecting, address, believed, cors
from agents.config.settings import SettingsError


def test_nothing_set_is_the_same_origin_only_and_no_proxy() -> None:
    assert Collecting.read({}) == Collecting(frozenset(), 0, 100, 20)


def test_origins_are_compared_as_browsers_write_them() -> None:
    given = {"TRIGGERS_COLLECT_ORIGINS": " https://Shop.Example/, http://localhost:3000 "}
    assert Collecting.read(given).origins == {"https://shop.example", "http://localhost:3000"}


def test_every_mistake_is_named_in_one_message() -> None:
    with pytest.raises(SettingsError) as caught:
        Collecting.read(
            {
                "TRIGGERS_COLLECT_ORIGINS": "shop.example,https://shop.example/path",
                "TRIGGERS_COLLECT_PROXIES": "many",
                "TRIGGERS_COLLECT_PER_ADDRESS": "-1",
                "TRIGGERS_COLLECT_PER_VISITOR": "1.5",
            }
        )
    assert len(str(caught.value).splitlines()) == 5


def test_a_page_of_the_same_host_may_post_and_one_of_another_may_not() -> None:
    own = {"Host": "127.0.0.1:9109", "Origin": "http://127.0.0.1:9109"}
    assert cors(make_mocked_request("POST", "/collect", own), frozenset()) is not None
    for origin in ("http://127.0.0.1:1", "https://evil.example", "null", "file://"):
        foreign = {**own, "Origin": origin}
        assert cors(make_mocked_request("POST", "/collect", foreign), frozenset()) is None


def test_an_allowed_origin_is_named_and_any_is_answered_with_a_star() -> None:
    request = make_mocked_request("POST", "/collect", {"Host": "c", "Origin": "https://a.example"})
    named = cors(request, frozenset({"https://a.example"}))
    star = cors(request, frozenset({"*"}))
    assert named is not None
    assert named["Access-Control-Allow-Origin"] == "https://a.example"
    assert named["Vary"] == "Origin"
    assert star is not None
    assert star["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in {**named, **star}


def forwarded(proxies: int, *values: str) -> str:
    headers = [("X-Forwarded-For", value) for value in values]
    return address(make_mocked_request("POST", "/", headers), proxies)


def test_only_addresses_that_our_proxies_wrote_count() -> None:
    peer = forwarded(0)
    assert forwarded(0, "203.0.113.9") == peer
    assert forwarded(1, "203.0.113.9") == "203.0.113.9"
    assert forwarded(1, "10.0.0.1, 203.0.113.9") == "203.0.113.9"
    assert forwarded(2, "198.51.100.7, 203.0.113.9", "192.0.2.1") == "203.0.113.9"
    assert forwarded(2, "203.0.113.9") == peer
    assert forwarded(1, "<script>") == peer
    assert forwarded(1) == peer


def test_the_addresses_of_one_ipv6_network_are_one_client() -> None:
    assert forwarded(1, "2001:db8::1") == forwarded(1, "2001:db8::ffff") == "2001:db8::/64"


@pytest.mark.parametrize(
    ("name", "most", "attribute"),
    [
        ("PROXIES", 10, "proxies"),
        ("PER_ADDRESS", 10**6, "per_address"),
        ("PER_VISITOR", 10**6, "per_visitor"),
    ],
)
def test_a_number_has_its_bounds(name: str, most: int, attribute: str) -> None:
    for value in (0, most):
        found = Collecting.read({f"TRIGGERS_COLLECT_{name}": str(value)})
        assert getattr(found, attribute) == value
    with pytest.raises(SettingsError, match=f"0 to {most}"):
        Collecting.read({f"TRIGGERS_COLLECT_{name}": str(most + 1)})


def test_the_rates_and_the_key_are_those_of_the_settings() -> None:
    assert Collecting.read({}, OF_SDKS) == Collecting(frozenset(), 0, 1000, 100)
    found = Collecting.read({"TRIGGERS_COLLECT_KEY": "hunter2"})
    assert found.key == "hunter2"
    assert "hunter2" not in repr(found)


def test_a_page_learns_for_how_long_and_with_what_it_may_post() -> None:
    request = make_mocked_request("POST", "/collect", {"Host": "c", "Origin": "https://a.example"})
    assert cors(request, frozenset({"https://a.example"})) == {
        "Access-Control-Allow-Origin": "https://a.example",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Expose-Headers": "Date, Retry-After",
        "Access-Control-Max-Age": "7200",
        "Vary": "Origin",
    }
    assert cors(make_mocked_request("POST", "/collect", {"Host": "c"}), frozenset()) == {
        "Vary": "Origin"
    }


@pytest.mark.parametrize(
    ("key", "given", "known"),
    [
        (None, None, True),
        ("k", None, False),
        ("k", "Bearer k", True),
        ("k", "Bearer kk", False),
        ("k", "k", False),
        ("ü", "Bearer ü", True),
    ],
)
def test_a_sender_is_believed_with_the_key_or_without_one_being_set(
    key: str | None, given: str | None, known: bool
) -> None:
    headers = {} if given is None else {"Authorization": given}
    assert believed(make_mocked_request("POST", "/", headers), key) is known
