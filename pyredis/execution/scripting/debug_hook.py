"""
What looks into a script while it is debugged, in Lua.

Lua alone can tell a script's variables and where it is, so what the debugger asks
about them is answered here, inside the hook that Lua calls before each line. All
else is the debugger's, in Python: whether to stop, what the client wants, and how
it is told.

What the client has evaluated runs in a coroutine: in a hook Lua calls no hooks, and
nothing could end it.
"""

SOURCE = rb"""
local dbg, as_function, safe, behind, translate, talk, every, tick = ...
local getinfo, getlocal, sethook = dbg.getinfo, dbg.getlocal, dbg.sethook
local pcall, type, tostring, next, select, error = pcall, type, tostring, next, select, error
local loadstring, setfenv, unpack, rawget = loadstring, setfenv, unpack, rawget
local format, gsub, concat = string.format, string.gsub, table.concat
local create, resume = coroutine.create, coroutine.resume
local stops, command = as_function(talk.stops), as_function(talk.command)
local quoted, told = as_function(talk.quoted), as_function(talk.told)
local traced = as_function(talk.traced)
local debugged, stops_next = as_function(talk.debugged), as_function(talk.stops_next)
local SCRIPT, MINE, DEEPEST = '@user_script', '@pyredis', 10

local function shown(value, level)
  local kind = type(value)
  if level == DEEPEST then return '<max recursion level reached! Nested table?>' end
  if kind == 'string' then return quoted(value) end
  if kind == 'number' then return format('%g', value) end
  if kind == 'nil' or kind == 'boolean' then return tostring(value) end
  -- A table or userdata may have its own idea of tostring; these have not.
  if kind == 'function' or kind == 'thread' then
    return '"' .. gsub(tostring(value), ': ', '@') .. '"'
  end
  if kind ~= 'table' then return '"' .. kind .. '"' end
  local members, pairs, is_array, expected = {}, {}, true, 1
  for k, v in next, behind[value] or value do
    is_array = is_array and k == expected
    local member = shown(v, level + 1)
    members[expected] = member
    pairs[expected] = '[' .. shown(k, level + 1) .. ']=' .. member
    expected = expected + 1
  end
  return '{' .. concat(is_array and members or pairs, '; ') .. '}'
end

local function all_shown(...)
  local texts = {}
  for i = 1, select('#', ...) do texts[i] = shown((select(i, ...)), 0) end
  return concat(texts, ', ')
end

local function evaluate(code)
  local f, problem = loadstring('return ' .. code, '@ldb_eval')
  if not f then f, problem = loadstring(code, '@ldb_eval') end
  if not f then return told('<error> ' .. problem) end
  setfenv(f, safe._G)
  local thread = create(f)
  sethook(thread, function()
    local ending = tick()
    if ending then error(ending, 0) end
  end, '', every)
  local ok, value = resume(thread)
  if ok then return told('<retval> ' .. shown(value, 0)) end
  value = translate(value)
  if type(value) == 'table' then value = rawget(value, 'err') end
  return told('<error> ' .. tostring(value))
end

local function hook()
  local here = getinfo(2, 'Sl')
  if here.source ~= SCRIPT or not stops(here.currentline) then return end
  while true do
    local action, argument = command()
    if not action then return end
    if action == 'fail' then error({err = argument}, 0) end
    if action == 'eval' then
      evaluate(argument)
    elseif action == 'redis' then
      -- The debugger shows request and reply by itself.
      pcall(safe.redis.call, unpack(argument))
    elseif action == 'trace' then
      local level, info = 2, here
      while info do
        info = getinfo(level, 'Sln')
        if info and info.source == SCRIPT then
          traced(level == 2, info.name or 'top level', info.currentline)
        end
        level = level + 1
      end
    elseif action == 'locals' then
      local index, count = 1, 0
      while true do
        local name, value = getlocal(2, index)
        if not name then break end
        if name ~= '(*temporary)' then
          told('<value> ' .. name .. ' = ' .. shown(value, 0))
          count = count + 1
        end
        index = index + 1
      end
      if count == 0 then told('No local variables in the current context.') end
    elseif action == 'print' then
      local level, is_found = 2, false
      while not is_found do
        local info = getinfo(level, 'S')
        if not info then break end
        local index = 1
        while info.source ~= MINE do
          local name, value = getlocal(level, index)
          if not name then break end
          if name == argument then
            told('<value> ' .. shown(value, 0))
            is_found = true
            break
          end
          index = index + 1
        end
        level = level + 1
      end
      if not is_found and (argument == 'KEYS' or argument == 'ARGV') then
        told('<value> ' .. shown(rawget(safe, argument) or {}, 0))
      elseif not is_found then
        told('No such variable.')
      end
    end
  end
end

local redis = behind[safe.redis]
redis.breakpoint = function() stops_next() return true end
redis.debug = function(...) debugged(all_shown(...)) end
sethook(hook, 'l')
"""
