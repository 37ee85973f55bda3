"""The last line of a message that may stand in its chat already, and how a text fits its messages. Pure."""

from __future__ import annotations

from outbox.text import MAX_TEXT_UNITS, Entity, Text, split, units

#: What a message says that is sent once more, for the first had no answer.
MAY_REPEAT = "may repeat"
#: As long a name of it as is shown.
MAX_REF = 48
#: Room for the mark is left in each part, so that a part that may repeat is as long as one that does not.
_LONGEST = units(f"\n\n{MAY_REPEAT} · ") + 2 * MAX_REF
#: As long a text of an alert or answer as surely is one message.
MAX_ONE_PART = MAX_TEXT_UNITS - _LONGEST
#: What stands for a text that is cut, and for one that is not there any more.
_CUT = "…"


def ref_in(key: str) -> str | None:
    """The name that is said of a message by its key: what stands before the chat, `alert:<ref>:<chat>`."""
    pieces = key.split(":")
    return pieces[1] if len(pieces) > 2 else None


def mark(ref: str | None) -> str:
    """The line that is added, with the blank one before it."""
    name = "" if ref is None else "".join(sign if sign.isprintable() else " " for sign in ref[:MAX_REF])
    return f"\n\n{MAY_REPEAT} · {name}" if name.strip() else f"\n\n{MAY_REPEAT}"


def marked(part: Text, ref: str | None) -> Text:
    """A part with the words that it may repeat what stands above."""
    line = mark(ref)
    return Text(part.text + line, [*part.entities, Entity("italic", units(part.text) + 2, units(line) - 2)])


def parts_of(text: Text, ref: str | None, repeats: bool) -> list[Text]:
    """A text in the parts that it is sent in. repeats: whether one may have to say that it repeats."""
    return split(text, spare=units(mark(ref))) if repeats else split(text)


def fitted(parts: list[Text], count: int) -> list[Text]:
    """The parts of a newer text for the messages of an older one: what is too much is cut, what lacks is `…`."""
    if len(parts) > count:
        return [*parts[: count - 1], _cut(parts[count - 1])]
    return parts + [Text(_CUT)] * (count - len(parts))


def _cut(part: Text) -> Text:
    """A part that says that more would follow."""
    kept = split(part, limit=units(part.text) - 1)[0] if units(part.text) > 1 else Text("")
    return Text(kept.text + _CUT, kept.entities)
