"""Keyspace events of commands on keys of any type, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.script import Scenario

_FILL = "MSET s v n 1 ; RPUSH l b a ; SADD t 1 2 ; HSET h f v ; SELECT 1 ; SET s other ; SELECT 0"


def _told(script: str) -> Scenario:
    """Return a scenario in which another client reads every event of the script."""
    return Scenario(
        f"{_FILL} ; @b* PSUBSCRIBE __key*__:* ; {script} ; @b* PUNSUBSCRIBE none",
        config={"notify-keyspace-events": "KEAmn"},
        needs=("PSUBSCRIBE",),
    )


class KeyEventTests(FamilyTests):
    """Events are told as Redis tells them: which, of what key, in what order."""

    scenarios = {
        "deleting": _told(
            "DEL s missing l ; UNLINK t ; EXISTS missing s ; TOUCH missing ; TYPE missing ; GETDEL h ; GETDEL n"
        ),
        "renaming": _told(
            "RENAME s x ; RENAME x l ; RENAMENX l y ; RENAMENX y t ; RENAME t t ; RENAME missing z ; RENAMENX missing z"
        ),
        "copying": _told(
            "COPY s x ; COPY s x ; COPY s x REPLACE ; COPY l s REPLACE ; COPY missing s ; COPY s s DB 2"
        ),
        "moving": _told("MOVE l 1 ; MOVE l 1 ; MOVE s 1 ; MOVE missing 1 ; SELECT 1 ; MOVE l 0"),
        "deadlines": _told("""
            EXPIRE s 100 ; PEXPIRE s 100000 ; EXPIRE s 50 GT ; PERSIST s ; PERSIST s ; EXPIREAT s 4102444800 ; PEXPIREAT s 4102444800000 XX
            EXPIRE s 0 ; EXPIRE l -1 ; PEXPIREAT t 1 ; EXPIRE missing 1 ; TTL missing ; PTTL missing ; EXPIRETIME missing
        """),
        "expiring": _told("PEXPIRE s 1 ; %gone s ; SET n v PX 1 ; %gone n ; SET n w"),
        "sorting": _told("""
            SORT l ALPHA STORE d ; SORT l ALPHA STORE d ; SORT missing STORE d ; SORT missing STORE d ; SORT t BY w_* GET # GET v_* STORE s
            SORT t ; SORT missing ; SORT_RO t BY w_*
        """),
        "whole databases": _told(
            "SWAPDB 0 1 ; FLUSHDB ; FLUSHALL ; SET k v ; SWAPDB 0 0 ; RANDOMKEY ; KEYS * ; DBSIZE ; SCAN 0 TYPE string"
        ),
        "asking": _told(
            "OBJECT ENCODING s ; OBJECT ENCODING missing ; OBJECT REFCOUNT missing ; SCAN 0 TYPE list ; GET missing ; MGET missing s"
        ),
    }
