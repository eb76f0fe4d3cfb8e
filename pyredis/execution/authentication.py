"""Who a client is: the one place where a name and a password are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyredis.acl.users import DEFAULT_USER, User
from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance


def wrong_password() -> RedisError:
    """No such user, or not his password: which of them stays unsaid."""
    return RedisError("invalid username-password pair or user is disabled.", code="WRONGPASS")


def find_user(server: Instance, name: bytes, password: bytes) -> User | None:
    """Return the user of a name if the password is the user's and it may log in."""
    user = server.access.users.find(name)
    if user is None or not user.enabled or not user.has_password(password):
        return None
    return user


def log_in(client: Client, name: bytes, password: bytes) -> None:
    """
    Make a client a user.

    Raises:
        RedisError: He is not (WRONGPASS); the client stays who it was.
    """
    server = client.ctx.server
    user = find_user(server, name, password)
    if user is None:
        server.access.note_failed_login(client, name)
        raise wrong_password()
    _become(client, user, True)


def log_out(client: Client) -> None:
    """Make a client what a new connection is: the default user, logged in if it needs not."""
    access = client.ctx.server.access
    _become(client, access.users.default, not access.requires_login)


def _become(client: Client, user: User, authenticated: bool) -> None:
    client.become(user)
    client.authenticated = authenticated
    client.connection.set_limited(client.must_log_in)
    client.refresh()


__all__ = ["DEFAULT_USER", "find_user", "log_in", "log_out", "wrong_password"]
