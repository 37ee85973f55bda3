"""The statements of the outbox, by what they may change."""

#: Where in the row of a lease its number stands.
FENCING_TOKEN = 9
#: Statements that change no message of the outbox, as far as it is looked at.
IDLE = (
    "outbox.renew_lease",
    "outbox.postpone_chat",
    "outbox.notify",
    "outbox.next_due_s",
    "outbox.state",
    "outbox.list",
    "outbox.states",
    "outbox.whole",
    "outbox.all_files",
    "outbox.files",
    "outbox.ids",
    "outbox.hold_moves",
    "outbox.file_state",
    "outbox.file_sent",
    "outbox.clear_files",
    "outbox.add_file",
)
#: Statements that change its files.
FILING = (
    "outbox.file_state",
    "outbox.file_sent",
    "outbox.clear_files",
    "outbox.add_file",
    "outbox.resend",
)
#: Statements that change one, almost always.
CHANGING = (
    "outbox.stub_begun",
    "outbox.stub_sent",
    "outbox.text_begun",
    "outbox.whole_begun",
    "outbox.whole_not_sent",
    "outbox.filled",
    "outbox.sent_whole",
    "outbox.postpone",
    "outbox.retry",
    "outbox.finish",
)
