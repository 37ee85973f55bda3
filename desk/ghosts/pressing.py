"""`Set Entry`, `Set Alert Lines`, `Cancel` below an alert: asked first, done once, all in the press's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, get_args

from desk.acting import STALE_AFTER, Acting, Outcome, say_line
from desk.acts.lines import LINES
from desk.alerts.plans import PlanLine, has_plan
from desk.alerts.plans import lines_of as lines_of_plan
from desk.asking import Deed, reaches
from desk.auditing import note
from desk.commanding import refuse
from desk.ghosts import asked, commanding, words
from desk.ghosts.asked import AlertPlan, Asked
from desk.ghosts.commanding import Asker, Wanted
from desk.ghosts.recording import record, refusal
from desk.questions import ASKED_FOR, ASKED_LATE, ask
from desk.updates import count_refused

GhostWord = Literal["entry", "lines", "cancel"]
WORDS: tuple[GhostWord, ...] = get_args(GhostWord)
#: Somebody reads a plan before saying yes to it.
_TIME_TO_READ = ASKED_FOR + timedelta(seconds=30)


def press(acting: Acting, ref: str, word: str) -> Outcome:
    """What comes of a press: what sets something is asked about first, and so is what comes late."""
    plan = _plan(acting, ref)
    if plan is None:
        return _forged(acting)
    if (refused := _refused(acting, plan, word)) is not None:
        return refused
    late = acting.now - acting.received_at > STALE_AFTER
    if word == "cancel" and not late:
        return _cancel(acting, plan)
    return _ask(acting, plan, word, late=late)


def again(acting: Acting, ref: str, word: str) -> Outcome:
    """A yes that came too late: all of it is asked about once more."""
    plan = _plan(acting, ref)
    if plan is None:
        return _forged(acting)
    return _refused(acting, plan, word) or _ask(acting, plan, word, late=True)


def confirmed(acting: Acting, ref: str, word: str) -> Outcome:
    """What comes of a yes, looked at anew: somebody may have lost the right, or the plan its time."""
    plan = _plan(acting, ref)
    if plan is None:
        return _forged(acting)
    return _refused(acting, plan, word) or _DO[word](acting, plan)


def _plan(acting: Acting, ref: str) -> AlertPlan | None:
    chat_ids = acting.outbox.ids_of(acting.heard.chat_id)
    found = asked.plan_in(acting.connection, ref, chat_ids)
    return found if found is not None and has_plan(found.alert) else None


def _forged(acting: Acting) -> Outcome:
    count_refused(acting.connection, "not one of our buttons", acting.now)
    return Outcome("ignored", "not one of our buttons")


def _refused(acting: Acting, plan: AlertPlan, word: str) -> Outcome | None:
    """A word to who may not press this, or asks for what cannot be; None if it can."""
    if not reaches(acting.entry.role, "trader"):
        return _no(acting, f"Only traders ask anything of ghosts ({acting.entry.role})", "not allowed")
    if word == "lines" and not acting.entry.may(LINES):
        return refuse(acting, LINES)
    if not acting.at.settings.feature_event_logging:
        return _no(acting, words.NOT_ON_TAPE, "nothing is recorded")
    if word == "cancel":
        return None
    if not acting.at.desk.ghosts:
        return _no(acting, words.OFF, "ghosts are off")
    over = words.is_over(plan, acting.now)
    return None if over is None else _no(acting, over, "the plan is over")


def _no(acting: Acting, line: str, result: str) -> Outcome:
    say_line(acting, line)
    return Outcome("ignored", result)


def _ask(acting: Acting, plan: AlertPlan, word: str, *, late: bool) -> Outcome:
    lasts = ASKED_LATE if late else _TIME_TO_READ
    behind = words.late(acting.received_at, acting.now) if late else ""
    by, now = asker_of(acting).by, acting.now
    if word == "entry":
        if (before := _entry_before(acting, plan)) is not None:
            return _no(acting, words.has_one(before, now), "has one")
        question = words.question_of_entry(plan, by, behind, now)
    elif word == "lines":
        missing, _ = _missing(acting, plan)
        if not missing:
            return _no(acting, "The lines of this plan are set here", "set before")
        question = words.question_of_lines(plan, missing, by, behind, now)
    else:
        question = f"Cancel · {words.head(plan.alert)}?\n{behind}"
    detail = {"data": f"a:{plan.alert.ref_id}:{word}"}
    return ask(acting, words.BUTTONS[word], question, lasts, detail)


def _enter(acting: Acting, plan: AlertPlan) -> Outcome:
    if (before := _entry_before(acting, plan)) is not None:
        return _no(acting, words.has_one(before, acting.now), "has one")
    earlier = asked.orders_of(acting.connection, plan.alert.ref_id, acting.heard.user_id)
    wanted = commanding.entry(plan, asker_of(acting), len(earlier))
    return _refused_by_contract(acting, [wanted]) or _set(
        acting, plan, "set_entry", [wanted], words.entry_is_set(plan)
    )


def _refused_by_contract(acting: Acting, wanted: Sequence[Wanted]) -> Outcome | None:
    why = refusal(wanted, acting.heard.update_id)
    return None if why is None else _no(acting, words.no_command(why), "no command")


def _entry_before(acting: Acting, plan: AlertPlan) -> Asked | None:
    """Their entry of this plan; one that they cancelled counts no longer, one that was refused never did."""
    found = asked.orders_of(acting.connection, plan.alert.ref_id, acting.heard.user_id)
    return next((one for one in found if one.cancelled_at is None and one.over != "refused"), None)


def _line_up(acting: Acting, plan: AlertPlan) -> Outcome:
    missing, before = _missing(acting, plan)
    if not missing:
        return _no(acting, "The lines of this plan are set here", "set before")
    asker = asker_of(acting)
    wanted = [
        commanding.plan_line(plan, line, asker, sum(one.label == line.label for one in before))
        for line in missing
    ]
    return _refused_by_contract(acting, wanted) or _set(
        acting, plan, "set_lines", wanted, words.lines_are_set(plan, len(wanted))
    )


def _missing(acting: Acting, plan: AlertPlan) -> tuple[list[PlanLine], list[Asked]]:
    """Lines that are not set in this chat, and all that ever were."""
    chat_ids = acting.outbox.ids_of(acting.heard.chat_id)
    before = asked.lines_of(acting.connection, plan.alert.ref_id, chat_ids=chat_ids)
    before = [one for one in before if one.chat_id in chat_ids]
    there = {one.label for one in before if one.cancelled_at is None}
    return [line for line in lines_of_plan(plan.alert) if line.label not in there], before


def _cancel(acting: Acting, plan: AlertPlan) -> Outcome:
    ref, user_id = plan.alert.ref_id, acting.heard.user_id
    found = [
        *asked.orders_of(acting.connection, ref, user_id),
        *asked.lines_of(acting.connection, ref, user_id=user_id),
    ]
    live = [one for one in found if one.is_live]
    if not live:
        return _no(acting, words.NOTHING, "nothing to cancel")
    asked.cancel(acting.connection, [one.id for one in live], acting.now)
    wanted = commanding.cancelled(live, asker_of(acting))
    return _set(acting, plan, "cancel_ghosts", wanted, words.cancelled(live))


def _set(acting: Acting, plan: AlertPlan, act: str, wanted: Sequence[Wanted], said: str) -> Outcome:
    record(acting.connection, acting.tape, wanted, acting.heard.update_id, acting.received_at)
    note(acting, act, Deed(f"{plan.alert.ref_id}: {said}"))
    acting.at.show(acting.connection, plan.alert.ref_id)
    say_line(acting, said)
    return Outcome("done", said)


def asker_of(acting: Acting) -> Asker:
    """Who asks."""
    heard = acting.heard
    return Asker(
        user_id=heard.user_id,
        by=acting.entry.name or str(heard.user_id),
        chat_id=heard.chat_id,
        first_chat_id=acting.outbox.ids_of(heard.chat_id)[0],
        thread_id=heard.thread_id,
        update_id=heard.update_id,
        at=acting.received_at,
    )


_DO: dict[str, Callable[[Acting, AlertPlan], Outcome]] = {
    "entry": _enter,
    "lines": _line_up,
    "cancel": _cancel,
}
