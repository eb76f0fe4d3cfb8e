"""A client of the debugger that says what it is told to, and keeps what it hears."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hiredis

from pyredis.execution.client import Client
from pyredis.execution.ports import Dialogue, NoHost
from tests.commands.session import Session


def request(*argv: bytes) -> bytes:
    """Return a request as it is sent."""
    words = [b"$%d\r\n%b\r\n" % (len(word), word) for word in argv]
    return b"*%d\r\n%b" % (len(words), b"".join(words))


class ScriptedDialogue:
    """
    A dialogue whose client says lines, each a request, and leaves behind the last.

    Attributes:
        heard: What the client was sent, an array of lines each.
        is_closed: Whether the dialogue is over.
    """

    def __init__(self, *lines: str | bytes) -> None:
        self._said = [
            line if isinstance(line, bytes) else request(*line.encode().split(b" "))
            for line in lines
        ]
        self._reader = hiredis.Reader()
        self.heard: list[Any] = []
        self.is_closed = False

    def send(self, data: bytes) -> None:
        """Keep what is sent."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            self.heard.append(reply)

    def receive(self) -> bytes:
        """Return what the client says next."""
        return self._said.pop(0) if self._said else b""

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


class DebuggingHost(NoHost):
    """A process whose clients speak as they are told to; a fork runs right here."""

    def __init__(self, dialogue: ScriptedDialogue) -> None:
        self.dialogue = dialogue
        self.forked: list[Client] = []

    def open_dialogue(self, client: Client) -> Dialogue:
        """Return the dialogue."""
        return self.dialogue

    def fork_dialogue(self, client: Client, speak: Callable[[Dialogue], None]) -> None:
        """Speak."""
        self.forked.append(client)
        speak(self.dialogue)


def debugged(
    script: str, *lines: str | bytes, words: Sequence[str] = (), mode: str = "SYNC", **settings: Any
) -> tuple[Session, ScriptedDialogue]:
    """
    Debug a script in a server of its own.

    Args:
        script: The script.
        lines: What the client says.
        words: Keys, all of them.
        mode: Of SCRIPT DEBUG.
        settings: Configuration values by attribute name.

    Returns:
        The client, which has its reply in ``written``, and the dialogue.
    """
    session = Session(**settings)
    dialogue = ScriptedDialogue(*lines)
    session.server.host = DebuggingHost(dialogue)
    session.do("SCRIPT", "DEBUG", mode)
    session.do("EVAL", script, len(words), *words)
    session.clock.advance(0)
    return session, dialogue
