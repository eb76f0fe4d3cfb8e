"""What a replica says to its primary before it is sent anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyredis.wire.request_encoder import encode_request

Request = tuple[bytes, ...]

_MAY_LOG_IN = (b"-NOAUTH", b"-NOPERM", b"-ERR operation not permitted")


class Refused(Exception):
    """The primary does not go along; the text is for the log."""


class Handshake:
    """
    The words before PSYNC.

    Args:
        introduction: Requests by the name of the step; the primary may refuse any
            but ``AUTH``.
        synchronize: The last request.
        send: Sends bytes.
        note: Called with a line for the log.

    Attributes:
        answer: What the primary said to the last request; None before.
    """

    def __init__(
        self,
        introduction: Sequence[tuple[str, Request]],
        synchronize: Request,
        send: Callable[[bytes], None],
        note: Callable[[str], None],
    ) -> None:
        self._introduction = introduction
        self._synchronize = synchronize
        self._send = send
        self._note = note
        self._awaited = ["PING"]
        self.answer: bytes | None = None
        send(encode_request((b"PING",)))

    def take(self, line: bytes) -> None:
        """
        Take a line of the primary's; an empty one only says that it is still there.

        Raises:
            Refused: It goes no further.
        """
        if not line:
            return
        step = self._awaited.pop(0)
        if step == "PSYNC":
            self.answer = line
            return
        said = line[1:].decode("utf-8", "backslashreplace")
        if line.startswith(b"-"):
            self._refused(step, line, said)
        if step == "PING":
            self._note("Master replied to PING, replication can continue...")
            self._awaited += [name for name, _ in self._introduction]
            self._send(b"".join(encode_request(request) for _, request in self._introduction))
        if not self._awaited:
            self._awaited.append("PSYNC")
            self._send(encode_request(self._synchronize))

    def _refused(self, step: str, line: bytes, said: str) -> None:
        if step == "PING":
            if not line.startswith(_MAY_LOG_IN):
                raise Refused(f"Error reply to PING from master: '{said}'")
        elif step == "AUTH":
            raise Refused(f"Unable to AUTH to MASTER: {said}")
        else:
            self._note(f"(Non critical) Master does not understand REPLCONF {step}: {said}")
