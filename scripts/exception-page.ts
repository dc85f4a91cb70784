import type { LLMError } from '../src/errors/catalogue.ts';
import { openEnvelope } from '../src/wire/failure/envelope.ts';
import { explainFailure } from '../src/wire/failure/explain.ts';
import { CORPUS, classOf, providerOf } from '../test/faults/corpus-entries.ts';
import type { Column, Row } from '../test/faults/litellm-table.ts';
import { COLUMNS, proofOf, TABLE } from '../test/faults/litellm-table.ts';

/** One way in which a provider fails, and the class that it becomes. */
interface Failing {
  readonly provider: string;
  readonly becomes: string;
  readonly status: number;
  /** The most telling code or type of the body; `undefined` where there is none. */
  readonly code: string | undefined;
  /** `an answer` has that status; the others come inside a 200. */
  readonly inside: 'answer' | 'body' | 'stream';
  /** Only the wording can tell: no code, and the status alone means something else. */
  readonly worded: boolean;
}

/** Providers that fail as another one does. */
const LIKE: Readonly<Record<string, string>> = {
  cohere_chat: 'cohere',
  ollama_chat: 'ollama',
  custom_openai: 'openai_compatible',
};

const NAMES = Object.keys(COLUMNS) as Column[];

/** Classes in the order of the README's table, most looked for first. */
const ORDER = [
  'BadRequestError',
  'ContextWindowExceededError',
  'ContentPolicyViolationError',
  'RequestTooLargeError',
  'AuthenticationError',
  'PermissionDeniedError',
  'NotFoundError',
  'ConflictError',
  'UnprocessableEntityError',
  'RateLimitError',
  'InsufficientCreditsError',
  'InternalServerError',
  'ServiceUnavailableError',
  'TimeoutError',
  'APIConnectionError',
];

/** The page `docs/exception-mapping.md`: who fails how, and what that becomes. */
export function exceptionPage(): string {
  const failing = [...fromCorpus(), ...fromTable()];
  const providers = [...new Set([...TABLE.map(({ id }) => id), ...failing.map(({ provider }) => provider)])];
  return [
    '# What fails how',
    '',
    'Made by `npm run readme` from the failures that the tests play over HTTP: `test/faults/corpus.jsonl` and `test/faults/litellm-table.ts`.',
    '',
    "A failure is read by the provider's code, then its type, then a few narrow wordings, then the status. No answer at all (refused, reset, cut, empty) is an",
    '`APIConnectionError` everywhere, a limit that ran out a `TimeoutError`. An error inside a 200, as a body or in a stream, has the class of that error and never the status 200.',
    '',
    '## By status alone',
    '',
    'Where the body says nothing.',
    '',
    ...table(['status', 'class'], byStatus()),
    '',
    "## LiteLLM's table",
    '',
    "`✓`: LiteLLM's documentation lists it, and it is raised here. `+`: raised here too. Empty: the provider has no such failure. `APIError` is `InternalServerError` here,",
    '`Timeout` is `TimeoutError`.',
    '',
    ...table(['provider', ...NAMES.map((name) => COLUMNS[name].litellm.replace(/Error$/, ''))], TABLE.map(marksOf)),
    '',
    ...providers.flatMap((provider) => section(provider, failing)),
  ].join('\n');
}

function fromCorpus(): Failing[] {
  return CORPUS.filter(({ status, surface }) => status !== null && surface !== 'batch').map((entry) => {
    const { status, surface, headers, body } = entry;
    return failingOf(providerOf(entry), classOf(entry), status ?? 0, body, headers, surface === 'stream');
  });
}

function fromTable(): Failing[] {
  return TABLE.flatMap((row) =>
    NAMES.flatMap((column) => {
      const said = proofOf(row, column)?.said;
      return said === undefined ? [] : [failingOf(row.id, COLUMNS[column].ours, said.status, said.body, said.headers)];
    }),
  );
}

function failingOf(
  provider: string,
  becomes: string,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  streamed = false,
): Failing {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const json = typeof body === 'string' ? undefined : body;
  const inside = status !== 200 ? 'answer' : streamed ? 'stream' : 'body';
  const place = inside === 'answer' ? 'status' : inside;
  const { codes, message } = openEnvelope({ status, headers, text, json, place });
  const code = codes.find((one) => /^\w/.test(one) && !/^\d{3}$/.test(one));
  const worded = code === undefined && message !== '' && inside === 'answer' && alone(status).name !== becomes;
  return { provider: LIKE[provider] ?? provider, becomes, status, code, inside, worded };
}

/** What a status means where nothing else is known. */
const alone = (status: number): LLMError =>
  explainFailure({ status, headers: {}, text: '', json: undefined, place: 'status' }, undefined, {
    provider: '',
    model: '',
    call: { correlationId: '' },
    now: 0,
    secrets: [],
    promptText: () => '',
  });

function byStatus(): string[][] {
  const groups = new Map<string, number[]>();
  for (let status = 400; status < 600; status++) {
    const { name, retryable } = alone(status);
    const key = `\`${name}\`${retryable ? ', retryable' : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), status]);
  }
  return [...groups].map(([name, statuses]) => [ranges(statuses), name]);
}

/** `400, 405–407`. */
function ranges(numbers: readonly number[]): string {
  const parts: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

function marksOf(row: Row): string[] {
  const marks = NAMES.map((column) => (proofOf(row, column) === undefined ? '' : row.marked.includes(column) ? '✓' : '+'));
  return [`\`${row.id}\``, ...marks];
}

function section(provider: string, all: readonly Failing[]): string[] {
  const own = all.filter((one) => one.provider === provider);
  if (own.length === 0) return [];
  const unlisted = own.find(({ becomes }) => !ORDER.includes(becomes));
  if (unlisted !== undefined) throw new Error(`${unlisted.becomes} has no place in the page`);
  const rows = ORDER.flatMap((name) => {
    const triggers = new Set(own.filter(({ becomes }) => becomes === name).map((one) => triggerOf(one, own)));
    return triggers.size === 0 ? [] : [[`\`${name}\``, [...triggers].sort().join(', ')]];
  });
  const alike = Object.keys(LIKE).filter((id) => LIKE[id] === provider);
  return [`## ${[provider, ...alike].join(', ')}`, '', ...table(['class', 'raised for'], rows), ''];
}

/** `429 insufficient_quota`; `by its text` where the same code at the same status becomes another class too. */
function triggerOf({ status, code, inside, becomes, worded }: Failing, own: readonly Failing[]): string {
  const alike = own.some((one) => one.status === status && one.code === code && one.inside === inside && one.becomes !== becomes);
  const where = inside === 'answer' ? `${status}` : inside === 'body' ? 'in a 200' : 'in a stream';
  return `${where}${code === undefined ? '' : ` \`${code}\``}${alike || worded ? ' (by its text)' : ''}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
