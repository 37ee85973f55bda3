"""Requests that several processes count together, in a real server."""

from __future__ import annotations

from deploy.embedded.servers import Urls
from signaltape import Secret
from signaltape.http.hooks import Limit
from signaltape.http.limiting import Limiter


def test_two_that_share_a_count_let_no_more_pass_than_one(servers: Urls) -> None:
    limit = Limit(rate="3/hour", name="shared", storage=Secret(as_limits_name_it(servers.redis)))
    one, other = Limiter(limit), Limiter(limit)
    passed = [limiter.count("client:desk").passes for limiter in (one, other, one, other, one)]
    assert passed == [True, True, True, False, False]
    assert other.count("client:trader").left == 2


def as_limits_name_it(url: str) -> str:
    """The library has a name of its own for a server on a Unix socket."""
    return url.replace("unix://", "redis+unix://", 1) if url.startswith("unix://") else url
