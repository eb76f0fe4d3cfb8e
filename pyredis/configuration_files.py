"""
The files that a configuration is in, read and written back.

They are the one that CONFIG REWRITE writes and the ACL file. Each is replaced in
one step: who reads it finds the old text or the new one.
"""

from __future__ import annotations

import contextlib
import os

from twisted.logger import Logger

from pyredis.acl.files import AclFileError, DeclaredUsers
from pyredis.config.rewrite import rewrite
from pyredis.errors import RedisError
from pyredis.execution.instance import Instance


class ConfigurationFiles:
    """
    The files of one server's configuration.

    Args:
        instance: The server.
        config_path: The file that CONFIG REWRITE writes, if there is one.

    Attributes:
        config_path: The same, absolute.
    """

    _log = Logger()

    def __init__(self, instance: Instance, config_path: str | None) -> None:
        self._instance = instance
        self._settings = instance.settings
        self.config_path = os.path.abspath(config_path) if config_path else None

    def load_users(self, declared: DeclaredUsers | None = None) -> None:
        """
        Make the users that the configuration, or its ACL file, describes.

        Args:
            declared: The ``user`` lines of the configuration.

        Raises:
            AclFileError: Something is wrong with them; the text is one line.
        """
        path = self._settings.aclfile
        access = self._instance.access
        if declared:
            if path:
                raise AclFileError(
                    "Configuring Redis with users defined in redis.conf and at the same setting an "
                    "ACL file path is invalid. This setup is very likely to lead to configuration "
                    "errors and security holes, please define either an ACL file or declare users "
                    "directly in your redis.conf, but not both."
                )
            for user in declared.load(access.users):
                self._log.info(
                    "The user '{name}' is disabled (there is no 'on' modifier in the user "
                    "description). Make sure this is not a configuration error.",
                    name=user.name.decode("utf-8", "backslashreplace"),
                )
            access.user_changed(access.users.default)
        if path:
            try:
                access.load(self.read_acl_file(), path)
            except OSError as error:
                raise AclFileError(
                    "Aborting Redis startup because of ACL errors: Error loading ACLs, "
                    f"opening file '{path}': {error.strerror}"
                ) from None
            except AclFileError as error:
                raise AclFileError(
                    f"Aborting Redis startup because of ACL errors: {error}"
                ) from None

    def rewrite_config(self, force_all: bool = False) -> None:
        """
        Write the running configuration back to its file, in one step.

        Args:
            force_all: Parameters that have their default as well.

        Raises:
            RedisError: There is no file, or it cannot be written.
        """
        if self.config_path is None:
            raise RedisError("The server is running without a config file")
        try:
            self._replace_file(self.config_path, force_all)
        except OSError as error:
            self._log.error("CONFIG REWRITE failed: {error}", error=error)
            raise RedisError(f"Rewriting config file: {error.strerror}") from None
        self._log.info("CONFIG REWRITE executed with success.")

    def read_acl_file(self) -> bytes:
        """Return the text of the ACL file; raise OSError if it cannot be read."""
        with open(self._settings.aclfile, "rb") as file:
            return file.read()

    def write_acl_file(self, text: bytes) -> bool:
        """Replace the ACL file's text in one step; tell whether that was possible."""
        try:
            _replace(self._settings.aclfile, text)
        except OSError as error:
            self._log.error("Writing ACL file for ACL SAVE: {why}", why=error.strerror)
            return False
        return True

    def _replace_file(self, path: str, force_all: bool) -> None:
        try:
            with open(path, "rb") as file:
                old = file.read()
        except FileNotFoundError:
            old = b""
        new = rewrite(
            old,
            self._settings,
            user_lines=[user.line() for user in self._instance.access.users],
            module_lines=[b"loadmodule " + m.name.encode() for m in self._instance.modules],
            force_all=force_all,
        )
        _replace(path, new)


def _replace(path: str, text: bytes) -> None:
    """
    Write a file in one step: who reads it finds the old text or the new one.

    Raises:
        OSError: It cannot be written; the old one is still there.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
