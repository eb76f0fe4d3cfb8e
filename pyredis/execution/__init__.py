"""From a request to its value: the command table, guards, dispatch, and what runs commands."""
