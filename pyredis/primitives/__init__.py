"""
Redis's dialect of the small things: numbers, patterns, quoting, checksums, LZF.

The lowest floor: pure functions on bytes which know nothing of keys, clients or
Twisted.  Each follows Redis to the last bit, because its result is compared with,
stored beside or sent to something a real Redis wrote.
"""
