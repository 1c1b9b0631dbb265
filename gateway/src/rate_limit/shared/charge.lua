-- One step of the limits: all charges fit, or none is made. The arithmetic is that of quota.rs.
--
-- KEYS  one for each charge, each holding the moment at which it is back at its full allowance
-- ARGV  for each charge its tolerance and its price, in microseconds
-- Answers for each charge how long to wait (0: it fits) and how much room there is, in microseconds;
-- at the end, how many keys held something that we did not write.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

-- Plain digits: Lua would round what is this large.
local function keep(key, due)
  local life = math.ceil((due - now) / 1000) + 1
  redis.call('SET', key, string.format('%.0f', due), 'PX', string.format('%.0f', life))
end

local answer, dues, all_fit, strange = {}, {}, true, 0
for at, key in ipairs(KEYS) do
  local tolerance, price = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local due = now
  -- A list or a set in our place is an error here, and a table to Lua.
  local found = redis.pcall('GET', key)
  if found then
    local known = type(found) == 'string' and tonumber(found)
    if not known or known ~= known then
      strange = strange + 1
      known = now + tolerance + 1
    end
    -- Pulled back for good: or it would stay as far ahead however long somebody waits.
    if known > now + tolerance then
      known = now + tolerance
      keep(key, known)
    end
    due = math.max(known, now)
  end
  local room = tolerance - (due - now)
  local wait = 0
  if price <= room then
    room = room - price
  else
    wait = price - room
    all_fit = false
  end
  dues[at] = due + price
  answer[2 * at - 1], answer[2 * at] = wait, room
end
if all_fit then
  for at, key in ipairs(KEYS) do
    keep(key, dues[at])
  end
end
answer[#answer + 1] = strange
return answer
