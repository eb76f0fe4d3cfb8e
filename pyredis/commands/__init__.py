"""The commands, one module a family; importing this package declares them all."""

from pyredis.commands import (  # noqa: F401 - imported for their declarations
    blocking_lists,
    connection,
    geo,
    hashes,
    lists,
    sets,
    sorted_set_algebra,
    sorted_set_pops,
    sorted_set_ranges,
    sorted_sets,
    strings,
    transactions,
)
