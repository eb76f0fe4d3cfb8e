"""
What the sandbox is made of, in Lua.

It runs once in a new Lua state and returns the few functions that the rest of
this package calls. Scripts get tables that cannot be changed: an empty table in
front of the real one, with a metatable that refuses every assignment; functions
that could go around it (``rawset``, ``setmetatable``, ``table.insert``, …) are
wrapped. They get no function that reads or makes bytecode, files or processes.

No error that Python raised is ever seen by a script: whatever can catch an error
asks :func:`translate` first, which puts Redis' error table in its place.
"""

SOURCE = rb"""
local host = ...
local MINE = '@pyredis'
local dbg, real_G = debug, _G
local error, type, tostring, select, unpack, next = error, type, tostring, select, unpack, next
local pcall, xpcall, rawget, rawset = pcall, xpcall, rawget, rawset
local getfenv, setfenv, setmetatable, getmetatable = getfenv, setfenv, setmetatable, getmetatable
local loadstring, sub = loadstring, string.sub
local getinfo, sethook, real_metatable = dbg.getinfo, dbg.sethook, dbg.getmetatable
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local running, status = coroutine.running, coroutine.status
local floor, newproxy = math.floor, newproxy
local python_metatable = real_metatable(host.call)
local as_function = python.as_function
local take_error, tick = as_function(host.take_error), as_function(host.tick)
local random, randomseed = as_function(host.random), as_function(host.randomseed)

-- The function that was called last from outside.
local main

-- Errors

local function translate(problem)
  if type(problem) == 'userdata' and real_metatable(problem) == python_metatable then
    return take_error() or {err = 'ERR internal error'}
  end
  return problem
end

-- Where a script or function ends: most often with the return statement that a tail call was.
local function end_of(f)
  local info, last = getinfo(f, 'SL'), 0
  for line in next, info.activelines do
    if line > last and line ~= info.lastlinedefined then last = line end
  end
  return info, last > 0 and last or info.lastlinedefined
end

local raise = error
-- Lua's own knows no line if the caller left its place to what failed (Redis' are C's: none does).
local function error(problem, level)
  level = level or 1
  if level > 0 and main and type(problem) == 'string' then
    local caller = getinfo(level + 1, 'S')
    if caller and caller.what == 'tail' then
      local info, line = end_of(main)
      raise(info.short_src .. ':' .. line .. ': ' .. problem, 0)
    end
  end
  raise(problem, level > 0 and level + 1 or 0)
end

local function refuse(place, name, expected, value)
  local got = value == nil and 'no value' or type(value)
  error('bad argument #' .. place .. " to '" .. name .. "' (" .. expected .. ' expected, got ' ..
    got .. ')', 3)
end

local function handler(problem)
  problem = translate(problem)
  local level, info = 1, nil
  repeat
    level = level + 1
    info = getinfo(level, 'Sl')
  until not info or (info.what ~= 'C' and info.source ~= MINE)
  if type(problem) ~= 'table' then
    problem = {err = 'ERR ' .. tostring(problem)}
  end
  if info and info.what ~= 'tail' then
    problem.source = info.source
    problem.line = info.currentline
  elseif info and main then
    info, problem.line = end_of(main)
    problem.source = info.source
  end
  return problem
end

-- Tables that cannot be changed

local behind = setmetatable({}, {__mode = 'k'})
local READONLY = 'Attempt to modify a readonly table'

local function refuse_change() error(READONLY, 2) end

local no_metatable = setmetatable({}, {__newindex = refuse_change})
behind[no_metatable] = {}
real_metatable(no_metatable).__metatable = no_metatable

local function protect(contents)
  local front = setmetatable({}, {
    __index = contents, __newindex = refuse_change, __metatable = no_metatable,
  })
  behind[front] = contents
  return front
end

local function check_change(t)
  if behind[t] then error(READONLY, 0) end
end

local safe = {}
local function guarded(f, name)
  return function(t, ...)
    if type(t) ~= 'table' then refuse(1, name, 'table', t) end
    if behind[t] then error(READONLY, 0) end
    return f(t, ...)
  end
end

for _, name in ipairs{'assert', 'error', 'gcinfo', 'ipairs', 'rawequal', 'select',
    'tonumber', 'tostring', 'type', 'unpack', '_VERSION'} do
  safe[name] = real_G[name]
end

safe.rawset = guarded(rawset, 'rawset')
safe.setmetatable = guarded(setmetatable, 'setmetatable')
safe.getmetatable = getmetatable

-- What is to be seen where a table is looked at without its metatable.
local function contents(t)
  if t == nil then return t end
  if behind[t] == safe and host.for_scripts then
    -- Those of a call without arguments are made when somebody looks.
    safe.KEYS, safe.ARGV = rawget(safe, 'KEYS') or {}, rawget(safe, 'ARGV') or {}
  end
  return behind[t] or t
end

function safe.rawget(t, k) return rawget(contents(t), k) end

local function safe_next(t, k)
  return next(contents(t), k)
end
safe.next = safe_next

function safe.pairs(t)
  if t ~= nil and behind[t] then return safe_next, t, nil end
  if type(t) ~= 'table' then refuse(1, 'pairs', 'table', t) end
  return safe_next, t, nil
end

-- A finalizer runs where nothing can stop it, and its errors where nothing catches them.
function safe.newproxy(like)
  local made = newproxy(like)
  local contents = real_metatable(made)
  if contents and not contents.__metatable then
    contents.__metatable = setmetatable({}, {
      __index = contents, __metatable = no_metatable,
      __newindex = function(_, name, value)
        if name == '__gc' or name == '__metatable' then error(READONLY, 2) end
        contents[name] = value
      end,
    })
  end
  return made
end

function safe.collectgarbage(what, n)
  what = what or 'collect'
  if what == 'stop' or what == 'setpause' or what == 'setstepmul' or what == 'restart' then
    return 0
  end
  return collectgarbage(what, n)
end

-- The environment

local env
local env_metatable = {__newindex = refuse_change, __metatable = no_metatable}

local function missing(_, name)
  if type(name) ~= 'string' and type(name) ~= 'number' then
    error('Second argument to luaProtectedTableError must be a string or number', 2)
  end
  if host.for_scripts and (name == 'KEYS' or name == 'ARGV') then
    local empty = {}
    rawset(safe, name, empty)
    return empty
  end
  error("Script attempted to access nonexistent global variable '" .. name .. "'", 2)
end
setmetatable(safe, {__index = missing})
env_metatable.__index = safe
env = setmetatable({}, env_metatable)
behind[env] = safe
safe._G = env

function safe.getfenv(f)
  if f == nil then f = 1 end
  if type(f) == 'number' and f > 0 then f = f + 1 end
  local found = getfenv(f)
  if found == real_G then return env end
  return found
end

function safe.setfenv(f, t)
  if type(f) == 'number' then
    if f == 0 then error("'setfenv' cannot change environment of given object", 2) end
    f = f + 1
  end
  if getfenv(f) == real_G then error("'setfenv' cannot change environment of given object", 2) end
  local changed = setfenv(f, t)
  if type(f) == 'number' then return end
  return changed
end

local function compiled(f, problem)
  if f then return setfenv(f, env) else return nil, problem end
end

function safe.loadstring(text, name)
  if type(text) == 'string' and sub(text, 1, 1) == '\27' then
    return nil, 'bytecode is not allowed'
  end
  return compiled(loadstring(text, name))
end

function safe.load(reader, name)
  if type(reader) ~= 'function' then
    error("bad argument #1 to 'load' (function expected, got " .. type(reader) .. ')', 2)
  end
  local pieces, count = {}, 0
  while true do
    local piece = reader()
    if piece == nil or piece == '' then break end
    if type(piece) ~= 'string' then return nil, 'reader function must return a string' end
    count = count + 1
    pieces[count] = piece
  end
  return safe.loadstring(table.concat(pieces), name or '=(load)')
end

-- Catching errors

local function caught(ok, ...)
  if ok then return true, ... end
  local problem = translate((...))
  if type(problem) == 'table' then
    local text = rawget(problem, 'err')
    if type(text) == 'string' or type(text) == 'number' then return false, text end
  end
  return false, problem
end
function safe.pcall(...) return caught(pcall(...)) end

function safe.xpcall(f, h, ...)
  return xpcall(f, function(problem) return h(translate(problem)) end, ...)
end

local function resumed(ok, ...)
  if ok then return true, ... else return false, translate((...)) end
end

local hook
local function new_coroutine(f)
  local thread = create(f)
  sethook(thread, hook, '', host.every)
  return thread
end

local function unwrapped(ok, ...)
  if ok then return ... else error(translate((...)), 0) end
end

safe.coroutine = {
  create = new_coroutine, running = running, status = status, yield = yield,
  resume = function(...) return resumed(resume(...)) end,
  wrap = function(f)
    local thread = new_coroutine(f)
    return function(...) return unwrapped(resume(thread, ...)) end
  end,
}

-- What counts instructions

function hook()
  local problem = tick()
  if problem then
    -- From now on at every line, or pcall in a loop would go on for ever.
    sethook(hook, 'l')
    -- What is Redis' own ends by itself, and has to.
    if getinfo(2, 'S').source ~= MINE then error(problem, 0) end
  end
end
sethook(hook, '', host.every)

-- Libraries of Lua's own

local function copy(from, without)
  local to = {}
  for k, v in next, from do
    if not without[k] then to[k] = v end
  end
  return to
end

safe.string = copy(string, {})
real_metatable('').__index = protect(safe.string)
real_metatable('').__metatable = no_metatable

safe.table = copy(table, {})
for _, name in next, {'insert', 'remove', 'sort', 'setn'} do
  safe.table[name] = guarded(table[name], name)
end
safe.table.foreach = function(t, f) return table.foreach(t ~= nil and behind[t] or t, f) end

safe.math = copy(math, {})
local function bound(value, place)
  local number = tonumber(value)
  if not number then
    error("bad argument #" .. place .. " to 'random' (number expected, got " ..
      (value == nil and 'no value' or type(value)) .. ')', 3)
  end
  return number < 0 and -floor(-number) or floor(number)
end
safe.math.random = function(...)
  local count, r = select('#', ...), random()
  if count == 0 then return r end
  if count > 2 then error('wrong number of arguments', 2) end
  local low, high = 1, nil
  if count == 1 then
    high = bound((...), 1)
    if high < 1 then error("bad argument #1 to 'random' (interval is empty)", 2) end
    return floor(r * high) + 1
  end
  low, high = bound((...), 1), bound(select(2, ...), 2)
  if low > high then error("bad argument #2 to 'random' (interval is empty)", 2) end
  return floor(r * (high - low + 1)) + low
end
safe.math.randomseed = function(seed)
  local number = tonumber(seed)
  if not number then refuse(1, 'randomseed', 'number', seed) end
  randomseed(number)
end

-- Redis' own

safe.redis = {}
for name, f in next, host.functions do safe.redis[name] = as_function(f) end
local call_with_many = as_function(host.call_with_many)
-- No more than so many fit on the stack of a function that is not Lua's.
local MANY = 4000
for _, name in next, {'call', 'pcall'} do
  local call = safe.redis[name]
  safe.redis[name] = function(...)
    local count, reply, status = select('#', ...), nil, nil
    -- No tail call: an error is to know whose line it was.
    if count > MANY then
      reply, status = call_with_many(name, count, {...})
    else
      reply, status = call(...)
    end
    if status then return {ok = status} end
    return reply
  end
end
for name, value in next, host.constants do safe.redis[name] = value end
safe.redis.error_reply = function(...)
  local text = ...
  if select('#', ...) ~= 1 or type(text) ~= 'string' then
    return {err = 'ERR wrong number or type of arguments'}
  end
  if sub(text, 1, 1) ~= '-' then text = '-' .. text end
  local space = string.find(text, ' ', 1, true)
  local code, message = 'ERR', sub(text, 2)
  if space then code, message = sub(text, 2, space - 1), sub(text, space + 1) end
  message = string.gsub(string.gsub(message, '^[\r\n]+', ''), '[\r\n]+$', '')
  return {err = code .. ' ' .. message}
end
safe.redis.status_reply = function(...)
  local text = ...
  if select('#', ...) ~= 1 or type(text) ~= 'string' then
    return {err = 'ERR wrong number or type of arguments'}
  end
  return {ok = text}
end
if host.for_scripts then
  safe.__redis__err__handler = handler
end

local function import(name, make, helpers)
  local f = as_function
  local ready = {}
  for key, value in next, helpers do ready[key] = f(value) end
  setfenv(make, setmetatable({error = error}, {__index = real_G}))
  safe[name] = make(ready)
end

-- Values to Python

local TABLE, FLAT, FAILED, STATUS = 1, 2, 3, 4
local AT_ONCE = 200

local flatten
local function flatten_fields(value, depth, put)
  local text = rawget(value, 'err')
  if type(text) == 'string' then
    put(1) put(text) put(rawget(value, 'ignore_error_stats_update') == true)
    return true
  end
  text = rawget(value, 'ok')
  if type(text) == 'string' then put(2) put(text) return true end
  local number = rawget(value, 'double')
  if type(number) == 'number' then put(3) put(number) return true end
  text = rawget(value, 'big_number')
  if type(text) == 'string' then put(4) put(text) return true end
  local verbatim = rawget(value, 'verbatim_string')
  if type(verbatim) == 'table' then
    local format, content = rawget(verbatim, 'format'), rawget(verbatim, 'string')
    if type(format) == 'string' and type(content) == 'string' then
      put(5) put(format) put(content)
      return true
    end
  end
  local map = rawget(value, 'map')
  if type(map) == 'table' then
    local count = 0
    for _ in next, map do count = count + 1 end
    put(6) put(count)
    for k, v in next, map do flatten(k, depth, put) flatten(v, depth, put) end
    return true
  end
  local set = rawget(value, 'set')
  if type(set) == 'table' then
    local count = 0
    for _ in next, set do count = count + 1 end
    put(7) put(count)
    for k in next, set do flatten(k, depth, put) end
    return true
  end
end

function flatten(value, depth, put)
  local kind = type(value)
  if kind == 'string' or kind == 'number' or kind == 'boolean' then
    put(0) put(value)
  elseif kind ~= 'table' then
    put(9)
  elseif depth > host.depth then
    put(1) put('ERR reached lua stack limit') put(false)
  elseif not flatten_fields(value, depth + 1, put) then
    local count = 0
    while rawget(value, count + 1) ~= nil do count = count + 1 end
    put(8) put(count)
    for i = 1, count do flatten(rawget(value, i), depth + 1, put) end
  end
end

local FIELDS = {'err', 'ok', 'double', 'big_number', 'verbatim_string', 'map', 'set'}

local function give_table(value)
  value = behind[value] or value
  local plain, count, status = true, 0, rawget(value, 'ok')
  if type(status) == 'string' and rawget(value, 'err') == nil then return STATUS, status end
  for i = 1, 7 do
    if rawget(value, FIELDS[i]) ~= nil then plain = false break end
  end
  while plain do
    local member = rawget(value, count + 1)
    local kind = type(member)
    if kind == 'nil' then return FLAT, count, unpack(value, 1, count) end
    if kind ~= 'string' or count == AT_ONCE then break end
    count = count + 1
  end
  local out, n = {}, 0
  flatten(value, 1, function(token) n = n + 1 out[n] = token end)
  return TABLE, n, out
end

local function text_of(value)
  local kind = type(value)
  if kind == 'string' or kind == 'number' then return tostring(value) end
end

local function give(ok, value)
  local kind = type(value)
  if ok then
    if kind == 'string' or kind == 'number' or kind == 'boolean' then return value end
    if kind == 'table' then return give_table(value) end
    return nil
  end
  if kind ~= 'table' then
    return FAILED, kind == 'string' and value or false
  end
  return FAILED, text_of(rawget(value, 'err')), text_of(rawget(value, 'source')),
    text_of(rawget(value, 'line')), rawget(value, 'ignore_error_stats_update') == true
end

local function split(n, first, ...)
  if n == 1 then return {first}, {...} end
  local count, keys = select('#', ...) + 1, {first, ...}
  if n == 0 then return {}, keys end
  if n == count then return keys, {} end
  for i = count, n + 1, -1 do keys[i] = nil end
  return keys, {select(n, ...)}
end

local exports = {}

function exports.compile(text, name)
  local f, problem = loadstring(text, name)
  if not f then return problem end
  setfenv(f, env)
  return f
end

-- A function each, since the fewer values go from Python to Lua the better.

function exports.eval_runner(f)
  return function(n, first, second, ...)
    -- What is empty is made when somebody looks.
    if not n then safe.KEYS, safe.ARGV = nil, nil
    elseif n == 1 and not second then safe.KEYS, safe.ARGV = {first}, nil
    elseif n == 0 then safe.KEYS, safe.ARGV = nil, {first, second, ...}
    else safe.KEYS, safe.ARGV = split(n, first, second, ...) end
    main = f
    return give(xpcall(f, handler))
  end
end

function exports.eval_tables(f, keys, arguments)
  safe.KEYS, safe.ARGV = keys, arguments
  main = f
  return give(xpcall(f, handler))
end

function exports.call_runner(f)
  local keys, arguments
  -- No tail call: an error is to know that it was the function's.
  local function run() return (f(keys, arguments)) end
  return function(n, ...)
    if n then keys, arguments = split(n, ...) else keys, arguments = {}, {} end
    main = f
    return give(xpcall(run, handler))
  end
end

function exports.call_tables(f, keys, arguments)
  main = f
  return give(xpcall(function() return (f(keys, arguments)) end, handler))
end

function exports.lock()
  for name, value in next, safe do
    if type(value) == 'table' and value ~= env then safe[name] = protect(value) end
  end
  if host.for_scripts then safe.KEYS, safe.ARGV = {}, {} end
end

function exports.slice(values, first, last) return unpack(values, first, last) end

-- Loads the debugger, which looks into a script while it runs.
function exports.debug_with(make, talk)
  make(dbg, as_function, safe, behind, translate, talk, host.every, tick)
end

function exports.rehook() sethook(hook, '', host.every) end
exports.import = import

-- While a library loads, its functions' globals are these.
local loading = {redis = {}}
for _, name in next, {'log', 'LOG_DEBUG', 'LOG_VERBOSE', 'LOG_NOTICE', 'LOG_WARNING',
    'REDIS_VERSION', 'REDIS_VERSION_NUM'} do
  loading.redis[name] = rawget(safe.redis, name)
end
if host.register then loading.redis.register_function = as_function(host.register) end
setmetatable(loading.redis, {__index = missing})
loading.redis = protect(loading.redis)
setmetatable(loading, {__index = missing})

function exports.load(f)
  env_metatable.__index, behind[env] = loading, loading
  main = f
  local ok, problem = pcall(f)
  env_metatable.__index, behind[env] = safe, safe
  if ok then return end
  problem = translate(problem)
  if type(problem) == 'table' then return text_of(rawget(problem, 'err')) or 'ERR' end
  return 'ERR ' .. tostring(problem)
end
for name in next, {debug = 1, io = 1, os = 1, package = 1, python = 1, require = 1, module = 1,
    dofile = 1, loadfile = 1, print = 1} do
  real_G[name] = nil
end
return exports
"""
