"""What the server answers instead of a reply."""

from __future__ import annotations


class CommandError(Exception):
    """An error reply: its text begins with a code such as ERR or WRONGTYPE."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def err(text: str) -> CommandError:
    """An error of the general code."""
    return CommandError(f"ERR {text}")


def shown(word: bytes) -> str:
    """A word of a command as it stands in an error, byte for byte."""
    return word.decode("latin-1")


def wrong_arity(name: str) -> CommandError:
    """Too few or too many words for a command; name: in full, such as `xgroup|create`."""
    return err(f"wrong number of arguments for '{name}' command")


def wrong_subcommand(argv: list[bytes]) -> CommandError:
    """Words that a subcommand does not know."""
    return err(
        f"unknown subcommand or wrong number of arguments for '{shown(argv[1])}'. "
        f"Try {shown(argv[0]).upper()} HELP."
    )


def no_group_for_key(group: bytes, key: bytes) -> CommandError:
    """The words of XGROUP and XINFO for a group that is not there."""
    return CommandError(f"NOGROUP No such consumer group '{shown(group)}' for key name '{shown(key)}'")


def no_key_or_group(key: bytes, group: bytes) -> CommandError:
    """The words of XPENDING and of claims for a key or group that is not there."""
    return CommandError(f"NOGROUP No such key '{shown(key)}' or consumer group '{shown(group)}'")


WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
READ_ONLY = "READONLY You can't write against a read only replica."
LOADING = "LOADING Valkey is loading the dataset in memory"
UNBLOCKED = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
