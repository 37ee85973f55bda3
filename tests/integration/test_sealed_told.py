"""Sealing by command, by night and before a report; and the report that tells the newest digest."""

from __future__ import annotations

import json

import pytest

from replay.archive.archiving import run_retention
from reports.building import build
from reports.course import NO_COURSE
from reports.files import as_document
from reports.scorecard import compute
from reports.text.message import compose
from reports.text.sentences import rest_lines
from reports.weeks import newest_due
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from sink.sealing.stored import newest, seals
from tests.integration.conftest import Runner
from tests.support.sealing import FIRST, arrive, noon, seal_all, sealed_days

WEEK = newest_due(utc_now())


def test_the_commands_say_what_they_did(runner: Runner, connection: Connection) -> None:
    for number in range(3):
        arrive(connection, noon(number))
    code, out, err = runner.run("sink", "seal")
    assert (code, err) == (0, "")
    assert out.startswith(f"sealed 24 rows of {len(seals(connection))} days\n")
    again = json.loads(runner.run("sink", "seal", "--json")[1])
    last = newest(connection)
    assert last is not None
    assert again == {"days": 0, "rows": 0, "through": str(last.day), "digest": last.digest.hex()}
    code, out, _ = runner.run("sink", "verify", "--expect", last.digest.hex()[:16])
    assert code == 0
    assert out.startswith(f"intact: 24 rows of {len(seals(connection))} days, sealed through {last.day}\n")
    assert f"the digest of {last.day}" in out
    assert max(map(len, out.splitlines())) <= 80


def test_what_was_altered_is_named_and_the_command_fails(runner: Runner, connection: Connection) -> None:
    given = sealed_days(connection)[1][0]
    connection.execute("UPDATE signal_events SET symbol = 'X' WHERE signal_id = %s", (given,))
    code, out, _ = runner.run("sink", "verify", COLUMNS="200")
    assert code == 1
    assert f"signal_closed of {given}: it is not what was sealed" in out.splitlines()[0]
    code, out, _ = runner.run("sink", "verify", "--json")
    found = json.loads(out)
    assert code == 1
    assert [one["signal_id"] for one in found["altered"]] == [given] * 4
    assert max(map(len, runner.run("sink", "verify")[1].splitlines())) <= 80


def test_a_digest_that_no_seal_has_fails(runner: Runner, connection: Connection) -> None:
    sealed_days(connection)
    code, out, _ = runner.run("sink", "verify", "--expect", "0" * 16)
    assert code == 1
    assert "no seal has the digest 0000000000000000" in out


@pytest.mark.parametrize("wrong", [("--expect", "xyz"), ("--from", "yesterday")])
def test_wrong_arguments_are_refused_in_words(runner: Runner, wrong: tuple[str, str]) -> None:
    code, _, err = runner.run("sink", "verify", *wrong)
    assert code == 2
    assert wrong[0] in err


def test_nothing_sealed_is_said_with_the_command_that_seals(runner: Runner) -> None:
    assert runner.run("sink", "seal")[:2] == (0, "nothing is over that could be sealed\n")
    code, out, _ = runner.run("sink", "verify")
    assert code == 0
    assert out.startswith("nothing is sealed yet")
    assert "python -m sink seal" in out


def test_retention_seals_by_night(settings: Settings, connection: Connection) -> None:
    arrive(connection, noon(0))
    assert run_retention(settings, utc_now(), dry_run=True).sealedDays == 0
    assert newest(connection) is None
    report = run_retention(settings, utc_now())
    assert report.errors == []
    assert report.sealedDays == len(seals(connection)) > 0
    assert run_retention(settings, utc_now()).sealedDays == 0


def test_a_report_is_built_with_a_new_seal(settings: Settings, connection: Connection) -> None:
    arrive(connection, noon(0))
    build(settings, WEEK, utc_now())
    assert seals(connection)[0].day == FIRST


def test_that_nothing_can_be_sealed_holds_up_no_report(settings: Settings, connection: Connection) -> None:
    arrive(connection, noon(0))
    connection.execute("ALTER TABLE signal_event_names ADD CHECK (day < '2000-01-01')")
    build(settings, WEEK, utc_now())
    assert newest(connection) is None
    stored = connection.execute("SELECT count(*) FROM weekly_scorecard").fetchone()
    assert stored == (1,)


def test_the_report_tells_the_newest_digest_short_and_its_files_whole(connection: Connection) -> None:
    from reports.drawing.picture import plot  # matplotlib takes half a second: few tests need it

    before = compute(connection, WEEK)
    assert before.sealed is None
    assert as_document(before)["sealed"] is None
    sealed_days(connection)
    card = compute(connection, WEEK)
    last = seals(connection)[-1]
    whole = last.digest.hex()
    said = f"Sealed through {last.day}: {whole}"
    text = " ".join(compose(card).text.split())
    assert f"Sealed through {last.day}: {whole[:16]}" in text
    assert whole[:17] not in text
    assert as_document(card)["sealed"] == {"through": last.day, "digest": whole}
    assert said in rest_lines(card)
    drawn = "".join(one.get_text() for axes in (plot(card, NO_COURSE),) for one in axes.texts)
    assert whole in drawn.replace("\n", "")


def test_figures_do_not_change_by_sealing(connection: Connection) -> None:
    arrive(connection, noon(0))
    before = compute(connection, WEEK)
    seal_all(connection)
    after = compute(connection, WEEK)
    assert after._replace(sealed=None) == before
