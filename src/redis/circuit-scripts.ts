import { LONGEST_OPEN } from '../state/circuit.ts';
import type { Script } from './script.ts';
import { script } from './script.ts';

/**
 * A circuit is a hash: `state`; `token`, which every permit carries and every change renews; `since` it is closed; `until` it is
 * open, with the `calls` and `failures` that opened it; `lease`, the end of the trial; `openings` in a row and how long the `last`
 * one was; until when the target `asked` to be left alone; and the window, `w0` to `w9`, each `part:calls:failures`. No key: closed.
 */
const CIRCUIT = `
local fields = {'state', 'token', 'since', 'until', 'calls', 'failures', 'lease', 'openings', 'last', 'asked'}
local circuit = {}
for at, value in ipairs(redis.call('HMGET', KEYS[1], unpack(fields))) do
  circuit[fields[at]] = value or nil
end
local state, token = circuit.state or 'closed', circuit.token or ''
local function number(field)
  return tonumber(circuit[field]) or 0
end
local function remember(window)
  keep(math.max(0, number('until') - now) + window + number('last') + 3600000)
end
local function become(changes)
  for field, value in pairs(changes) do circuit[field] = value end
  local flat = {}
  for field, value in pairs(changes) do
    flat[#flat + 1] = field
    flat[#flat + 1] = type(value) == 'number' and text(value) or value
  end
  redis.call('HSET', KEYS[1], unpack(flat))
end
local function forgetWindow()
  redis.call('HDEL', KEYS[1], 'w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9')
end
`;

/**
 * ARGV: now, window, lease, a new token. Returns `closed` and the token of all; `trial`, the new token and the state it leaves, if
 * any; `open`, the time left and what opened it; or `half-open`.
 */
export const ADMIT: Script = script(
  'AdmitToCircuit',
  `${CIRCUIT}
local window, lease, new = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if state == 'closed' then
  if circuit.asked then remember(window) end
  return {'closed', token}
end
if state == 'open' and now < number('until') then
  return {'open', text(number('until') - now), circuit.calls, circuit.failures}
end
if state == 'half-open' and now < number('lease') then
  return {'half-open'}
end
if state == 'open' then forgetWindow() end
become({state = 'half-open', token = new, lease = now + lease})
remember(window)
return {'trial', new, state == 'open' and 'open' or ''}
`,
);

/** ARGV: now, window, lease, token of the trial. */
export const RENEW: Script = script(
  'RenewTrial',
  `${CIRCUIT}
if state == 'half-open' and token == ARGV[4] then
  become({lease = now + tonumber(ARGV[3])})
  remember(tonumber(ARGV[2]))
end
return 1
`,
);

/**
 * ARGV: now, window, token of the permit, verdict, a new token, share, fewest calls, first open time, asked for,
 * chance, enough calls.
 * Returns the states before and after a change, and for how long it opened.
 */
export const SETTLE: Script = script(
  'SettleInCircuit',
  `${CIRCUIT}
local window, verdict, new = tonumber(ARGV[2]), ARGV[4], ARGV[5]
if state == 'open' or token ~= ARGV[3] then return {} end
if state == 'half-open' then become({token = new, lease = 0}) end
if verdict == 'neutral' then return {} end

local failed = verdict == 'failure' and 1 or 0
local part = math.floor(now / (window / 10))
local parts = {}
for _, kept in ipairs(redis.call('HMGET', KEYS[1], 'w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9')) do
  local of, called, wrong = string.match(kept or '', '^(%d+):(%d+):(%d+)$')
  if of then parts[tonumber(of)] = {tonumber(called), tonumber(wrong)} end
end
local own = parts[part] or {0, 0}
parts[part] = {own[1] + 1, own[2] + failed}
become({['w' .. string.format('%d', part % 10)] = string.format('%d:%d:%d', part, unpack(parts[part]))})

if failed == 0 then
  if state == 'closed' then
    become({asked = 0})
    remember(window)
    return {}
  end
  become({state = 'closed', token = new, since = now, asked = 0, ['until'] = 0})
  remember(window)
  return {'half-open', 'closed'}
end

local asked = math.max(number('asked'), now + tonumber(ARGV[9]))
local share, fewest, first, enough = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[11])
local calls, failures = 0, 0
for of = part, part - 9, -1 do
  if calls >= enough then break end
  local counted = parts[of]
  if counted then calls, failures = calls + counted[1], failures + counted[2] end
end
if state == 'closed' and not (calls >= fewest and failures / calls * 100 > share * 100) then
  become({asked = asked})
  remember(window)
  return {}
end
local openings = number('openings')
if state == 'closed' and now - number('since') >= math.max(window, number('last')) then openings = 0 end
local spread = 0.8 + 0.4 * tonumber(ARGV[10])
local length = math.max(math.min(math.max(${LONGEST_OPEN}, first), first * 2 ^ openings) * spread, asked - now)
if state == 'half-open' then calls, failures = 0, 0 end
forgetWindow()
become({
  state = 'open', token = new, ['until'] = now + length, calls = calls, failures = failures,
  openings = openings + 1, last = length, asked = asked
})
remember(window)
return {state, 'open', text(length)}
`,
);
