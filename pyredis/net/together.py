"""
Requests of many clients, run at once.

When a server is busy, many clients have sent a request each by the time it looks.
If those are alike, as those of the instances of one program are, they are run as
one batch: they came at the same time, so nobody can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyredis.wire.batches import batch_of_chunks
from pyredis.wire.encoder import encoded
from pyredis.wire.human import encoded_human

if TYPE_CHECKING:
    from pyredis.net.protocol import RedisProtocol

Gathered = list[tuple["RedisProtocol", bytes]]


def take_together(gathered: Gathered) -> Gathered:
    """
    Run the requests of several clients as one batch, as far as that can be done.

    Args:
        gathered: Connections and what they received, a small chunk each.

    Returns:
        Those that were not served: each has to take its chunk by itself.
    """
    batch = batch_of_chunks([chunk for _, chunk in gathered])
    if batch is None:
        return gathered
    client = gathered[0][0].client
    db, resp, plain = client.ctx.db, client.resp, client.plain
    for protocol, _ in gathered:
        its = protocol.client
        if (
            protocol.is_busy
            or its.special
            or its.ctx.db is not db
            or its.resp != resp
            or its.plain != plain
        ):
            return gathered
    first = gathered[0][0]
    replies = first.run_batch(batch)
    size = len(gathered[0][1])
    human = batch.typed and first.speaks_human
    command, now_ms = client.last_command, client.last_interaction_ms
    last: object = gathered  # no reply
    data = b""
    for (protocol, _), reply in zip(gathered, replies, strict=False):
        its = protocol.client
        its.last_command = command
        its.last_interaction_ms = now_ms
        its.input_bytes += size
        if reply is not last:
            data = encoded_human((reply,)) if human else encoded(reply, resp)
            last = reply
        its.output_bytes += len(data)
        protocol.send(data)
    return gathered[len(replies) :]
