"""
Requests of many clients, run at once.

When a server is busy, many clients have sent something by the time it looks: a
request each, or a short pipeline. If all those are alike, as those of the
instances of one program are, they are run as one batch: they came at the same
time, so nobody can tell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from pyredis.wire.batches import Batch, batch_of_chunks
from pyredis.wire.encoder import encoded, encoded_each
from pyredis.wire.human import encoded_human

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.net.protocol import RedisProtocol
    from pyredis.wire.replies import Reply

LARGEST_CHUNK = 16 * 1024
"""From this many bytes on, the requests of one client are enough for a batch."""

_MOST_BYTES = 16 * 1024
# How many bytes their replies may be, about.
_MOST_OUTPUT = 1024 * 1024
# Of large chunks so many, even if they are more bytes than that.
_SEVERAL = 12

Gathered = list[tuple["RedisProtocol", bytes]]
Answers = list[tuple[Callable[[bytes], None], bytes]]


def take_together(gathered: Gathered, at_once: bool = False) -> Gathered:
    """
    Run what several clients sent in batches, as far as that can be done.

    Args:
        gathered: Connections and what they received, a small chunk each.
        at_once: Whether the answers may leave now, before the round is over.

    Returns:
        What was not served: each of these has to take its chunk, or what is left of
        it, by itself.
    """
    # They leave when all are made: who is woken in between asks for more, and competes.
    answers: Answers = []
    most = max(_SEVERAL, _MOST_BYTES // len(gathered[0][1]))
    left = gathered
    while len(left) > 1:
        several = left if len(left) <= most else left[:most]
        rest = _take(several, answers, at_once)
        left = rest + left[len(several) :]
        if len(rest) == len(several):
            # Nobody was served, or the first one in part.
            break
    for send, data in answers:
        send(data)
    return left


def _take(gathered: Gathered, answers: Answers, at_once: bool) -> Gathered:
    """Run what a few clients sent as one batch; return what was not served."""
    protocols, chunks = zip(*gathered, strict=True)
    found = batch_of_chunks(chunks)
    if found is None or not _are_alike(protocols):
        return gathered
    batch, counts = found

    def asker(number: int) -> Client:
        """Return whose request one is."""
        client: Client = protocols[bisect_right([*accumulate(counts)], number)].client
        return client

    replies = protocols[0].run_batch(batch, _MOST_OUTPUT, asker)
    if not replies:
        return gathered
    if len(counts) == batch.count:
        _answer(protocols, batch, replies, answers, at_once)
        # Nobody asks for more than the sums of all clients.
        protocols[0].client.input_bytes += len(chunks[0]) * len(replies)
        return gathered[len(replies) :]
    return _answer_pipelines(gathered, batch, counts, replies, answers, at_once)


def _are_alike(protocols: Sequence[RedisProtocol]) -> bool:
    """Tell whether what these clients sent can be run as if one of them had sent it all."""
    client = protocols[0].client
    db, resp, user = client.ctx.db, client.resp, client.user
    for protocol in protocols:
        its = protocol.client
        if (
            its.special
            or its.ctx.db is not db
            or its.resp != resp
            or its.user is not user
            or its.waiting is not None
            or its.closing
            # Requests, or a part of one, that came before.
            or protocol.rest is not None
            or protocol.unread
            or protocol.reader.buffer
        ):
            return False
    return True


def _answer(
    protocols: Sequence[RedisProtocol],
    batch: Batch,
    replies: list[Reply],
    answers: Answers,
    at_once: bool,
) -> None:
    """Make each client's answer to its request, as far as there are replies."""
    first = protocols[0]
    client = first.client
    human = batch.typed and first.speaks_human
    resp, command, now_ms = client.resp, client.last_command, client.last_interaction_ms
    last: object = protocols  # no reply
    data = b""
    output_bytes = 0
    for protocol, reply in zip(protocols, replies, strict=False):
        its = protocol.client
        its.last_command = command
        its.last_interaction_ms = now_ms
        if reply is not last:
            data = encoded_human((reply,)) if human else encoded(reply, resp)
            last = reply
        output_bytes += len(data)
        answers.append((protocol.answer if at_once else protocol.send, data))
    client.output_bytes += output_bytes


def _answer_pipelines(
    gathered: Gathered,
    batch: Batch,
    counts: Sequence[int],
    replies: list[Reply],
    answers: Answers,
    at_once: bool,
) -> Gathered:
    """Make each client's answers to its requests; return what is left to run, and of whom."""
    client = gathered[0][0].client
    resp, command, now_ms = client.resp, client.last_command, client.last_interaction_ms
    human = batch.typed and gathered[0][0].speaks_human
    # At best cut out of one piece.
    wire, width = (b"", 0) if human else encoded_each(replies, resp, only_even=True)
    done = len(replies)
    start = input_bytes = output_bytes = 0
    rest: Gathered = []
    for place, ((protocol, chunk), count) in enumerate(zip(gathered, counts, strict=True)):
        end = start + count
        if end > done:
            at = (done - start) * (len(chunk) // count)
            rest = [(protocol, chunk[at:]), *gathered[place + 1 :]]
            chunk, end = chunk[:at], done
            if start == end:
                break
        if width:
            answer = wire[start * width : end * width]
        elif human:
            answer = encoded_human(replies[start:end])
        else:
            answer = encoded_each(replies[start:end], resp)[0]
        its = protocol.client
        its.last_command = command
        its.last_interaction_ms = now_ms
        input_bytes += len(chunk)
        output_bytes += len(answer)
        answers.append((protocol.answer if at_once else protocol.send, answer))
        if rest:
            break
        start = end
    # Nobody asks for more than the sums of all clients.
    client.input_bytes += input_bytes
    client.output_bytes += output_bytes
    return rest
