from __future__ import annotations

import pytest

from engine.errors import NeurariumError
from server.admission import ConnectionCounter, RateLimiter, TokenBucket, Visitors


def test_visitors_are_told_apart_by_a_cookie_that_cannot_be_invented() -> None:
    visitors = Visitors()
    cookie = visitors.issue()
    assert visitors.recognise(cookie, "1.2.3.4") == visitors.recognise(cookie, "5.6.7.8")
    assert visitors.recognise(visitors.issue(), "1.2.3.4") != visitors.recognise(cookie, "1.2.3.4")
    for forged in ("me.0123", cookie + "0", "", ".", "é.é", Visitors().issue()):
        assert visitors.recognise(forged, "1.2.3.4") == "address 1.2.3.4"
    assert visitors.recognise(None, "1.2.3.4") == "address 1.2.3.4"


def test_bucket_gives_a_burst_and_then_the_rate() -> None:
    now = 0.0
    bucket = TokenBucket(rate=10, burst=3, clock=lambda: now)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.1)
    assert bucket.take() == pytest.approx(0.2)
    now = 10.0
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() > 0


def test_limiter_counts_each_address_by_itself() -> None:
    limiter = RateLimiter(rate=0.001, burst=2)
    assert [limiter.admits("a") for _ in range(3)] == [True, True, False]
    assert limiter.admits("b")


def test_connections_are_counted_for_all_and_for_each_visitor() -> None:
    counter = ConnectionCounter(most=3, most_per_visitor=2)
    counter.enter("a")
    counter.enter("a")
    with pytest.raises(NeurariumError) as caught:
        counter.enter("a")
    assert (caught.value.code, caught.value.where) == (
        "too_many_connections",
        "max_connections_per_visitor",
    )
    counter.enter("b")
    with pytest.raises(NeurariumError) as caught:
        counter.enter("c")
    assert (caught.value.where, caught.value.allowed) == ("max_connections", "3")
    counter.leave("a")
    counter.enter("c")
    assert counter.count == 3
