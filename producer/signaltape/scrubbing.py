"""What is logged, without the known secrets: a filter, and the library's own logger that has it.

Loaded with the first secret of the settings, and by all that logs.
"""

from __future__ import annotations

import logging
import traceback

from signaltape.secrecy import scrub


class ScrubbingFilter(logging.Filter):
    """Takes known secrets out of a record: message, arguments, exception, stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record where it holds a secret; it is always logged."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - a wrong call to log, or an odd argument: logging itself says so, and goes on
            return True
        if (clean := scrub(said)) != said:
            record.msg, record.args = clean, None
        if record.exc_info and record.exc_info[1] is not None:
            told = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            if (clean := scrub(told)) != told:
                record.exc_text, record.exc_info = clean, None
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        return True


SCRUBBING = ScrubbingFilter()
# The library's own logger, which may live in an engine; no other logger there is ours to change.
logging.getLogger("signaltape").addFilter(SCRUBBING)
