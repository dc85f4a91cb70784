import type { ClientEvent, ClientEventListeners, ClientEventName, ClientEventOf } from '../contract/events.ts';
import type { Target } from '../contract/target.ts';
import type { Attempt } from '../errors/attempt.ts';
import { formatDuration, printable } from '../errors/message.ts';

/** Where a client writes to. `console` and pino fit. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

type Level = keyof Logger;
type Line = readonly [level: Level, text: string];

/** Listeners that write one line per event. Lines hold targets, outcomes, times and ids: no prompts, no keys. */
export function logEvents(logger: Logger): ClientEventListeners {
  const write = (event: ClientEvent): void => {
    const [level, text] = LINES[event.type](event as never);
    logger[level](printable(`holdfast ${event.call.correlationId} ${text}`));
  };
  const names = Object.keys(LINES) as ClientEventName[];
  return Object.fromEntries(names.map((name) => [name, write]));
}

const LINES: { readonly [N in ClientEventName]: (event: ClientEventOf<N>) => Line } = {
  'call-started': (event) => ['debug', `${event.operation} call to ${named(event.target)}`],
  'attempt-started': (event) => ['debug', `attempt ${event.number} at ${named(event.target)}`],
  'attempt-ended': ({ attempt }) =>
    attempt.outcome === 'success'
      ? ['debug', `attempt ${attempt.number} answered after ${formatDuration(attempt.durationMs)}`]
      : ['warn', `attempt ${attempt.number} failed: ${told(attempt)}`],
  waiting: (event) => [
    'info',
    event.reason === 'queue'
      ? `waited ${formatDuration(event.ms)} in the queue for ${named(event.target)} (${event.limit})`
      : `waits ${formatDuration(event.ms)} for ${named(event.target)} (${event.reason}, ${event.error.kind})`,
  ],
  skipped: (event) => ['info', `skips ${named(event.target)} (${event.reason})`],
  fallback: (event) => ['warn', `falls back from ${named(event.from)} to ${named(event.to)} (${event.error.kind})`],
  'stream-committed': (event) => ['debug', `first content after ${formatDuration(event.firstTokenMs)}`],
  'breaker-changed': (event) => [
    event.to === 'open' ? 'warn' : 'info',
    `breaker of ${event.key} is ${event.to}${event.openForMs === undefined ? '' : ` for ${formatDuration(event.openForMs)}`}`,
  ],
  'budget-empty': (event) => ['warn', `retry budget of ${named(event.target)} is spent`],
  cooldown: (event) => ['warn', `leaves ${named(event.target)} alone for ${formatDuration(event.ms)} (${event.error.kind})`],
  hedge: (event) => ['info', `hedge at ${named(event.target)} ${event.outcome} after ${formatDuration(event.afterMs)}`],
  resumed: (event) => [
    'warn',
    `stream of ${named(event.from)} goes on at ${named(event.to)} after ${event.characters} characters (${event.error.kind})`,
  ],
  'cache-hit': (event) => [
    'debug',
    event.source === 'cache'
      ? `answer for ${named(event.target)} from the cache`
      : `joins an identical call to ${named(event.target)}`,
  ],
  'store-degraded': (event) => ['error', `${event.store} is out of reach, state is local now: ${event.reason}`],
  'store-restored': (event) => ['info', `${event.store} is back, state is shared again`],
  deadline: (event) => ['warn', `deadline passed after ${formatDuration(event.elapsedMs)}`],
  warning: (event) => ['warn', event.message],
  'call-ended': (event) => {
    const after = `after ${formatDuration(event.durationMs)}, ${event.attempts.length} attempt${event.attempts.length === 1 ? '' : 's'}`;
    return event.outcome === 'success'
      ? ['info', `${named(event.target)} answered ${after}`]
      : ['error', `call failed ${after}: ${event.error?.kind ?? event.outcome}`];
  },
};

const named = ({ provider, model }: Target): string => (model === '' ? provider : `${provider}/${model}`);

function told({ outcome, status, requestId }: Attempt): string {
  return `${status === undefined ? '' : `${status} `}${outcome}${requestId === undefined ? '' : ` [${requestId}]`}`;
}
