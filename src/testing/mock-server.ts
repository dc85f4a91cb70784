import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { MockAnswer, MockAsk, MockRequest } from '../contract/mock.ts';
import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/clock.ts';
import type { BatchScriptItem } from './batches.ts';
import { BatchShelf } from './batches.ts';
import { checkCount, checkItems, checkNames } from './checks.ts';
import type { Fault } from './fault.ts';
import { Jobs } from './jobs.ts';
import type { RecordedRequest } from './journal.ts';
import { Journal } from './journal.ts';
import type { Listener } from './listener.ts';
import { MOCK_PROVIDERS, mockProvider } from './mock-dialects.ts';
import { Outgoing } from './outgoing.ts';
import { lineAnswer, play } from './play.ts';
import { Ports } from './ports.ts';
import { renderAnswer } from './render.ts';
import type { Reply } from './reply.ts';
import { reply } from './reply.ts';
import type { ScriptItem } from './script.ts';
import { Script } from './script.ts';

export interface MockServerOptions {
  /** One fixed port that serves every provider under `/<provider>`, 0 for any. Left out: a port of its own for each provider. */
  readonly port?: number;
  /** Provider ids besides the built-in ones; they speak the OpenAI dialect. */
  readonly providers?: readonly string[];
  /** What is answered with nothing queued. Default a plain reply. */
  readonly answer?: ScriptItem;
  /** The ids of every provider's model list. */
  readonly models?: readonly string[];
  /** How many requests are kept, the newest. Default 10 000. */
  readonly keepRequests?: number;
  /** Drives the delays of replies and faults. Default the system's clock. */
  readonly clock?: Clock;
  /** Called with every request as it arrives. */
  readonly onRequest?: (request: RecordedRequest) => void;
}

/** A running mock server on the loopback interface. */
export interface MockServer {
  /** The providers it knows. */
  readonly providers: readonly string[];
  /** The requests so far, newest last, with keys redacted. */
  readonly requests: readonly RecordedRequest[];
  /** A provider's base URL, as its settings here and its official SDK want it. An unknown provider speaks the OpenAI dialect. */
  baseURL(provider: string): string;
  /** Adds to what a provider will answer, one item per request. */
  enqueue(provider: string, ...items: ScriptItem[]): void;
  /**
   * What happens to a provider's batches and files: a fault answers the next request about them, a plan is for the next batch. The
   * lines of a batch take what {@link MockServer.enqueue} has added. A batch goes one step further each time it is asked about.
   */
  enqueueBatch(provider: string, ...items: BatchScriptItem[]): void;
  /** Closes all ports and connections at once, running answers included. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Faults are played to requests that ask for nothing in particular. */
const ABOUT_BATCHES: MockAsk = { operation: 'models', model: '', stream: false, includeUsage: false };

const OPTIONS = ['port', 'providers', 'answer', 'models', 'keepRequests', 'clock', 'onRequest'] as const;
const MODELS: readonly string[] = ['mock-large', 'mock-small'];

/**
 * Starts a server that speaks every provider's wire format, answers from a script and fails on request.
 * Any key is right except the word `wrong`; requests without a key where one is needed, with bad JSON or to an unknown
 * route are refused as the provider would, and take nothing from the script.
 *
 * @example
 * await using mock = await startMockServer();
 * mock.enqueue('anthropic', fault.overloaded(), reply('Hello'));
 * const llm = createClient({ providers: { anthropic: { apiKey: 'test', baseURL: mock.baseURL('anthropic') } } });
 * @throws ConfigurationError for a wrong option, Node's own error when `port` is taken.
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  checkNames('startMockServer', options, OPTIONS);
  if (options.port !== undefined) checkCount('startMockServer.port', options.port, 0, 65_535);
  if (options.answer !== undefined) checkItems('startMockServer.answer', [options.answer]);
  const { clock = systemClock, models = MODELS, onRequest } = options;
  const known = new Set([...MOCK_PROVIDERS, ...(options.providers ?? [])]);
  const script = new Script(options.answer ?? reply());
  const journal = new Journal(options.keepRequests ?? 10_000);
  const jobs = new Jobs();

  const serve = async (incoming: IncomingMessage, outgoing: Outgoing, owner: string | undefined): Promise<void> => {
    const text = await bodyOf(incoming);
    if (text === undefined) return;
    const { provider, path } = route(incoming.url ?? '/', owner, known);
    const { json, body } = isForm(incoming.headers) ? { json: true, body: formOf(text) } : parse(text);
    const method = incoming.method ?? 'GET';
    const request = { method, path, headers: flat(incoming.headers), body };
    const recorded = journal.add({ provider, ...request, at: clock.now() });
    onRequest?.(recorded);

    const { dialect } = mockProvider(provider);
    const refuse = (name: 'auth' | 'badRequest' | 'notFound'): void => {
      const answer = renderAnswer(dialect.failure(name, undefined, {}));
      outgoing.whole(answer.status, answer.headers, answer.body);
    };
    if (script.refusal(provider) !== undefined) {
      // The port is shut, but this came in on a connection that stood before.
      ports.refused(provider);
      return outgoing.reset();
    }
    const job = jobs.find(provider, dialect, request);
    if (job?.wants !== 'stream' && !dialect.authorized(request)) return refuse('auth');
    const take = (): Promise<Reply | Fault> => {
      const next = script.next(provider, recorded);
      ports.follow(provider);
      return next;
    };
    if (job !== undefined) return jobs.answer(job, { provider, dialect, models, outgoing }, take);
    if (await answerBatch(provider, request, outgoing)) return;
    if (!json && method === 'POST') return refuse('badRequest');
    const ask = dialect.ask(request);
    if (ask === undefined) return refuse('notFound');
    const item = await take();
    const opened = jobs.open(item, { provider, dialect, ask, request, baseURL: () => baseURLOf(provider) });
    if (opened !== undefined) return outgoing.whole(opened.status, opened.headers, opened.body);
    await play(item, { provider, dialect, ask, models, outgoing });
  };

  const shelves = new Map<string, BatchShelf>();
  const shelfOf = (provider: string): BatchShelf => {
    const { dialect } = mockProvider(provider);
    const run = async (request: MockRequest): Promise<MockAnswer> => {
      const ask = dialect.ask(request);
      if (ask === undefined) return dialect.failure('notFound', undefined, {});
      const item = await script.next(provider, { provider, ...request, at: clock.now() });
      return lineAnswer(item, { provider, dialect, ask, models });
    };
    const shelf = shelves.get(provider) ?? new BatchShelf(dialect, () => clock.now(), run);
    shelves.set(provider, shelf);
    return shelf;
  };

  /** `false`: the request is not about batches or files. */
  const answerBatch = async (provider: string, request: MockRequest, outgoing: Outgoing): Promise<boolean> => {
    const { dialect } = mockProvider(provider);
    if (dialect.batches?.concerns(request) !== true) return false;
    const shelf = shelfOf(provider);
    const failing = shelf.nextFault();
    if (failing !== undefined) {
      await play(failing, { provider, dialect, ask: ABOUT_BATCHES, models, outgoing });
      return true;
    }
    const base = baseURLOf(provider);
    const answer = (await dialect.batches.answer(request, shelf, base)) ?? dialect.failure('notFound', undefined, {});
    const { status, headers, body } = renderAnswer(answer);
    outgoing.whole(status, headers, body);
    return true;
  };

  const handle = (incoming: IncomingMessage, response: ServerResponse, listener: Listener, owner: string | undefined): void => {
    const outgoing = new Outgoing(response, clock, () => listener.shut);
    serve(incoming, outgoing, owner).catch((error: unknown) => {
      outgoing.whole(500, { 'content-type': 'text/plain' }, Buffer.from(`mock server: ${String(error)}\n`));
    });
  };

  const ports = new Ports(handle, script, clock);
  const baseURLOf = (provider: string): string =>
    `http://127.0.0.1:${ports.of(provider).port}/${provider}${mockProvider(provider).suffix}`;
  try {
    await ports.open([...known], options.port);
  } catch (error) {
    await ports.close();
    throw error;
  }

  return {
    get providers() {
      return [...known];
    },
    requests: journal.entries,
    baseURL(provider) {
      const url = baseURLOf(provider);
      known.add(provider);
      return url;
    },
    enqueue(provider, ...items) {
      checkItems('mock.enqueue', items);
      script.enqueue(provider, items);
      ports.follow(provider);
    },
    enqueueBatch(provider, ...items) {
      shelfOf(provider).enqueue(items);
    },
    close: () => ports.close(),
    [Symbol.asyncDispose]: () => ports.close(),
  };
}

/**
 * Which provider a path is for, and the path below the provider's base. On a provider's own port the base may be left out;
 * any other provider is reached there too.
 */
function route(url: string, owner: string | undefined, known: ReadonlySet<string>): { provider: string; path: string } {
  const [, first = ''] = /^\/([^/?]*)/.exec(url) ?? [];
  const below = url.slice(first.length + 1);
  const named = { provider: first, path: below.startsWith('/') ? below : `/${below}` };
  if (owner === undefined || first === owner) return named;
  const ownPath = mockProvider(owner).suffix.startsWith(`/${first}/`);
  return known.has(first) && !ownPath ? named : { provider: owner, path: url };
}

/** The request's body; `undefined` when the client left before it was complete. */
function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => resolve(Buffer.concat(parts).toString()));
    incoming.on('error', () => resolve(undefined));
    incoming.on('close', () => resolve(undefined));
  });
}

const isForm = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;

const formOf = (text: string): object => Object.fromEntries(new URLSearchParams(text));

function parse(text: string): { json: boolean; body: unknown } {
  try {
    return { json: true, body: JSON.parse(text) };
  } catch {
    return { json: false, body: text };
  }
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
