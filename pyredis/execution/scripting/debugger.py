"""
One debugging session of a script: what its client asks, and is told.

The session is a conversation over the client's own connection: the script stops,
the client is sent an array of lines, and sends requests until one of them lets the
script go on. What must be looked up in Lua is left to
:mod:`pyredis.execution.scripting.debug_hook`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyredis.errors import RedisError
from pyredis.execution.ports import Dialogue
from pyredis.execution.scripting.shown_replies import shown
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import Reply

Action = tuple[bytes, object]
"""What Lua is to do, and with what."""

MAX_BREAKPOINTS = 64
MAX_INPUT = 1 << 20
_MAX_WORDS = _MAX_WORD = 1024
_USUAL_LENGTH = 256
_LEAST_LENGTH = 60
_CONTEXT = 5
_WORDS_SHOWN = 10
_NS_IN_MS = 1_000_000
_PATIENCE_MS = 5000

HELP = b"""Commands of the debugger of Lua scripts:
[h]elp               Show these lines.
[s]tep               Run this line and stop before the next.
[n]ext               The same as step.
[c]ontinue           Run up to a breakpoint.
[l]ist               Show the lines around this one.
[l]ist [line]        Show the lines around another; 0 stands for this one.
[l]ist [line] [ctx]  Show so many lines before it and after it.
[w]hole              Show the whole script.
[p]rint              Show all local variables.
[p]rint <var>        Show one, or KEYS or ARGV.
[b]reak              Show the breakpoints.
[b]reak <line>       Set a breakpoint.
[b]reak -<line>      Take a breakpoint away.
[b]reak 0            Take all of them away.
[t]race              Show who called what runs.
[e]val <code>        Run Lua code; it does not see the local variables.
[r]edis <cmd>        Run a command of Redis.
[m]axlen [len]       Show so much of a reply or a value at most; 0 is all of it.
[a]bort              End the script; in sync mode what it has changed stays.

In the script itself:
redis.debug()        Shows its arguments here.
redis.breakpoint()   Stops before the next line.
"""


class Malformed(Exception):
    """What the client sent is no request; the text says why."""


class DebugSession:
    """
    A conversation about one run of one script.

    Args:
        dialogue: The way to the client.
        source: The script.
        timer: Returns nanoseconds of a clock that never jumps.
        limit_ms: After how long a script that runs on by itself is stopped; 0 is a
            time of our own.

    Attributes:
        is_stepping: The script stops before the next line; what it calls is shown.
    """

    def __init__(
        self, dialogue: Dialogue, source: bytes, timer: Callable[[], int], limit_ms: int
    ) -> None:
        self._dialogue = dialogue
        self._lines = source.rstrip(b"\r\n").split(b"\n")
        self._timer = timer
        self._limit_ns = (limit_ms or _PATIENCE_MS) * _NS_IN_MS
        self._going_since = timer()
        self._log: list[bytes] = []
        self._breakpoints: list[int] = []
        self._stops_next = False
        self._line = 0
        self._max_length = _USUAL_LENGTH
        self._has_hinted = False
        self._input = b""
        self._is_alone = False
        self._timed_out = False
        self.is_stepping = True

    # What is shown

    def tell(self, text: bytes) -> None:
        """Have a line shown at the next occasion."""
        self._log.append(text)

    def tell_shortened(self, text: bytes) -> None:
        """Have a line shown that may be long."""
        if self._max_length and len(text) > self._max_length:
            self.tell(text[: self._max_length] + b" ...")
            if not self._has_hinted:
                self._has_hinted = True
                self.tell(
                    b"<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming."
                )
        else:
            self.tell(text)

    def tell_call(self, argv: Sequence[bytes]) -> None:
        """Show a command that the script calls, if it goes step by step."""
        if self.is_stepping:
            words = [b"<redis>", *argv[:_WORDS_SHOWN]]
            if len(argv) > _WORDS_SHOWN:
                words.append(b"... (%d more)" % (len(argv) - _WORDS_SHOWN - 1))
            self.tell(b" ".join(words))

    def tell_refusal(self, error: RedisError) -> None:
        """Show why a command did not run, if the script goes step by step."""
        if self.is_stepping:
            self.tell(b"<error> " + (error.message if error.code == "ERR" else b"-" + error.text))

    def tell_reply(self, reply: Reply, resp: int) -> None:
        """Show what a command answered, if the script goes step by step."""
        if self.is_stepping:
            if isinstance(reply, RedisError):
                self.tell(b"<error> -" + reply.text)
            self.tell_shortened(b"<reply> " + shown(encoded(reply, resp)))

    def tell_debugged(self, text: bytes) -> None:
        """Show what the script wants shown."""
        self.tell(b"<debug> line %d: %b" % (self._line, text))

    def tell_trace(self, is_here: bool, name: bytes, line: int) -> None:
        """Show a function that runs, and its line."""
        self.tell(b"%b %b:" % (b"In" if is_here else b"From", name))
        self._tell_line(line)

    def _tell_line(self, number: int) -> None:
        inside = 0 < number <= len(self._lines)
        text = self._lines[number - 1] if inside else b"<out of range source code line>"
        arrow = b"->" if number == self._line else b"  "
        mark = b"#" if number in self._breakpoints else b" "
        self.tell(b"%b%b%-3d %b" % (arrow, mark, number, text))

    def _tell_lines(self, around: int, context: int) -> None:
        first = max(1, around - context)
        for number in range(first, min(len(self._lines), around + context) + 1):
            self._tell_line(number)

    def send(self) -> None:
        """Send what is to be shown."""
        log, self._log = self._log, []
        if not self._is_alone:
            lines = [b"+%b\r\n" % line.translate(_FLAT) for line in log]
            self._dialogue.send(b"*%d\r\n%b" % (len(lines), b"".join(lines)))

    def end(self) -> None:
        """Say that the session is over."""
        self.tell(b"<endsession>")
        self.send()

    # What Lua asks

    def stops_next(self) -> None:
        """Stop before the next line, since the script says so."""
        self._stops_next = True

    def stops(self, line: int) -> bool:
        """Tell whether the script stops before a line; then it is said why."""
        self._line = line
        is_marked = line in self._breakpoints or self._stops_next
        if not self.is_stepping and not is_marked:
            self._timed_out = self._timer() - self._going_since >= self._limit_ns
            if not self._timed_out:
                return False
        reason = b"step over"
        if is_marked:
            reason = b"redis.breakpoint() called" if self._stops_next else b"break point"
        elif self._timed_out:
            reason = b"timeout reached, infinite loop?"
        self.is_stepping = self._stops_next = False
        self.tell(b"* Stopped at %d, stop reason = %b" % (line, reason))
        self._tell_line(line)
        self.send()
        return True

    def next_action(self) -> Action | None:
        """Return what Lua is to do for the client's request, None to let the script go on."""
        self.is_stepping = False  # it was, while a command was called for the client
        if self._log:
            self.send()
        while True:
            try:
                argv = self._next_request()
            except Malformed as error:
                return b"fail", b"ERR " + str(error).encode()
            if argv is None:
                return self._left_alone()
            action = self._heed(argv)
            if action is _GOES_ON:
                self._going_since = self._timer()
                self._timed_out = False
                return None
            if action is not None:
                return action
            self.send()

    def _left_alone(self) -> Action | None:
        """Go on without a client; a script that would not end by itself is ended."""
        self._is_alone = True
        self._breakpoints.clear()
        if self._timed_out:
            return b"fail", b"ERR timeout during Lua debugging with client closing connection"
        self._going_since = self._timer()
        return None

    def tick(self) -> bytes | None:
        """Say why code that the client has evaluated must end, if it must."""
        if self._timer() - self._going_since < self._limit_ns:
            return None
        return b"ERR it takes too long"

    # What the client wants

    def _next_request(self) -> list[bytes] | None:
        """
        Wait for a request; what came with it is forgotten, as it was sent too early.

        Returns:
            Its words, None if the client has gone.

        Raises:
            Malformed: It is none.
        """
        while True:
            argv = parse_request(self._input)
            if argv is not None:
                self._input = b""
                return argv
            data = b"" if self._is_alone else self._dialogue.receive()
            if not data:
                return None
            self._input += data
            if len(self._input) > MAX_INPUT:
                self._input = b""
                raise Malformed("max client buffer reached")

    def _heed(self, argv: Sequence[bytes]) -> Action | None:
        """Do what can be done without Lua; return what it is to do, if anything."""
        name, arguments = argv[0].lower(), argv[1:]
        if name in (b"s", b"step", b"n", b"next"):
            self.is_stepping = True
            return _GOES_ON
        if name in (b"c", b"continue"):
            return _GOES_ON
        if name in (b"a", b"abort"):
            return b"fail", b"ERR script aborted for user request"
        if name in (b"t", b"trace"):
            return b"trace", None
        if name in (b"e", b"eval"):
            self._going_since = self._timer()
            return b"eval", b" ".join(arguments)
        if name in (b"p", b"print"):
            return (b"print", arguments[0]) if len(arguments) == 1 else (b"locals", None)
        if name in (b"r", b"redis") and arguments:
            self.is_stepping = True  # so that it is shown
            return b"redis", list(arguments)
        if name in (b"h", b"help"):
            self._log += HELP.split(b"\n")[:-1]
        elif name in (b"m", b"maxlen"):
            self._limit_length(arguments)
        elif name in (b"b", b"break"):
            self._break(arguments)
        elif name in (b"l", b"list"):
            numbers = [_number(word) or 0 for word in arguments]
            around = numbers[0] if numbers and numbers[0] > 0 else self._line
            self._tell_lines(around, numbers[1] if len(numbers) > 1 else _CONTEXT)
        elif name in (b"w", b"whole"):
            self._tell_lines(1, len(self._lines))
        else:
            self.tell(b"<error> Unknown Redis Lua debugger command or wrong number of arguments.")
        return None

    def _limit_length(self, arguments: Sequence[bytes]) -> None:
        if len(arguments) == 1:
            self._has_hinted = True
            length = _number(arguments[0]) or 0
            self._max_length = max(length, _LEAST_LENGTH) if length else 0
        if self._max_length:
            self.tell(b"<value> replies are truncated at %d bytes." % self._max_length)
        else:
            self.tell(b"<value> replies are unlimited.")

    def _break(self, arguments: Sequence[bytes]) -> None:
        if not arguments:
            count = len(self._breakpoints)
            if not count:
                self.tell(b"No breakpoints set. Use 'b <line>' to add one.")
                return
            self.tell(b"%d breakpoints set:" % count)
            for number in self._breakpoints:
                self._tell_line(number)
        for word in arguments:
            line = _number(word)
            if line is None:
                self.tell(b"Invalid argument:'%b'" % word)
            elif not line:
                self._breakpoints.clear()
                self.tell(b"All breakpoints removed.")
            elif line > 0:
                self._set_breakpoint(line)
            elif -line in self._breakpoints:
                self._breakpoints.remove(-line)
                self.tell(b"Breakpoint removed.")
            else:
                self.tell(b"No breakpoint in the specified line.")

    def _set_breakpoint(self, line: int) -> None:
        if len(self._breakpoints) == MAX_BREAKPOINTS:
            self.tell(b"Too many breakpoints set.")
        elif line > len(self._lines) or line in self._breakpoints:
            self.tell(b"Wrong line number.")
        else:
            self._breakpoints.append(line)
            self._tell_lines(line, 1)


_GOES_ON: Action = (b"", None)
_FLAT = bytes.maketrans(b"\r\n", b"  ")


def _number(word: bytes) -> int | None:
    try:
        return int(word)
    except ValueError:
        return None


def parse_request(data: bytes) -> list[bytes] | None:
    """
    Return the words of the request that data begin with, None if it is not complete.

    Raises:
        Malformed: It is no array of short strings.
    """
    end = data.find(b"\r\n")
    if end < 0:
        if data and data[:1] != b"*":
            raise Malformed("protocol error")
        return None
    count = _announced(data[:end], b"*", _MAX_WORDS)
    position = end + 2
    argv: list[bytes] = []
    while len(argv) < count:
        end = data.find(b"\r\n", position)
        if end < 0:
            return None
        first = end + 2
        last = first + _announced(data[position:end], b"$", _MAX_WORD)
        position = last + 2
        if len(data) < position:
            return None
        if data[last:position] != b"\r\n":
            raise Malformed("protocol error")
        argv.append(data[first:last])
    return argv


def _announced(line: bytes, sign: bytes, most: int) -> int:
    """
    Return the number that a line announces.

    Raises:
        Malformed: It announces none, or too much.
    """
    number = _number(line[1:])
    if line[:1] != sign or number is None or not 0 < number <= most:
        raise Malformed("protocol error")
    return number
