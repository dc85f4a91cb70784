/** A script of one key, as a command of the client. */
export interface Script {
  readonly name: string;
  readonly lua: string;
}

const MONTH = 30 * 86_400_000;
const DAY = 86_400_000;

/**
 * `now` is the first argument, or the server's own time where that is empty. `keep` lets the key expire: later where the caller's
 * clock rules, which the server does not see. A key is kept for a month at most after its last use.
 */
const PRELUDE = `
local now, slack = tonumber(ARGV[1]), ${DAY}
if not now then
  local time = redis.call('TIME')
  now, slack = time[1] * 1000 + time[2] / 1000, 0
end
local function keep(ms)
  redis.call('PEXPIRE', KEYS[1], string.format('%d', math.max(1, math.ceil(math.min(ms + slack, ${MONTH})))))
end
local function text(number)
  return string.format('%.17g', number)
end
`;

/** @param body Lua with the key in `KEYS[1]` and its own arguments from `ARGV[2]` on. */
export function script(name: string, body: string): Script {
  return { name: `holdfast${name}`, lua: `${PRELUDE}${body}` };
}

/** A number as scripts return it. */
export function numberOf(reply: unknown): number {
  if (reply === 'inf') return Number.POSITIVE_INFINITY;
  const number = typeof reply === 'string' || typeof reply === 'number' ? Number(reply) : Number.NaN;
  if (Number.isNaN(number)) throw new Error('a reply that is not understood');
  return number;
}

export function partsOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new Error('a reply that is not understood');
  return reply;
}
