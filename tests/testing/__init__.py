"""The server made for tests is tested here."""
