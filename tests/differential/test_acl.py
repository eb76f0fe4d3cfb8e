"""
ACL and all that users are denied, compared with a real server.

Redis 7.2 changed how rules are described and what is said to who is denied, so
most of it is compared with 7.2 and later only.
"""

from __future__ import annotations

from tests.differential.families import FamilyTests

_HASH = "fa585d89c851dd338a70dcf535aa2a92fee7836dd6aff1226583e88e0996293f"


class AclTests(FamilyTests):
    """Users have the rules and the permissions that Redis gives them."""

    scenarios = {
        "rules that are none": """
            ACL SETUSER u get ; ACL SETUSER u +nothing ; ACL SETUSER u -nothing ; ACL SETUSER u +@nothing ; ACL SETUSER u +config|nothing
            ACL SETUSER u -config|nothing ; ACL SETUSER u +config|get|x ; ACL SETUSER u -config|get|x ; ACL SETUSER u +config|
            ACL SETUSER u +select| ; ACL SETUSER u -select|0 ; ACL SETUSER u +nothing|x ; ACL SETUSER u +select|a|b ; ACL SETUSER u +
            ACL SETUSER u - ; ACL SETUSER u @read ; ACL SETUSER u on +get fun off ; ACL GETUSER u ; ACL SETUSER 'a b' on
            ACL SETUSER "a\\x00" on ; ACL SETUSER u ")" ; ACL SETUSER u "fun\\x00y" ; ACL USERS
        """,
        "CAT": "~unordered ACL CAT ; ~length ACL CAT nothing ; ACL CAT a b ; ACL CAT '' ; ACL cat @read",
        "GENPASS": "~length ACL GENPASS ; ACL GENPASS 0 ; ACL GENPASS -1 ; ACL GENPASS 4097 ; ACL GENPASS x ; ~type ACL GENPASS 5 ; ACL GENPASS 1 2",
        "without a file": "ACL SAVE ; ACL LOAD ; ACL SAVE x",
        "the default user stays": "ACL DELUSER default ; ACL DELUSER u default ; ACL DELUSER ; ACL GETUSER ; ACL GETUSER a b ; ACL ; ACL FOO",
        "logging in": """
            ACL SETUSER u reset on >pw +@all ~* &* ; @b AUTH u no ; @b ACL WHOAMI ; @b AUTH u pw ; @b ACL WHOAMI ; @b AUTH default x
            @b ACL WHOAMI ; @b HELLO 3 AUTH u pw ; @b ACL WHOAMI ; @b RESET ; @b ACL WHOAMI ; ACL SETUSER u off ; @b AUTH u pw
            @b AUTH nobody pw ; ACL DELUSER u
        """,
        "SORT may look into any key": """
            ACL SETUSER u reset on nopass +@all %R~* %W~l ; RPUSH l 1 2 ; @b AUTH u x ; @b SORT l BY w* GET # ; @b SORT l STORE l
            ACL SETUSER u resetkeys ~l ; @b SORT l BY w* ; @b SORT l BY w ; @b SORT l GET # ; @b SORT l ; @b SORT l LIMIT x y GET z
            ACL SETUSER u (+sort %R~*) ; @b SORT l BY w* ; @b SORT_RO l BY w* ; @b RESET ; ACL DELUSER u
        """,
        "deleted users are cut off": "ACL SETUSER u reset on nopass +@all ; @b AUTH u x ; @b ACL WHOAMI ; ACL DELUSER u ; @b ACL WHOAMI",
        "a user deletes itself": "ACL SETUSER u reset on nopass +@all ; @b AUTH u x ; @b ACL DELUSER u ; @b PING",
        "CLIENT KILL USER": "ACL SETUSER u reset on nopass +@all ; @b AUTH u x ; CLIENT KILL USER nobody ; CLIENT KILL USER u ; @b PING ; ACL DELUSER u",
        "subscribers are cut off": """
            ACL SETUSER u reset on nopass +@all &a &b* ; @b AUTH u x ; @b* SUBSCRIBE a ; ACL SETUSER u &c ; @b* PING
            ACL SETUSER u resetchannels &b* ; @b PING ; ACL DELUSER u
        """,
        "subscribers may stay": """
            ACL SETUSER u reset on nopass +@all &a &b* ; @b AUTH u x ; @b* SUBSCRIBE a ; ACL SETUSER u resetchannels &a ; @b* PING
            ACL SETUSER u allchannels ; @b* PING ; @b RESET ; ACL DELUSER u
        """,
    }


class Acl72Tests(FamilyTests):
    """The same, where Redis 7.2 is its own."""

    scenarios = {
        "a new user": "ACL DELUSER u ; ACL SETUSER u ; ACL GETUSER u ; ACL LIST ; ACL USERS ; ACL WHOAMI ; ACL DELUSER u u v ; ACL GETUSER u",
        "flags and passwords": f"""
            ACL SETUSER u reset ON >a >b >a nopass >c ; ACL GETUSER u ; ACL SETUSER u <a ; ACL SETUSER u <c ; ACL LIST
            ACL SETUSER u #{_HASH} !{_HASH} ; ACL SETUSER u #zz ; ACL SETUSER u !{_HASH} ; ACL SETUSER u #{_HASH.upper()}
            ACL SETUSER u skip-sanitize-payload resetpass ; ACL GETUSER u ; ACL SETUSER u Off SANITIZE-PAYLOAD ; ACL LIST
            ACL SETUSER u '' ; ACL SETUSER u 'on ' ; ACL SETUSER u "off\\x00x" ; ACL GETUSER u ; ACL DELUSER u
        """,
        "rules for commands are kept in order": """
            ACL SETUSER u reset +get -set +@read -@write +config|get -config|set +GET ; ACL LIST
            ACL SETUSER u -config +select|0 +select|1 +SELECT|0 ; ACL GETUSER u ; ACL SETUSER u +select ; ACL LIST
            ACL SETUSER u +@all -@dangerous +debug|digest ; ACL LIST ; ACL SETUSER u allcommands ; ACL LIST
            ACL SETUSER u nocommands +@all +get -@all -get -@STRING ; ACL LIST ; ACL DELUSER u
        """,
        "rules for keys and channels": """
            ACL SETUSER u reset ~a ~b %R~c %W~c %R~d %rw~e ~a ; ACL LIST ; ACL SETUSER u ~* ; ACL LIST ; ACL SETUSER u ~x
            ACL SETUSER u resetkeys %R~* ; ACL GETUSER u ; ACL SETUSER u resetkeys %R ; ACL GETUSER u ; ACL SETUSER u %~x
            ACL SETUSER u %RR~x ; ACL SETUSER u %X~x ; ACL SETUSER u "~a b" ; ACL SETUSER u "~a\\x00b" ; ACL SETUSER u ~
            ACL LIST ; ACL SETUSER u &a &b &a ; ACL GETUSER u ; ACL SETUSER u &* ; ACL LIST ; ACL SETUSER u &c ; ACL SETUSER u "&c d"
            ACL SETUSER u resetchannels &c allkeys ; ACL GETUSER u ; ACL DELUSER u
        """,
        "selectors": """
            ACL SETUSER u reset ~a +get (~b +set) (%R~c &d +@read -get) ; ACL LIST ; ACL GETUSER u ; ACL SETUSER u (~e "+ttl)" ; ACL LIST
            ACL SETUSER u ( ; ACL SETUSER u on (~a b ; ACL SETUSER u (~a (+get ; ACL SETUSER u () ; ACL SETUSER u "(~a +fun)"
            ACL SETUSER u "(~a on)" ; ACL SETUSER u "(~a 'b)" ; ACL LIST ; ACL SETUSER u clearselectors ; ACL LIST ; ACL DELUSER u
        """,
        "denied commands": """
            ACL SETUSER u reset on nopass +@all -@write +config|get -select +select|1 ~* ; @b AUTH u x ; @b SET k v ; @b GET k
            @b SELECT 0 ; @b SELECT 1 ; @b select ; @b CONFIG GET maxmemory ; @b CONFIG SET maxmemory 0 ; @b CONFIG RESETSTAT
            @b PUBLISH c m ; @b NOTHING ; @b GET ; @b AUTH default x ; ACL DELUSER u
        """,
        "denied keys": """
            ACL SETUSER u reset on nopass +@all ~a* %R~r* %W~w* ; @b AUTH u x ; @b SET a v ; @b SET r v ; @b SET w v ; @b GET w ; @b GET r
            @b SET w v GET ; @b SET a v GET ; @b MGET a r ; @b MGET a w ; @b EXISTS w r x ; @b EXISTS w r ; @b COPY r w ; @b COPY w a
            @b RENAME a1 r ; @b SORT a BY w* ; @b SORT a BY nosort GET # ; @b SORT a STORE w ; @b SORT a STORE r ; @b TYPE x ; @b STRLEN w
            @b EVAL 'return 1' 1 x ; @b EVAL 'return 1' 1 r ; @b EVAL 'return 1' 1 a ; @b BITFIELD r GET u1 0 ; @b BITFIELD r SET u1 0 1
            @b KEYS * ; @b OBJECT ENCODING x ; @b OBJECT ENCODING w ; @b XREAD STREAMS x 0 ; @b LMPOP 2 a1 x LEFT ; @b RESET ; ACL DELUSER u
        """,
        "denied channels": """
            ACL SETUSER u reset on nopass +@all ~* &a* &p ; @b AUTH u x ; @b PUBLISH a1 m ; @b PUBLISH b m ; @b SPUBLISH b m
            @b PUBLISH p m ; @b SUBSCRIBE b ; @b PSUBSCRIBE a1* ; @b PSUBSCRIBE b ; @b SSUBSCRIBE b ; @b UNSUBSCRIBE b
            @b* SUBSCRIBE a1 ; @b* PSUBSCRIBE a* ; PUBLISH a1 hi ; @b? ; @b? ; @b RESET ; ACL DELUSER u
        """,
        "selectors are alternatives": """
            ACL SETUSER u reset on nopass +get ~a (+set ~b) (+@all ~c) ; @b AUTH u x ; @b GET a ; @b SET a v ; @b SET b v ; @b GET b
            @b SET c v ; @b GET c ; @b MGET a b ; @b FLUSHALL ; @b RESET ; ACL DELUSER u
        """,
        "in a transaction": """
            ACL SETUSER u reset on nopass +@all ~* &* ; @b AUTH u x ; @b MULTI ; @b SET a v ; @b SET b v ; @b PUBLISH c m ; @b GET a
            ACL SETUSER u resetkeys ~a resetchannels -get ; @b EXEC ; @b MULTI ; @b GET a ; @b SET a w ; @b EXEC ; ACL SETUSER u -exec
            @b MULTI ; @b SET a v ; @b EXEC ; @b SET a v ; @b EXEC ; @b RESET ; ACL DELUSER u
        """,
        "in scripts": """
            ACL SETUSER u reset on nopass +@all -get ~a &* ; @b AUTH u x ; @b EVAL "return redis.call('SET', 'a', 'v')" 0
            @b EVAL "return redis.call('SET', 'b', 'v')" 0 ; @b EVAL "return redis.pcall('GET', 'a')" 0
            @b EVAL "return {redis.acl_check_cmd('SET', 'a', 'x'), redis.acl_check_cmd('SET', 'b', 'x'), redis.acl_check_cmd('GET', 'a')}" 0
            @b EVAL "return redis.acl_check_cmd('NOTHING')" 0 ; @b EVAL "return redis.acl_check_cmd('SET')" 0
            ACL SETUSER u resetchannels ; @b EVAL "return redis.call('PUBLISH', 'c', 'm')" 0 ; @b RESET ; ACL DELUSER u
        """,
        "waiting when the rules change": """
            ACL SETUSER u reset on nopass +@all ~* ; @b AUTH u x ; @b! BLPOP l 0 ; ACL SETUSER u resetkeys ; RPUSH l a ; @b?
            @b PING ; @b RESET ; LRANGE l 0 -1 ; ACL DELUSER u
        """,
        "DRYRUN": """
            ACL SETUSER u reset +@all -set ~a %R~r &c ; ACL DRYRUN u GET a ; ACL DRYRUN u SET a v ; ACL DRYRUN u GET b ; ACL DRYRUN u INCR r
            ACL DRYRUN u PUBLISH d m ; ACL DRYRUN u PUBLISH c m ; ACL DRYRUN u NOTHING ; ACL DRYRUN nobody GET a ; ACL DRYRUN u GET
            ACL DRYRUN u CONFIG ; ACL DRYRUN u CONFIG GET ; ACL DRYRUN u CONFIG NOTHING ; ACL DRYRUN u config get x ; ACL DRYRUN u MGET a b c
            ACL DRYRUN u COPY r a ; ACL DRYRUN u COPY a r ; ACL DRYRUN u SUBSCRIBE c d ; ACL DRYRUN u PSUBSCRIBE c* ; ACL DRYRUN u
            ACL DRYRUN u EVAL x 1 b ; ACL DRYRUN u SORT a STORE r ; ACL DRYRUN u GET a b ; ACL DELUSER u
        """,
        "LOG": """
            ACL LOG RESET ; ACL LOG ; ACL SETUSER u reset on nopass +get ~a ; @b AUTH u x ; @b SET k v ; @b SET k v ; @b GET k ; @b AUTH u y
            @b AUTH nobody y ; ~length ACL LOG ; ~length ACL LOG 1 ; ~length ACL LOG 100 ; ACL LOG -1 ; ACL LOG 0 ; ACL LOG x ; ACL LOG 1 2
            ACL LOG reset ; ACL LOG ; ACL DELUSER u
        """,
        "LOG of a transaction and a script": """
            ACL LOG RESET ; ACL SETUSER u reset on nopass +@all -set ~* ; @b AUTH u x ; @b MULTI ; @b SET a b ; @b EXEC
            @b ~type EVAL "return redis.call('SET', 'a', 'v')" 0 ; ~length ACL LOG ; @b RESET ; ACL LOG RESET ; ACL DELUSER u
        """,
    }
    grammar = """
        ACL SETUSER u {rule}+
        ACL GETUSER u
        ACL LIST
        ACL DRYRUN u {word}+
        ACL DELUSER u
    """
    pools = {
        "rule": [
            *[
                "on",
                "off",
                "nopass",
                "resetpass",
                ">a",
                "<a",
                "reset",
                "clearselectors",
                "allkeys",
                "resetkeys",
                "allchannels",
            ],
            *[
                "resetchannels",
                "~a*",
                "%R~b",
                "%W~b",
                "~*",
                "&a",
                "&b*",
                "&*",
                "+get",
                "-get",
                "+set",
                "-set",
                "+@read",
                "-@read",
                "+@write",
            ],
            *[
                "+@all",
                "-@all",
                "-@dangerous",
                "+config",
                "-config",
                "+config|get",
                "-config|set",
                "+select|0",
                "+@slow",
            ],
            *[
                "-@admin",
                "+select",
                "-select|0",
                "+nothing",
                "(~a",
                "(+get)",
                "+set)",
                "()",
                "sanitize-payload",
            ],
        ],
        "word": [
            "GET",
            "SET",
            "CONFIG",
            "SELECT",
            "MGET",
            "PUBLISH",
            "get",
            "set",
            "a",
            "b",
            "c",
            "0",
            "ab",
        ],
    }

    def setUp(self) -> None:
        """Leave older versions out."""
        super().setUp()
        self.require("7.2")
