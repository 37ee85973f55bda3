"""What is asked of every hooked application, and how each of its endpoints is then counted."""

from __future__ import annotations

from tests.support.raw_http import exchange, request_of

CALLS = (
    request_of("GET", "/json/SOL"),
    request_of("GET", "/json/SOL%20BTC?x=1"),
    request_of("HEAD", "/json/SOL"),
    request_of("POST", "/echo", body=bytes(range(256))),
    request_of("GET", "/empty"),
    request_of("GET", "/same"),
    request_of("GET", "/same", 'If-None-Match: "1"'),
    request_of("HEAD", "/same"),
    request_of("GET", "/file"),
    request_of("GET", "/file", "Range: bytes=5-9"),
    request_of("GET", "/boom"),
    request_of("GET", "/own-error"),
    request_of("GET", "/abort"),
    request_of("GET", "/later"),
    request_of("GET", "/stream"),
    request_of("HEAD", "/stream"),
    request_of("GET", "/breaks"),
    request_of("GET", "/nothing/here"),
    request_of("PUT", "/echo"),
    request_of("OPTIONS", "/echo"),
    request_of("BREW", "/json/SOL"),
)


#: Two on one connection.
TWO = b"GET /json/SOL HTTP/1.1\r\nHost: engine.example\r\n\r\n" + request_of("GET", "/stream")


def answers(port: int) -> list[bytes]:
    """To all of them, byte by byte."""
    return [exchange(port, call) for call in CALLS]
