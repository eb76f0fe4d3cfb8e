"""The values of a database: pure structures that know nothing of commands, clients or replies."""
