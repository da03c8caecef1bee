-- One request of a log of streams (pamlink), done as a whole or not at all.
--
-- A stream is a hash of what it is in, and a list of its texts, each "sequence:offset:restart:text".
-- Those of an owner share a hash slot, with a sorted set of their names by when each is forgotten.
-- Times are milliseconds of the server's own clock; offsets and sizes are bytes.
local state_key, texts_key, owner_key = KEYS[1], KEYS[2], KEYS[3]
local what, name, owner, epoch, from, base, channel = unpack(ARGV, 1, 7)
local keep, owner_streams, stream_bytes = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local JOINED, MOST_TEXTS, ABANDONED, OWNER = 4096, 1024, 3600000, 86400000

-- A time that is given is one of a test, and nothing expires by the server's clock then.
local now = tonumber(ARGV[11])
local is_real = not now
if is_real then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function forget(stream)
  redis.call('DEL', base .. ':s:' .. stream, base .. ':t:' .. stream)
  redis.call('ZREM', owner_key, stream)
end

local FIELDS = {
  'epoch', 'of', 'generation', 'next', 'lease', 'sequence', 'offset', 'given_up', 'begins',
  'restart_sequence', 'restart_offset', 'bytes', 'forgotten', 'how', 'code', 'body',
}
local TEXTS = {epoch = true, of = true, how = true, code = true, body = true}

-- Says to the other processes that the stream has changed, and who has changed it.
local function tell()
  redis.call('PUBLISH', channel, table.concat({from, #name, name .. owner}, ':'))
end

local function load()
  local values = redis.call('HMGET', state_key, unpack(FIELDS))
  if not values[1] then return nil end
  local stream = {}
  for place, field in ipairs(FIELDS) do
    local value = values[place]
    if value then stream[field] = TEXTS[field] and value or tonumber(value) end
  end
  -- Another process may not have heard yet that the log is another.
  if stream.epoch ~= epoch then return nil end
  local is_over = stream.forgotten and stream.forgotten <= now
  -- Its texts may have been evicted without it.
  if is_over or (stream.bytes > 0 and redis.call('EXISTS', texts_key) == 0) then
    forget(name)
    return nil
  end
  return stream
end

local function store(stream)
  local values = {}
  for _, field in ipairs(FIELDS) do
    local value = stream[field]
    if value then
      values[#values + 1] = field
      values[#values + 1] = TEXTS[field] and value or whole(value)
    end
  end
  redis.call('HSET', state_key, unpack(values))
  redis.call('ZADD', owner_key, stream.forgotten and whole(stream.forgotten) or '+inf', name)
  if is_real then
    -- What nobody ends is not kept for ever either.
    local until_ = whole(stream.forgotten or stream.lease + keep + ABANDONED)
    redis.call('PEXPIREAT', state_key, until_)
    redis.call('PEXPIREAT', texts_key, until_)
    redis.call('PEXPIREAT', owner_key, whole(math.max(now + OWNER, tonumber(until_))))
  end
end

local function read(text)
  if not text then return nil end
  local sequence, offset, restart, content = string.match(text, '^(%d+):(%d+):(%d):(.*)$')
  return {
    sequence = tonumber(sequence), offset = tonumber(offset), restart = restart == '1', text = content,
  }
end

local function written(text)
  local restart = text.restart and '1' or '0'
  return whole(text.sequence) .. ':' .. whole(text.offset) .. ':' .. restart .. ':' .. text.text
end

local function text_at(place)
  return read(redis.call('LINDEX', texts_key, place))
end

local function refused(why, ...)
  return {'refused', why, ...}
end

local function ended(stream)
  return {whole(stream.sequence), whole(stream.offset), stream.how, stream.code or false, stream.body or false}
end

-- Why a producer may not, if it may not; anybody may who names none.
local function refusal(stream, by)
  if not stream then return refused('unknown') end
  if stream.how then return refused('ended', unpack(ended(stream), 1, 5)) end
  if by and by ~= stream.generation then return refused('fenced', whole(stream.generation)) end
  return nil
end

local function status(stream)
  local left = whole(math.max(0, stream.lease - now))
  local where = {whole(stream.sequence), whole(stream.offset)}
  if stream.how then
    return {where[1], where[2], 'ended', unpack(ended(stream), 3, 5)}
  elseif stream.generation == 0 then
    return {where[1], where[2], 'pending', left}
  end
  return {where[1], where[2], 'running', left, whole(stream.generation)}
end

-- Whether a character is known to begin at an offset before the end.
local function is_boundary(stream, offset)
  if offset < stream.begins then return offset == 0 end
  local place = -1
  local text = text_at(place)
  while text do
    local inside = offset - text.offset
    if inside >= 0 then
      local byte = string.byte(text.text, inside + 1)
      return not byte or byte < 0x80 or byte > 0xBF
    end
    place = place - 1
    text = text_at(place)
  end
  return true
end

-- Gives up the text from an offset on, in whose place other text comes.
local function void(stream, offset)
  local last = text_at(-1)
  while last and last.offset >= offset do
    redis.call('RPOP', texts_key)
    stream.bytes = stream.bytes - #last.text
    last = text_at(-1)
  end
  if last then
    local kept = string.sub(last.text, 1, offset - last.offset)
    stream.bytes = stream.bytes - (#last.text - #kept)
    last.text = kept
    redis.call('LSET', texts_key, -1, written(last))
  end
  if offset < stream.begins then
    stream.begins = offset
    stream.given_up = stream.sequence
  end
end

-- Gives up the beginning while the text is too long, but for the newest.
local function give_up(stream)
  local count = redis.call('LLEN', texts_key)
  while count > 1 and (stream.bytes > stream_bytes or count > MOST_TEXTS) do
    local first = read(redis.call('LPOP', texts_key))
    stream.bytes = stream.bytes - #first.text
    stream.given_up = first.sequence
    stream.begins = first.offset + #first.text
    if first.restart then
      stream.restart_sequence = first.sequence
      stream.restart_offset = math.min(stream.restart_offset or first.offset, first.offset)
    end
    count = count - 1
  end
end

local does = {}

function does.claim_effect(of, lease)
  local stream = load()
  if stream then
    if stream.of == of then return {'begun', '0'} end
    return refused('exists')
  end
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', owner_key, '-inf', whole(now))) do forget(old) end
  if redis.call('ZCARD', owner_key) >= owner_streams then
    -- Those that the server has expired, and else the one that ended first.
    local gone = 0
    for _, old in ipairs(redis.call('ZRANGE', owner_key, 0, -1)) do
      if redis.call('EXISTS', base .. ':s:' .. old) == 0 then
        forget(old)
        gone = gone + 1
      end
    end
    if gone == 0 then
      local oldest = redis.call('ZRANGEBYSCORE', owner_key, '-inf', '(+inf', 'LIMIT', 0, 1)[1]
      if not oldest then return refused('full') end
      forget(oldest)
    end
  end
  -- Once a script has written, the server lets it write on though its memory is full.
  if redis.call('EXISTS', state_key, texts_key) > 0 then redis.call('DEL', state_key, texts_key) end
  store({
    epoch = epoch, of = of, generation = 0, next = 0, lease = now + tonumber(lease), sequence = 0,
    offset = 0, given_up = 0, begins = 0, bytes = 0,
  })
  return {'begun', '1'}
end

function does.claim_producer(lease)
  local stream = load()
  local no = refusal(stream)
  if no then return no end
  stream.generation = stream.generation + 1
  stream.next = 0
  stream.lease = now + tonumber(lease)
  store(stream)
  tell()
  return {'claimed', whole(stream.generation), whole(stream.offset)}
end

function does.renew(generation, lease)
  local stream = load()
  local no = refusal(stream, tonumber(generation))
  if no then return no end
  stream.lease = now + tonumber(lease)
  store(stream)
  return {'renewed'}
end

function does.append(generation, sequence, offset, text)
  local stream = load()
  local no = refusal(stream, tonumber(generation))
  if no then return no end
  if stream.generation == 0 then return refused('fenced', '0') end
  sequence, offset = tonumber(sequence), tonumber(offset)
  if sequence >= stream.next then
    local fits = offset == stream.offset or (offset < stream.offset and is_boundary(stream, offset))
    if sequence ~= stream.next or not fits then return refused('misplaced', whole(stream.offset)) end
    local restart = offset < stream.offset
    if restart then void(stream, offset) end
    stream.next = stream.next + 1
    stream.sequence = stream.sequence + 1
    stream.offset = offset + #text
    stream.bytes = stream.bytes + #text
    local last = text_at(-1)
    if last and not restart and not last.restart and #last.text + #text <= JOINED then
      last.text = last.text .. text
      last.sequence = stream.sequence
      redis.call('LSET', texts_key, -1, written(last))
    else
      local new = {sequence = stream.sequence, offset = offset, restart = restart, text = text}
      redis.call('RPUSH', texts_key, written(new))
    end
    give_up(stream)
    store(stream)
    tell()
  end
  return {'appended', whole(stream.sequence), whole(stream.offset)}
end

function does.read_after(sequence, most)
  local stream = load()
  if not stream then return refused('unknown') end
  sequence, most = tonumber(sequence), tonumber(most)
  -- From the newest back, for most readers lack little.
  local place = -1
  while true do
    local text = text_at(place)
    if not text or text.sequence <= sequence then break end
    place = place - 1
  end
  local texts, size = {}, 0
  place = place + 1
  while place < 0 do
    local raw = redis.call('LINDEX', texts_key, place)
    size = size + #read(raw).text
    if size > most and #texts > 0 then break end
    texts[#texts + 1] = raw
    place = place + 1
  end
  local given_up = {whole(stream.given_up), whole(stream.begins)}
  if stream.restart_sequence then
    given_up[3] = whole(stream.restart_sequence)
    given_up[4] = whole(stream.restart_offset)
  end
  return {'read', status(stream), given_up, texts}
end

function does.finish(by, how, code, body)
  local stream = load()
  local no = refusal(stream, tonumber(by))
  if no then return no end
  stream.sequence = stream.sequence + 1
  stream.forgotten = now + keep
  stream.how, stream.code, stream.body = how, code ~= '' and code, body ~= '' and body
  store(stream)
  tell()
  return {'finished', unpack(ended(stream), 1, 5)}
end

function does.status()
  local stream = load()
  if not stream then return refused('unknown') end
  return {'status', status(stream)}
end

function does.discard()
  if not load() then return refused('unknown') end
  forget(name)
  tell()
  return {'discarded'}
end

return does[what](unpack(ARGV, 12))
