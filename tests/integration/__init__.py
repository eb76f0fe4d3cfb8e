"""The real server as its users meet it: processes, sockets, client libraries."""
