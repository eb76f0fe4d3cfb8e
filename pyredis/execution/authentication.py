"""
Who a client is: the one place where a name and a password are checked.

There is one user, ``default``, whose password is ``requirepass``; without one
he needs none.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

DEFAULT_USER = b"default"


def wrong_password() -> RedisError:
    """No such user, or not his password: which of them stays unsaid."""
    return RedisError("invalid username-password pair or user is disabled.", code="WRONGPASS")


def needs_password(server: Instance) -> bool:
    """Tell whether the default user has to give a password."""
    return bool(server.settings.requirepass)


def has_user(server: Instance, name: bytes) -> bool:
    """Tell whether there is a user of this name."""
    return name == DEFAULT_USER


def may_log_in(server: Instance, name: bytes, password: bytes) -> bool:
    """Tell whether a password is the user's, in a time that does not depend on it."""
    if not has_user(server, name):
        return False
    if not needs_password(server):
        return True
    # Hashes have one length, so not even the password's is told by the time.
    return hmac.compare_digest(
        hashlib.sha256(password).digest(), hashlib.sha256(server.settings.requirepass).digest()
    )


def log_in(client: Client, name: bytes, password: bytes) -> None:
    """
    Make a client a user.

    Raises:
        RedisError: He is not (WRONGPASS); the client stays who it was.
    """
    server = client.ctx.server
    if not may_log_in(server, name, password):
        server.statistics.auth_failures += 1
        raise wrong_password()
    client.user_name = name.decode("utf-8", "surrogateescape")
    _set_authenticated(client, True)


def log_out(client: Client) -> None:
    """Make a client what a new connection is: the default user, logged in if no password is set."""
    client.user_name = DEFAULT_USER.decode()
    _set_authenticated(client, not needs_password(client.ctx.server))


def _set_authenticated(client: Client, authenticated: bool) -> None:
    client.authenticated = authenticated
    client.connection.set_limited(not authenticated)
    client.refresh()
