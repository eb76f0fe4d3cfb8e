"""The commands, one module a family; importing this package declares them all."""

from pyredis.commands import (  # noqa: F401 - imported for their declarations
    bitmaps,
    blocking_lists,
    connection,
    geo,
    hashes,
    hyperloglog,
    lists,
    sets,
    sorted_set_algebra,
    sorted_set_pops,
    sorted_set_ranges,
    sorted_sets,
    stream_groups,
    stream_info,
    stream_reading,
    streams,
    strings,
    transactions,
)
