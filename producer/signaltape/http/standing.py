"""Where somebody stands within a limit, and the headers that say so. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Standing(NamedTuple):
    """After a request was counted: may it pass, how many are left, seconds until they are whole again.

    name: of the policy; quota: requests in window_s seconds.
    """

    name: str
    quota: int
    window_s: int
    passes: bool
    left: int
    reset_s: int


def rate_headers(standing: Standing) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers: the three of up to -07, and the two structured ones of -10.

    RateLimit-Policy has the same name in both; it is the newer, structured one.
    """
    name, quota, window_s, _, left, reset_s = standing
    return {
        "RateLimit-Limit": str(quota),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(reset_s),
        "RateLimit-Policy": f'"{name}";q={quota};w={window_s}',
        "RateLimit": f'"{name}";r={left};t={reset_s}',
    }


def retry_after(standing: Standing) -> dict[str, str]:
    """When it is worth asking again, for an answer 429."""
    return {"Retry-After": str(max(1, standing.reset_s))}
