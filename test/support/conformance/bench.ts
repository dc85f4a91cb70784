import { afterAll, beforeAll, describe, it } from 'vitest';
import { KNOWN_MODELS } from '../../../src/client/model-ids.ts';
import type { Capabilities } from '../../../src/contract/capabilities.ts';
import type { ProviderSettings } from '../../../src/contract/provider.ts';
import type { ClientOptions, LLMClient, TimeoutOptions } from '../../../src/index.ts';
import { createClient, timeout } from '../../../src/index.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import type { MockServer, RecordedRequest, ScriptItem } from '../../../src/testing/index.ts';
import { reply, startMockServer } from '../../../src/testing/index.ts';
import { mockProvider } from '../../../src/testing/mock-dialects.ts';
import { ServerSockets } from './server-sockets.ts';

/** One provider of the registry and what it says of itself. */
export interface Subject {
  readonly id: string;
  readonly can: Capabilities;
}

/** Every provider of the registry. One that declares nothing stops the whole suite. */
export const SUBJECTS: readonly Subject[] = await Promise.all(
  Object.entries(PROVIDERS).map(async ([id, load]) => {
    const { declares } = await load();
    if (declares === undefined) throw new Error(`provider "${id}" does not declare its capabilities`);
    return { id, can: declares };
  }),
);

/** What a test of one provider has in hand. Tests of one provider never overlap. */
export interface Bench extends Subject {
  readonly mock: MockServer;
  readonly sockets: ServerSockets;
  /** `provider/model`. */
  readonly model: string;
  readonly settings: { readonly apiKey: string; readonly baseURL: string };
  /** A client without layers, shared by the tests of this provider. */
  readonly llm: LLMClient;
  /** A client of the test's own; closed after it. */
  client(options?: ClientOptions, settings?: Readonly<Record<string, unknown>>): LLMClient;
  /** One whose limits run out soon. */
  hasty(limits: TimeoutOptions): LLMClient;
  enqueue(...items: ScriptItem[]): void;
  /** What this provider received since the test began. */
  received(): readonly RecordedRequest[];
}

export type Test = (bench: Bench) => Promise<void>;

/** Registers a test for every provider, or for those that can do something. Providers run side by side. */
export type Each = (name: string, test: Test, applies?: (can: Capabilities) => boolean) => void;

/** To be called once in a test file: one mock server for all. */
export function conformanceBench(): Each {
  let mock: MockServer;
  const shared = new Map<string, LLMClient>();
  const queues = new Map<string, ScriptItem[]>();
  const sockets = new ServerSockets();

  beforeAll(async () => {
    // keys of whoever runs the tests must not find their way into them
    for (const { can } of SUBJECTS) for (const name of can.keys) delete process.env[name];
    mock = await startMockServer();
  });
  afterAll(async () => {
    await Promise.all([...shared.values()].map((client) => client.close()));
    await mock.close();
    sockets.close();
  });

  const bench = (subject: Subject, own: LLMClient[]): Bench => {
    const { id } = subject;
    const before = mock.requests.length;
    // what a failing test leaves behind must not be the next one's answer
    const pending = queues.get(id) ?? [];
    queues.set(id, pending);
    pending.length = 0;
    const next: ScriptItem = async (request) => {
      const item = pending.shift() ?? reply();
      return typeof item === 'function' ? item(request) : item;
    };
    const settings = { apiKey: `test-key-of-${id}`, baseURL: mock.baseURL(id), ...mockProvider(id).settings?.(mock.baseURL) };
    const make = (options: ClientOptions = {}, more: Readonly<Record<string, unknown>> = {}): LLMClient =>
      createClient({ use: [], ...options, providers: { [id]: withKey(subject.can, { ...settings, ...more }) } });
    const client: Bench['client'] = (options, more) => {
      const made = make(options, more);
      own.push(made);
      return made;
    };
    const llm = shared.get(id) ?? make();
    shared.set(id, llm);
    const known: readonly string[] | undefined = (KNOWN_MODELS as Readonly<Record<string, readonly string[]>>)[id];
    return {
      ...subject,
      mock,
      sockets,
      settings,
      llm,
      client,
      model: `${id}/${known?.[0] ?? 'mock-large'}`,
      hasty: (limits) => client({ use: [timeout(limits)] }),
      enqueue(...items) {
        for (const item of items) {
          if (isRefusal(item)) mock.enqueue(id, item);
          else {
            pending.push(item);
            mock.enqueue(id, next);
          }
        }
      },
      received: () => mock.requests.slice(before).filter(({ provider }) => provider === id),
    };
  };

  return (name, test, applies = () => true) => {
    describe(name, () => {
      it.concurrent.each(SUBJECTS.filter(({ can }) => applies(can)))('$id', async (subject) => {
        const own: LLMClient[] = [];
        try {
          await test(bench(subject, own));
        } finally {
          await Promise.all(own.map((client) => client.close()));
        }
      });
    });
  };
}

/** Settings with the key where the provider looks for it. */
function withKey({ keySettings }: Capabilities, { apiKey, ...settings }: { readonly apiKey: string }): ProviderSettings {
  if (keySettings === undefined) return { apiKey, ...settings };
  return { ...Object.fromEntries(keySettings.map((name) => [name, apiKey])), ...settings };
}

/** The mock server must see a refusal as what comes next, to close its port. */
const isRefusal = (item: ScriptItem): boolean => typeof item === 'object' && item.type === 'fault' && item.name === 'refused';
