"""Parts of URLs as a person may write them: passwords, and options of Redis and Postgres."""

from __future__ import annotations

from hypothesis import strategies as st

#: Passwords as people paste them, raw or quoted; `hunter` must never be seen again.
PASSWORDS = (
    *(
        "hunterSECOND",
        "hunter%SECOND",
        "hunter SECOND",
        "hunter@SECOND",
        "hunter:SECOND",
        "hunter/SECOND",
        "hunter#SECOND",
        "hunter?SECOND",
    ),
    *(
        "%hunter",
        "hunter%",
        "hunter%20SECOND",
        "%68unterSECOND",
        "hunter%zz",
        "hunter[SECOND",
        "hunter]",
        "hünter",
        "'hunter'",
    ),
    *('hunter"', "hunter\\", "hunter&x=1", "hunter=SECOND", "hunter%00", "hunter\tSECOND", "hunter\nSECOND"),
)
passwords = st.sampled_from(PASSWORDS) | st.text(max_size=5).map(lambda text: f"hunter{text}SECOND")
_values = st.sampled_from(
    ["", "0", "1", "3", "-1", "abc", "true", "false", "nan", "1e3", "None", "é", "%", "{}"]
)
redis_options = st.dictionaries(
    st.sampled_from(
        [
            *(
                "protocol",
                "decode_responses",
                "db",
                "foo",
                "socket_timeout",
                "socket_connect_timeout",
                "retry_on_error",
            ),
            *(
                "max_connections",
                "health_check_interval",
                "encoding",
                "ssl_cert_reqs",
                "client_name",
                "username",
            ),
            *(
                "single_connection_client",
                "retry",
                "host",
                "path",
                "ssl_check_hostname",
                "password",
                "lib_name",
                "cache",
            ),
        ]
    ),
    _values,
    max_size=2,
)
database_options = st.dictionaries(
    st.sampled_from(
        [
            *(
                "client_encoding",
                "options",
                "sslmode",
                "connect_timeout",
                "foo",
                "application_name",
                "keepalives",
            ),
            *(
                "target_session_attrs",
                "user",
                "password",
                "dbname",
                "service",
                "passfile",
                "gssencmode",
                "autocommit",
            ),
            *(
                "row_factory",
                "conninfo",
                "channel_binding",
                "sslrootcert",
                "tcp_user_timeout",
                "replication",
                "port",
            ),
        ]
    ),
    _values
    | st.sampled_from(["LATIN1", "SQL_ASCII", "-c datestyle=German", "-c search_path=nowhere", "disable"]),
    max_size=2,
)
