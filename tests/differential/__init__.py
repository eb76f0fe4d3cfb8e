r"""The same bytes to a real redis-server and to PyRedis, and the same bytes back.

Adding a scenario is one line in the table of ``test_<family>.py``::

    class ListTests(FamilyTests):
        scenarios = {
            "LPOP with a count of zero": "RPUSH l a b ; LPOP l 0 ; LPOP missing 0",
        }
        samples = ["LINSERT list BEFORE a x", Sample("LPOS list a", "RANK 1|COUNT 2|MAXLEN 3")]
        grammar = '''
            LPUSH {key} {value}+
            LPOP {key} [{count}]
        '''

- ``scenarios``: each row is a test.  It is played from an empty data set in RESP2
  and in RESP3, every reply is compared, and at the end every key's type, value,
  expiry and encoding.  The language of the lines (several connections, replies
  that have no order, scans, waiting for an expiry) is in
  `tests.differential.script`; ``since("7.2", "…")`` marks what an older Redis
  answers otherwise, `Scenario` has the other needs (config, commands).
- ``samples``: good calls on the keys of `tests.differential.mutations.FIXTURE`,
  named for what they hold (``string list set hash zset stream missing …``).
  Every wrong arity, type, number, option and option pair is made from them.
- ``grammar``: what random walks may do (`tests.differential.grammar`); 20 to 60
  steps over five keys that all types share, shrunk by hypothesis.
- For anything else, ``self.same("…")`` in a test method of a
  `tests.differential.families.DifferentialTestCase`, or ``self.pair`` for both
  servers and their raw connections.

Replies are compared by bytes.  Where Redis promises no order, or answers by
chance or clock, `tests.differential.forms` says what is compared instead;
commands have their usual form there, ``~shape SRANDMEMBER s 2`` names another.

Without a redis-server the tests skip, and say so.  ``PYREDIS_ORACLE`` names
another server to compare with, and ``PYREDIS_SUBJECT`` another one to put in
PyRedis's place: a new table is best tried with two real servers first.
``pytest -m long`` or ``PYREDIS_WALKS=1000`` takes more and really random walks,
and ``python -m tests.differential.walk --family lists`` hunts from a shell.
"""
