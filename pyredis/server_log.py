"""
What a server writes to its log about the commands it runs.

A log is no place for keys, values or passwords: only the level ``debug`` shows
requests, and what may be secret not even that.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from pyredis.config.settings import is_sensitive
from pyredis.errors import RedisError
from pyredis.execution.client import Client
from pyredis.execution.client_lines import client_line
from pyredis.execution.instance import Instance
from pyredis.wire.replies import Reply

_INTRUSION_EVERY_MS = 60_000


class ServerLog:
    """
    Writes what commands and clients give reason to write.

    Args:
        instance: The server.
    """

    _log = Logger()

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._intrusion_logged_ms = 0

    def listen(self) -> None:
        """Have the server tell what there is to write, at the level that is set."""
        instance = self._instance
        instance.dispatcher.log_failure = self._log_failure
        instance.dispatcher.log_intrusion = self._log_intrusion
        instance.dispatcher.log_stray_reply = self._log_stray_reply
        instance.scripting.log = self._log_script
        instance.settings.observe("loglevel", self._apply_loglevel)
        self._apply_loglevel()

    def _apply_loglevel(self) -> None:
        dispatcher = self._instance.dispatcher
        if self._instance.settings.loglevel == "debug":
            dispatcher.log_command = self._log_command
            dispatcher.watch_over("debug log")
        else:
            dispatcher.log_command = None
            dispatcher.let_go("debug log")

    def _log_command(self, client: Client, argv: Sequence[bytes]) -> None:
        """Show a command at debug level; one that may carry a password only by its name."""
        command = self._instance.table.find(argv[0])
        hidden = command is not None and (command.skip_monitor or not command.needs_auth)
        words = [argv[0], b"(arguments hidden)"] if hidden else _without_secrets(argv[:16])
        self._log.debug(
            "Command from client id={id} addr={addr}: {words}",
            id=client.id,
            addr=client.address,
            words=" ".join(repr(word[:128])[1:] for word in words),
        )

    def _log_intrusion(self, client: Client) -> None:
        """Tell of a client that talks HTTP, once a minute: the log must not become the attack."""
        now_ms = self._instance.keyspace.now_ms
        if now_ms - self._intrusion_logged_ms > _INTRUSION_EVERY_MS:
            self._intrusion_logged_ms = now_ms
            self._log.warn(
                "Possible SECURITY ATTACK detected: {addr} sends POST or Host: as commands, as a "
                "browser does for a page that uses Cross Protocol Scripting. Connection aborted.",
                addr=client.address,
            )

    def _log_stray_reply(self, client: Client, reply: Reply) -> None:
        """Tell of a replica that sent a command as any client does."""
        command = client.last_command
        name = command.display_name if command is not None else "<unknown>"
        if isinstance(reply, RedisError):
            self._instance.statistics.errors_in_streams += 1
            self._log.warn(
                "== CRITICAL == This master is sending an error to its replica: '{error}' after "
                "processing the command '{name}'",
                error=reply.text.decode("utf-8", "backslashreplace"),
                name=name,
            )
        line = client_line(client, self._instance.keyspace.now_ms)
        self._log.warn(
            "Replica generated a reply to command '{name}', disconnecting it: {line}",
            name=name,
            line=line.decode("utf-8", "backslashreplace"),
        )

    def _log_script(self, level: str, text: bytes) -> None:
        """Write what a script says by redis.log."""
        write = {"debug": self._log.debug, "warning": self._log.warn}.get(level, self._log.info)
        write("{text}", text=text.decode("utf-8", "backslashreplace"))

    def _log_failure(self, name: str) -> None:
        self._log.failure("Command '{name}' failed unexpectedly", name=name)


def _without_secrets(argv: Sequence[bytes]) -> list[bytes]:
    """Return a request with what follows the name of a secret directive hidden."""
    return [
        b"(redacted)" if number and is_sensitive(argv[number - 1]) else word
        for number, word in enumerate(argv)
    ]
