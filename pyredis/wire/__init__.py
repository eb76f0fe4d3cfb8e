"""Bytes to requests, values to bytes: RESP2, RESP3 and typed lines. No sockets, no commands."""
