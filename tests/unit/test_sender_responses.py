"""What an endpoint's answer means to a sender."""

import random
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sender.responses import Backoff, Response, label, pause, response_of

NOW = 1_767_225_600_000


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    assert response_of(status, None, NOW) == Response("delivered", str(status))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_temporary_answer_is_retried(status: int) -> None:
    assert response_of(status, None, NOW).verdict == "failed"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422])
def test_an_answer_that_refuses_the_request_is_not_retried(status: int) -> None:
    assert response_of(status, None, NOW).verdict == "refused"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("120", 120_000),
        (" 7 ", 7_000),
        (formatdate(NOW / 1000 + 30, usegmt=True), 30_000),
        (formatdate(NOW / 1000 - 30, usegmt=True), 0),
        ("3599", 3_599_000),
        ("3600", 3_600_000),
        ("3601", 3_600_000),
        ("9" * 400, 3_600_000),
        (formatdate(NOW / 1000 + 3_601, usegmt=True), 3_600_000),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, expected: int | None) -> None:
    assert response_of(503, text, NOW).retry_after == expected
    assert response_of(429, text, NOW).retry_after == expected


@given(st.text())
def test_any_text_in_retry_after_is_handled(text: str) -> None:
    found = response_of(503, text, NOW).retry_after
    assert found is None or 0 <= found <= 3_600_000


def test_the_bound_of_the_pause_doubles_up_to_the_most() -> None:
    bounds = [pause(tries, Backoff(500, 60_000), lambda: 1.0) for tries in (1, 2, 3, 7, 8, 9, 500)]
    assert bounds == [500, 1000, 2000, 32_000, 60_000, 60_000, 60_000]


def test_the_pause_is_between_zero_and_the_bound() -> None:
    draw = random.Random(3).random
    pauses = [pause(3, Backoff(500, 60_000), draw) for _ in range(2_000)]
    assert min(pauses) < 50
    assert max(pauses) > 1950
    assert 900 < sum(pauses) / len(pauses) < 1100


def test_labels_are_a_closed_set() -> None:
    statuses = {label(str(status)) for status in range(200, 600)}
    assert statuses == {"2xx", "3xx", "4xx", "429", "5xx"}
    assert [label("timeout"), label("unreachable")] == ["timeout", "unreachable"]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(199, "refused"), (200, "delivered"), (299, "delivered"), (300, "refused"), (499, "refused"),
     (500, "failed"), (407, "refused"), (409, "refused"), (424, "refused"), (426, "refused"),
     (428, "refused"), (430, "refused")],
)  # fmt: skip
def test_the_bounds_of_each_verdict(status: int, verdict: str) -> None:
    assert response_of(status, None, NOW).verdict == verdict
