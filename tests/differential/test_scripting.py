"""Scripts answer as Redis does."""

from tests.differential.families import FamilyTests


def _eval(script: str, rest: str = "0") -> str:
    """Return a row that runs a script written with single quotes only."""
    return f'EVAL "{script}" {rest}'


class ScriptingTests(FamilyTests):
    """EVAL and its kin answer as Redis does."""

    scenarios = {
        "numbers": " ; ".join(
            _eval(f"return {value}")
            for value in (
                "1",
                "3.99",
                "-3.99",
                "1e30",
                "2^53",
                "0/0",
                "'a'",
                "true",
                "false",
                "nil",
            )
        ),
        "tables": " ; ".join(
            _eval(f"return {value}")
            for value in (
                "{}",
                "{1,2,nil,3}",
                "{1,{2,{3}}}",
                "{ok='x'}",
                "{err='MY x'}",
                "{err='x'}",
                "{double=3.5}",
                "{map={a=1}}",
                "{set={a=true}}",
                "{big_number='12'}",
                "{verbatim_string={format='txt',string='x'}}",
                "redis.status_reply('y')",
                "redis.error_reply('-MY y')",
                "redis.error_reply('y')",
                "{1,false,true}",
            )
        ),
        "resp3": "HSET h f v ; ZADD z 1.5 m ; SADD s m ; "
        + " ; ".join(
            _eval(f"redis.setresp(3) return {value}")
            for value in (
                "redis.call('hgetall','h')",
                "redis.call('zscore','z','m')",
                "true",
                "false",
                "redis.call('smembers','s')",
                "redis.call('get','no')",
                "redis.call('zrange','z',0,-1,'withscores')",
            )
        ),
        "replies": "SET s abc ; RPUSH l a b ; ZADD z 1.5 m ; "
        + " ; ".join(
            _eval(f"return {value}")
            for value in (
                "redis.call('set','a','b')",
                "redis.call('get','a')",
                "redis.call('get','no')",
                "redis.call('lrange','l',0,-1)",
                "redis.call('mget','a','no')",
                "redis.pcall('incr','s')",
                "redis.call('incr','s')",
                "redis.call('llen','s')",
                "redis.call('zrange','z',0,-1,'withscores')",
                "{pcall(redis.call,'incr','s')}",
                "redis.call('echo',1.5)",
                "redis.call('echo',1e20)",
                "redis.call('echo',12345678901)",
            )
        ),
        "errors": " ; ".join(
            _eval(script)
            for script in (
                "return foo",
                "foo = 1",
                "redis.x = 1",
                "error('abc')",
                "error({err='MY x'})",
                "error(nil)",
                "return redis.call('nosuch')",
                "return redis.call('get')",
                "redis.call()",
                "redis.call({})",
                "return redis.call('subscribe','c')",
                "rawset(redis,'x',1)",
                "setmetatable(_G,{})",
                "local a = {} return a.x.y",
                "return {",
                "redis.log('a')",
                "redis.log(9,'a')",
                "redis.setresp(9)",
                "redis.setresp()",
                "redis.set_repl(99)",
                "redis.sha1hex()",
                "redis.acl_check_cmd('gett')",
                "return redis.error_reply(1)",
            )
        ),
        "counts": "EVAL 'return 1' x ; EVAL 'return 1' -1 ; EVAL 'return 1' 2 a ; EVAL 'return 1'",
        "read-only": _eval("return redis.call('set','a',1)").replace("EVAL", "EVAL_RO")
        + " ; EVAL \"#!lua flags=no-writes\\nreturn redis.call('set','a',1)\" 0"
        + ' ; EVAL_RO "#!lua\\nreturn 1" 0 ; EVAL "#!lua flags=x\\nreturn 1" 0'
        + ' ; EVAL "#!lua x=1\\nreturn 1" 0 ; EVAL "#!x\\nreturn 1" 0 ; EVAL "#!lua" 0',
        "digests": "SCRIPT LOAD 'return 1' ; EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0 ; "
        "EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0 ; EVALSHA x 0 ; "
        "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db x ; SCRIPT FLUSH ; "
        "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db ; SCRIPT FLUSH x ; SCRIPT KILL",
        "libraries": " ; ".join(
            _eval(f"return {value}")
            for value in (
                "cjson.encode({1,'a',{b=2.5}})",
                "cjson.encode({})",
                "cjson.encode('a/b')",
                "cjson.decode('[1,[2,null]]')",
                "{pcall(cjson.decode,'[1')}",
                "{pcall(cjson.encode,tostring)}",
                "{pcall(cjson.encode,{[1000]=1})}",
                "cmsgpack.pack(1,-5,'a',{1,2},{a=1},1.5,0.1,nil,true)",
                "{cmsgpack.unpack(cmsgpack.pack(1,{2,'x'}))}",
                "{pcall(function() local x = cmsgpack.unpack('z\\\\222') end)}",
                "struct.pack('>hi8s', 1, -2, 'x')",
                "{struct.unpack('>h', 'ab')}",
                "{pcall(function() local x = struct.unpack('>i4', 'ab') end)}",
                "{pcall(function() local x = struct.pack('q', 1) end)}",
                "bit.tohex(255)",
                "bit.lshift(1,31)",
                "{pcall(function() local x = bit.band() end)}",
            )
        ),
        "random": _eval("math.randomseed(7) return {math.random(1000000), math.random(5,9)}"),
    }
    samples = []


class FunctionTests(FamilyTests):
    """FUNCTION and FCALL answer as Redis does."""

    scenarios = {
        "calling": "FUNCTION LOAD \"#!lua name=l\\nredis.register_function('f', function(k,a) return "
        '{k[1],a[1]} end)" ; FCALL f 1 k a ; FCALL_RO f 0 ; FCALL f x ; FCALL no 0 ; FUNCTION LIST ; '
        "FUNCTION LIST WITHCODE LIBRARYNAME L ; FUNCTION STATS ; FUNCTION DELETE l ; "
        "FUNCTION DELETE l ; FUNCTION KILL",
        "refusals": "FUNCTION FLUSH x ; FUNCTION RESTORE x ; FUNCTION RESTORE x y ; FUNCTION LOAD x ; "
        "FUNCTION LOAD x y ; FUNCTION LIST x ; FUNCTION LIST LIBRARYNAME ; "
        'FUNCTION LOAD "#!lua name=x\\nreturn 1" ; FUNCTION LOAD "#!lua name=x\\nredis.call()" ; '
        'FUNCTION LOAD "#!lua name=x\\nredis.register_function(1)" ; '
        'FUNCTION LOAD "#!lua name=x\\nreturn {" ; FUNCTION LOAD "#!x name=x\\n"',
    }
    samples = []
