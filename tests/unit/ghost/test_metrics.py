"""What a scrape of a ghost says."""

from __future__ import annotations

from ghost.metrics import ghost_parts
from ghost.runner import Counted
from tests.support.scraping import scraped


def test_it_says_what_was_read_and_what_is_open() -> None:
    counted = Counted(entries=9, items=7, unread=1, told=4, open_orders=3, open_lines=2, leads=True)
    text = scraped(ghost_parts(lambda: counted))
    for line in (
        'signaltape_ghost_read_total{what="entries"} 9.0',
        'signaltape_ghost_read_total{what="unread_bars"} 1.0',
        "signaltape_ghost_told_records_total 4.0",
        'signaltape_ghost_open{what="orders"} 3.0',
        'signaltape_ghost_open{what="lines"} 2.0',
        "signaltape_ghost_leads 1.0",
    ):
        assert line in text
    assert "last_entry_age" not in text, "nothing was read yet"


def test_the_age_of_the_last_entry() -> None:
    assert "signaltape_ghost_last_entry_age_seconds" in scraped(ghost_parts(lambda: Counted(position_ms=1)))
