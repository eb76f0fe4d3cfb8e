"""The wire on Twisted: transport, protocol, factory, hub. No command is known by name here."""
