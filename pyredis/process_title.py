"""
What ``ps`` shows of this process: ``proc-title-template``, filled in.

The system's call for that overwrites memory that only C can reach, so it takes the
package setproctitle (``pip install pyredis[title]``); without it the title stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_CHILDREN = {"rdb": "redis-rdb-bgsave", "aof": "redis-aof-rewrite"}
_VARIABLE = re.compile(r"\{([a-z-]+)\}")


def title_setter() -> Callable[[str], None] | None:
    """Return what sets the title of this process, if there is anything."""
    if find_spec("setproctitle") is None:
        return None
    module: Any = import_module("setproctitle")
    setter: Callable[[str], None] = module.setproctitle
    return setter


class ProcessTitle:
    """
    The title of this process.

    Args:
        settings: What it is made of.
        program: What the process was started as.
        config_path: The configuration file, if there is one.
        set_title: Sets the title.
    """

    def __init__(
        self,
        settings: Any,
        program: str,
        config_path: str | None,
        set_title: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._program = program
        self._config_path = config_path
        self._set_title = set_title

    def apply(self) -> None:
        """Give the process the title that is wanted."""
        self._apply(self._program)

    def apply_to_child(self, kind: str) -> None:
        """Give this process the title of a child that does some kind of work; it is one."""
        self._apply(_CHILDREN.get(kind, kind))

    def _apply(self, title: str) -> None:
        settings = self._settings
        if not settings.set_proc_title:
            return
        port = settings.port or settings.tls_port
        values = {
            "title": title,
            "listen-addr": f"unixsocket:{settings.unixsocket or ''}",
            "server-mode": "[cluster]" if settings.cluster_enabled else "",
            "config-file": self._config_path or "-",
            "port": str(settings.port),
            "tls-port": str(settings.tls_port),
            "unixsocket": settings.unixsocket or "",
        }
        if port:
            address = settings.bind[0] if settings.bind else "*"
            values["listen-addr"] = f"{address}:{port}"
        filled = _VARIABLE.sub(lambda found: values[found[1]], settings.proc_title_template)
        self._set_title(filled.strip(" "))
