"""What pipelines of scripts do at once; see :mod:`pyredis.commands.batches`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

from pyredis.commands.batch_forms import reply_size
from pyredis.commands.scripting import eval_, evalsha, key_count
from pyredis.execution.client import Context
from pyredis.execution.dispatch import A_WHILE_NS
from pyredis.execution.scripting.code import Code
from pyredis.execution.table import in_batch
from pyredis.wire.replies import Reply


@in_batch(eval_)
def eval_each(
    ctx: Context,
    count: int,
    scripts: Sequence[bytes],
    numkeys: Sequence[bytes],
    *columns: Sequence[bytes],
) -> list[Reply]:
    """Run one script again and again."""
    if scripts.count(scripts[0]) != count:
        return []
    return _run_each(ctx, ctx.server.scripting.load(scripts[0]).code, numkeys, columns)


@in_batch(evalsha)
def evalsha_each(
    ctx: Context,
    count: int,
    sha1s: Sequence[bytes],
    numkeys: Sequence[bytes],
    *columns: Sequence[bytes],
) -> list[Reply]:
    """Run one script that is known by its digest again and again."""
    script = ctx.server.scripting.scripts.get(sha1s[0])
    if script is None or sha1s.count(sha1s[0]) != count:
        return []
    return _run_each(ctx, script.code, numkeys, columns)


def _run_each(
    ctx: Context, code: Code, numkeys: Sequence[bytes], columns: Sequence[Sequence[bytes]]
) -> list[Reply]:
    """
    Run a script for several requests, until one fails or takes long.

    What has run cannot be left to the body of the command any more: an error is the
    last of the replies.

    Raises:
        RedisError: The number of keys is wrong; nothing has run.
    """
    scripting, dispatcher = ctx.server.scripting, ctx.server.dispatcher
    ready = ctx.server.waiting_room.ready
    count = key_count(numkeys[0], len(columns))
    if numkeys.count(numkeys[0]) != len(numkeys) or not scripting.may_run_several(ctx, code):
        return []
    requests: Iterable[Sequence[bytes]] = zip(*columns, strict=True)
    if not columns:
        requests = repeat((), len(numkeys))
    replies: list[Reply] = []
    run, timer = scripting.run_once, ctx.server.timer
    size = 0
    scripting.begin(ctx, code)
    now = timer()
    latest = now + A_WHILE_NS
    try:
        for arguments in requests:
            reply = run(ctx, count, arguments)
            replies.append(reply)
            started, now = now, timer()
            if reply.__class__ is not int:
                if isinstance(reply, Exception):
                    latest = 0
                size += reply_size(reply)
            if size > ctx.batch_bytes or now > latest or dispatcher.special or ready:
                if now - started > A_WHILE_NS:
                    dispatcher.last_ns = now - started
                break
    except Exception as error:  # counted and logged as any body's
        replies.append(error)  # type: ignore[arg-type]
    finally:
        scripting.end()
    return replies
