"""What REDIS_URL, DATABASE_URL and TELEGRAM_API_BASE may look like. Pure; no message shows the value.

Drivers cut a URL differently where a password is not percent-encoded, and say its parts in their errors: such a URL is
refused at start. So is an option that a driver does not know, or that would change how it speaks.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from signaltape.errors import SettingsError

#: Options that signaltape sets itself: they may stand in a URL that others use too, and change nothing here.
SET_BY_US = frozenset(
    {
        "decode_responses",
        "encoding",
        "encoding_errors",
        "health_check_interval",
        "max_connections",
        "protocol",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "timeout",
    }
)
_ANY = re.compile(r".+", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,9}")
_NUMBERS = re.compile(r"[0-9]{1,5}(,[0-9]{1,5})*")
#: What else may stand behind the `?` of REDIS_URL, and how its values look.
REDIS_OPTIONS = {
    "db": _NUMBER,
    "username": _ANY,
    "password": _ANY,
    "client_name": re.compile(r"[!-~]+"),
}
REDIS_TLS_OPTIONS = {
    "ssl_cert_reqs": re.compile(r"none|optional|required"),
    "ssl_check_hostname": re.compile(r"true|false|yes|no|1|0", re.IGNORECASE),
    "ssl_ca_certs": _ANY,
    "ssl_ca_path": _ANY,
    "ssl_certfile": _ANY,
    "ssl_keyfile": _ANY,
    "ssl_password": _ANY,
}
_LIBPQ_TEXTS = """
application_name channel_binding client_encoding dbname fallback_application_name gssdelegation
gssencmode gsslib host hostaddr krbsrvname load_balance_hosts max_protocol_version
min_protocol_version oauth_client_id oauth_client_secret oauth_issuer oauth_scope options passfile
password require_auth requirepeer scram_client_key scram_server_key service ssl_max_protocol_version
ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile
sslnegotiation sslpassword sslrootcert sslsni target_session_attrs user
"""
_LIBPQ_NUMBERS = """
connect_timeout keepalives keepalives_count keepalives_idle keepalives_interval tcp_user_timeout
"""
#: The options of libpq, but for `replication`, which makes a session that takes no queries.
DATABASE_OPTIONS = {
    **dict.fromkeys(_LIBPQ_TEXTS.split(), _ANY),
    **dict.fromkeys(_LIBPQ_NUMBERS.split(), _NUMBER),
    "port": _NUMBERS,
    "ssl": re.compile("true"),
    "sslmode": re.compile("disable|allow|prefer|require|verify-ca|verify-full"),
}
_ENCODE = "percent-encode @ / ? # % [ ] and spaces in user and password"
_CUT_DIFFERENTLY = re.compile(r"[@/?#\[\]]")
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_CONTROL = re.compile(r"[\0-\x20\x7f]")


def check_redis_url(name: str, url: str) -> None:
    """Raise SettingsError, naming the variable, unless redis-py reads this URL as it is meant."""
    parts = _split(name, url, ("redis", "rediss", "unix"))
    known = {**REDIS_OPTIONS, **REDIS_TLS_OPTIONS}
    for option, value in _options(name, parts):
        if option in SET_BY_US:
            continue
        if option not in known:
            raise SettingsError(f"{name}: unknown option {option[:40]!r}; known are {', '.join(known)}")
        _check_value(name, option, value, known[option])
        if option in REDIS_TLS_OPTIONS and parts.scheme != "rediss":
            raise SettingsError(f"{name}: option {option} needs rediss://")
    if parts.scheme == "unix":
        if parts.netloc.rpartition("@")[2] or not parts.path.strip("/"):
            raise SettingsError(f"{name} must hold the path of a socket: unix:///path/to/redis.sock")
    elif not re.fullmatch(r"/?|/[0-9]{1,9}", parts.path):
        raise SettingsError(f"{name}: the database behind the host must be a number, such as /0")


def check_database_url(name: str, url: str) -> None:
    """Raise SettingsError, naming the variable, unless libpq reads this URL as it is meant."""
    parts = _split(name, url, ("postgresql", "postgres"))
    for option, value in _options(name, parts):
        if option not in DATABASE_OPTIONS:
            raise SettingsError(f"{name}: unknown option {option[:40]!r}")
        _check_value(name, option, value, DATABASE_OPTIONS[option])


def check_http_base(name: str, url: str) -> None:
    """Raise SettingsError, naming the variable, unless this is the address of a server on the web."""
    if url.partition("://")[0] not in ("http", "https"):
        raise SettingsError(f"{name} must start with http:// or https://")
    parts = _split(name, url, ("http", "https"))
    if not parts.hostname or parts.query:
        raise SettingsError(f"{name} must look like https://api.telegram.org")


def without_ours(url: str) -> str:
    """REDIS_URL without the options that signaltape sets itself: redis-py would let the URL's win."""
    place, _, query = url.partition("?")
    kept = [(option, value) for option, value in parse_qsl(query) if option not in SET_BY_US]
    return f"{place}?{urlencode(kept)}" if kept else place


def _split(name: str, url: str, schemes: tuple[str, ...]) -> SplitResult:
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in schemes:
        raise SettingsError(f"{name} must start with {' or '.join(f'{one}://' for one in schemes)}")
    userinfo, _, place = rest.rpartition("@")
    if _CUT_DIFFERENTLY.search(userinfo):
        raise SettingsError(f"{name}: {_ENCODE}")
    try:
        plain = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not UTF-8 behind its % signs") from None
    if _CONTROL.search(plain.replace(" ", "")):
        raise SettingsError(f"{name} holds a control character; {_ENCODE}")
    if _LONE_PERCENT.search(rest) or " " in rest or "#" in place:
        raise SettingsError(f"{name} holds a space, # or % as it is: {_ENCODE}")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        hidden = "its value is not shown: it may hold a password"
        raise SettingsError(f"{name} is not a URL ({hidden}); {_ENCODE}") from None
    return parts


def _options(name: str, parts: SplitResult) -> list[tuple[str, str]]:
    if any(one.count("=") != 1 for one in parts.query.split("&") if one):
        raise SettingsError(f"{name}: options look like ?name=value&name=value, with %3D for a = in a value")
    return parse_qsl(parts.query, keep_blank_values=True)


def _check_value(name: str, option: str, value: str, wanted: re.Pattern[str]) -> None:
    if "\0" in value or not wanted.fullmatch(value):
        hint = "" if wanted is _ANY else f"; it must match {wanted.pattern}"
        raise SettingsError(f"{name}: option {option} cannot have this value{hint}")
