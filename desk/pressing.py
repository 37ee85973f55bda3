"""A button was pressed, or a reaction set: on an alert, an answer or a question. What was made up leads nowhere."""

from __future__ import annotations

from datetime import timedelta

from desk.acting import ANSWER_LIFE, STALE_AFTER, Acting, Outcome, say_line
from desk.acts.pausing import PAUSING, how_it_is
from desk.acts.snooze import SNOOZE, set_snooze, what
from desk.ages import ago, clock_time, since
from desk.asking import Deed, reaches
from desk.auditing import note
from desk.callbacks import AlertPress, ConfirmationPress, PanelPress, press_of
from desk.commanding import refuse
from desk.ghosts import pressing as ghosts
from desk.performing import do, performed
from desk.questions import ASKED_LATE, Question, ask, found, until, use
from desk.rating import Standing, judge, react_to, standing
from desk.updates import asked_by, count_refused

_SNOOZE = timedelta(minutes=30)
#: What a press says, where it is asked about.
_SAID = {"up": "👍", "dn": "👎", "sn30": "⏸ 30m", "took": "Took", "skip": "Skipped"}
_FORGED = "not one of our buttons"


def press(acting: Acting) -> Outcome:
    """What comes of a press."""
    pressed = press_of(acting.heard.data)
    if isinstance(pressed, ConfirmationPress):
        return _answered(acting, pressed)
    if isinstance(pressed, PanelPress):
        return _refreshed(acting, pressed)
    if isinstance(pressed, AlertPress):
        return _judged(acting, pressed)
    return _ignored(acting, _FORGED)


def reaction(acting: Acting) -> Outcome:
    """What comes of a reaction to a message of ours."""
    if not reaches(acting.entry.role, "trader"):
        return Outcome("ignored", "not allowed")
    return react_to(acting)


def _ignored(acting: Acting, reason: str) -> Outcome:
    count_refused(acting.connection, reason, acting.now)
    return Outcome("ignored", reason)


def _answered(acting: Acting, pressed: ConfirmationPress) -> Outcome:
    """A question's button: once, by who was asked, in time; what comes late is asked about again."""
    question = found(acting, pressed.id)
    if question is None or question.chat_id != acting.heard.chat_id:
        return _ignored(acting, _FORGED)
    if question.user_id != acting.heard.user_id:
        say_line(acting, "Only who was asked can answer that")
        return Outcome("ignored", "asked somebody else")
    if question.used_at is not None:
        return Outcome("ignored", "answered before")
    if not pressed.yes:
        use(acting, pressed.id, question, "no, nothing was done")
        return Outcome("done", f"no to {question.act}")
    if acting.received_at > until(acting, question) or acting.now - acting.received_at > STALE_AFTER:
        use(acting, pressed.id, question, "answered too late")
        return _again(acting, question)
    use(acting, pressed.id, question, "yes")
    return _confirmed(acting, question)


def _again(acting: Acting, question: Question) -> Outcome:
    pressed = press_of(question.detail.get("data", ""))
    if isinstance(pressed, AlertPress) and pressed.word in ghosts.WORDS:
        return ghosts.again(acting, pressed.ref, pressed.word)
    known = how_it_is(acting.at.settings, acting.connection) if question.act in PAUSING else ""
    late = f"{question.act} asked {since(question.made_at, acting.now)}, answered too late"
    asked = f"{late}: do it now?{known and f' ({known})'}"
    detail = {key: value for key, value in question.detail.items() if key != "question"}
    return ask(acting, question.act, asked, ASKED_LATE, detail)


def _confirmed(acting: Acting, question: Question) -> Outcome:
    """What was asked about: a press on an alert, or a command."""
    if "data" in question.detail:
        return _judged_late(acting, question.detail["data"])
    command = acting.at.commands.get(question.act)
    if command is None:
        return Outcome("ignored", "unknown command")
    if not acting.entry.may(command):
        return refuse(acting, command)
    return do(acting, command, question.detail["args"])


def _judged_late(acting: Acting, data: str) -> Outcome:
    pressed = press_of(data)
    if isinstance(pressed, AlertPress) and pressed.word in ghosts.WORDS:
        return ghosts.confirmed(acting, pressed.ref, pressed.word)
    alert = standing(acting, pressed.ref) if isinstance(pressed, AlertPress) else None
    if alert is None or not isinstance(pressed, AlertPress):
        return _ignored(acting, _FORGED)
    return _refused(acting, pressed) or _taken(acting, alert, pressed)  # they may have lost the right since


def _refreshed(acting: Acting, pressed: PanelPress) -> Outcome:
    """Ask again, in place. A command that acts has no such buttons: whoever sends one made it up."""
    command = acting.at.commands.get(pressed.command)
    key = acting.outbox.message_of(acting.heard.chat_id, acting.heard.message_id or 0)
    if command is None or command.acts or key is None or not _is_panel(acting, key):
        return _ignored(acting, _FORGED)
    if not acting.entry.may(command):
        return refuse(acting, command)
    answer, _ = performed(acting, command, pressed.args, refreshing=True)
    acting.outbox.edit(key, answer.text, answer.keyboard, not_after=acting.now + ANSWER_LIFE)
    return Outcome("done", "refreshed")


def _is_panel(acting: Acting, key: str) -> bool:
    """Whether a message answers what only asked: a question, and what came of an act, stand as they are."""
    kind, _, number = key.partition(":")
    if kind != "answer":
        return False
    asked = asked_by(acting.connection, int(number))
    wanted = acting.at.commands.get(asked[0] or "") if asked is not None else None
    return asked is None or (wanted is not None and not wanted.acts)


def _judged(acting: Acting, pressed: AlertPress) -> Outcome:
    """A button of an alert that stands in this chat; one whose time is over is asked about."""
    if pressed.word in ghosts.WORDS:
        return ghosts.press(acting, pressed.ref, pressed.word)
    alert = standing(acting, pressed.ref)
    if alert is None:
        return _ignored(acting, _FORGED)
    if (refused := _refused(acting, pressed)) is not None:
        return refused
    if acting.received_at > alert.expires_at:
        asked = f"{_SAID[pressed.word]} on {alert.ref_id}, which ended {ago(alert.expires_at, acting.now)}: count it?"
        return ask(acting, "press", asked, ASKED_LATE, {"data": acting.heard.data})
    return _taken(acting, alert, pressed)


def _refused(acting: Acting, pressed: AlertPress) -> Outcome | None:
    """A word to who may not press this; None if they may."""
    if not reaches(acting.entry.role, "trader"):
        say_line(acting, f"Only traders judge alerts ({acting.entry.role})")
        return Outcome("ignored", "not allowed")
    return refuse(acting, SNOOZE) if pressed.word == "sn30" and not acting.entry.may(SNOOZE) else None


def _taken(acting: Acting, alert: Standing, pressed: AlertPress) -> Outcome:
    if pressed.word == "sn30":
        return _snoozed(acting, alert)
    return judge(acting, alert, pressed.word)


def _snoozed(acting: Acting, alert: Standing) -> Outcome:
    until = acting.received_at + _SNOOZE
    by = acting.entry.name or str(acting.entry.user_id)
    set_snooze(acting.connection, acting.heard.chat_id, alert.category, until, by, acting.now)
    said = f"No {what(alert.category)} here until {clock_time(until)}; /snooze off ends it"
    note(acting, "snooze", Deed(said, after=until.isoformat()))
    acting.at.show(acting.connection, alert.ref_id)
    say_line(acting, said)
    return Outcome("done", said)
