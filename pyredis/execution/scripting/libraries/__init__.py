"""The libraries that scripts find beside those of Lua: bit, cjson, cmsgpack, struct."""
