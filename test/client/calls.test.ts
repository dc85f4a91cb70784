import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientEvent, Middleware } from '../../src/index.ts';
import { cache, createClient, isLLMError, openaiCompatible, retry, UnsupportedParamsError } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { failure, reply, silence, stream, textStream } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'the secret prompt' }];
const model = 'mine/small-1';

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

const NAMES = [
  'call-started',
  'attempt-started',
  'attempt-ended',
  'waiting',
  'skipped',
  'fallback',
  'stream-committed',
  'breaker-changed',
  'budget-empty',
  'deadline',
  'warning',
  'call-ended',
] as const;

function recorder(): { events: ClientEvent[]; on: Record<string, (event: ClientEvent) => void>; types(): string[] } {
  const events: ClientEvent[] = [];
  const on = Object.fromEntries(NAMES.map((name) => [name, (event: ClientEvent) => void events.push(event)]));
  return { events, on, types: () => events.map(({ type }) => type) };
}

const twice: Middleware = async (call, next) => {
  try {
    return await next(call);
  } catch {
    return next({ ...call, target: call.resolve('other/big-1') });
  }
};

const hang: Middleware = () => new Promise(() => {});

describe('events', () => {
  it('come in order, with the call they belong to', async () => {
    const { events, on, types } = recorder();
    const llm = setup.make({ on, use: [twice] });
    setup.server.answer(failure(500), reply('ok'));
    const result = await llm.chat.completions.create({ model, messages }, { correlationId: 'c-1', metadata: { tenant: 7 } });
    expect(types()).toEqual([
      'call-started',
      'attempt-started',
      'attempt-ended',
      'attempt-started',
      'attempt-ended',
      'call-ended',
    ]);
    for (const { call } of events) {
      expect(call).toEqual({ correlationId: 'c-1', operation: 'chat', metadata: { tenant: 7 } });
    }
    expect(events.at(-1)).toMatchObject({
      outcome: 'success',
      target: { provider: 'other', model: 'big-1' },
      attempts: [
        { number: 1, outcome: 'internal_server', provider: 'mine' },
        { number: 2, outcome: 'success', provider: 'other' },
      ],
      usage: { total_tokens: 5 },
    });
    expect(result.route).toMatchObject({ provider: 'other', model: 'big-1', fallback: true });
    expect(JSON.stringify(events)).not.toMatch(/secret/);
  });

  it('of a stream end with the stream', async () => {
    const { events, on, types } = recorder();
    const llm = setup.make({ on });
    setup.server.answer(stream(textStream('a', 'b'), { every: 10 }));
    const chunks = await llm.chat.completions.create({ model, messages, stream: true });
    expect(types()).toEqual(['call-started', 'attempt-started', 'stream-committed']);
    for await (const chunk of chunks) void chunk;
    expect(types().slice(3)).toEqual(['attempt-ended', 'call-ended']);
    expect(events.at(-1)).toMatchObject({ outcome: 'success', usage: { total_tokens: 5 } });

    events.length = 0;
    setup.server.answer(stream(textStream('a').slice(0, 2), { ending: 'cut' }));
    await rejection(
      (async () => {
        for await (const chunk of await llm.chat.completions.create({ model, messages, stream: true })) void chunk;
      })(),
    );
    expect(events.at(-2)).toMatchObject({ type: 'attempt-ended', attempt: { outcome: 'stream_interrupted' } });
    expect(events.at(-1)).toMatchObject({
      type: 'call-ended',
      outcome: 'stream_interrupted',
      error: { kind: 'stream_interrupted' },
    });
  });

  it('change nothing when a listener throws or rejects', async () => {
    const on = Object.fromEntries(
      NAMES.map((name, index) => [
        name,
        index % 2 === 0
          ? () => Promise.reject(new Error('late'))
          : () => {
              throw new Error('now');
            },
      ]),
    );
    const llm = setup.make({ on });
    expect((await llm.chat.completions.create({ model, messages })).choices).toHaveLength(1);
  });

  it('reach a listener that takes itself off and comes back once each', async () => {
    let heard = 0;
    let off = (): void => {};
    const listen = (): void => {
      off = setup.llm.on('call-started', () => {
        heard++;
        off();
        if (heard < 100) listen();
      });
    };
    listen();
    for (let calls = 1; calls <= 3; calls++) {
      await setup.llm.chat.completions.create({ model, messages });
      expect(heard).toBe(calls);
    }
  });

  it('stop when the listener is taken off', async () => {
    const seen: string[] = [];
    const off = setup.llm.on('call-ended', (event) => seen.push(event.outcome));
    await setup.llm.chat.completions.create({ model, messages });
    off();
    off();
    await setup.llm.chat.completions.create({ model, messages });
    expect(seen).toEqual(['success']);
    expect(() => setup.llm.on('call-end' as 'call-ended', () => {})).toThrow(/did you mean "call-ended"/);
  });

  it('are lines of the logger', async () => {
    const lines: string[] = [];
    const log = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
    const llm = setup.make({ logger });
    setup.server.answer(failure(429));
    await rejection(llm.chat.completions.create({ model, messages }, { correlationId: 'c-2' }));
    expect(lines).toEqual([
      'debug holdfast c-2 chat call to mine/small-1',
      'debug holdfast c-2 attempt 1 at mine/small-1',
      expect.stringMatching(/^warn holdfast c-2 attempt 1 failed: 429 rate_limit/),
      expect.stringMatching(/^error holdfast c-2 call failed after .*, 1 attempt: rate_limit$/),
    ]);
  });
});

describe('the deadline', () => {
  it('ends a call whose layer hangs', async () => {
    const { events, on } = recorder();
    const llm = setup.make({ use: [hang], on });
    const error = await rejection(llm.chat.completions.create({ model, messages }, { deadline: 60 }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline', provider: 'mine', attempts: [] });
    expect(events.map(({ type }) => type)).toEqual(['call-started', 'deadline', 'call-ended']);
  });

  it('ends a call whose provider is silent, with the attempt', async () => {
    const { events, on } = recorder();
    const llm = setup.make({ deadline: 60, on });
    setup.server.answer(silence);
    for (const streams of [false, true]) {
      const error = await rejection(llm.chat.completions.create({ model, messages, stream: streams }));
      expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [{ outcome: 'timeout', number: 1 }] });
    }
    expect(events.filter(({ type }) => type === 'deadline')).toHaveLength(2);
  });

  it('outranks what was thrown, and the abort outranks it', async () => {
    const late: Middleware = async () => {
      await new Promise((resolve) => setTimeout(resolve, 80));
      throw new RangeError('of the layer');
    };
    const llm = setup.make({ use: [late] });
    const error = await rejection(llm.chat.completions.create({ model, messages }, { deadline: 40 }));
    expect(isLLMError(error, 'timeout')).toBe(true);
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 20);
    const aborted = await rejection(llm.chat.completions.create({ model, messages }, { deadline: 4000, signal: caller.signal }));
    expect(isLLMError(aborted, 'aborted')).toBe(true);
  });

  it('lets go of a stream that comes too late', async () => {
    const late: Middleware = async (call, next) => {
      const result = await next({ ...call, deadline: Number.POSITIVE_INFINITY, signal: undefined });
      await new Promise((resolve) => setTimeout(resolve, 80));
      return result;
    };
    const llm = setup.make({ use: [late] });
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    setup.server.answer((request, response) => {
      response.on('close', () => closed?.());
      return stream(textStream('a').slice(0, 2), { ending: 'open' })(request, response);
    });
    const error = await rejection(llm.chat.completions.create({ model, messages, stream: true }, { deadline: 40 }));
    expect(isLLMError(error, 'timeout')).toBe(true);
    await gone;
  });
});

describe('attempts', () => {
  it('are bounded over the whole call', async () => {
    const stubborn: Middleware = async (call, next) => {
      for (;;) {
        try {
          return await next(call);
        } catch (error) {
          if (call.trail.attemptsLeft <= -1 || setup.server.requests.length > 20) throw error;
          if (call.trail.attemptsLeft === 0) return next(call);
        }
      }
    };
    const llm = setup.make({ use: [stubborn], maxAttempts: 3 });
    setup.server.answer(failure(503));
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'service_unavailable', attempts: [{ number: 1 }, { number: 2 }, { number: 3 }] });
    expect(setup.server.requests).toHaveLength(3);
    expect((error as Error).message).toContain('3 attempts over');
  });

  it('are not used up by what was never sent', async () => {
    const picky = {
      id: 'picky',
      create: () => ({
        id: 'picky',
        wire: {} as never,
        operations: { chat: () => Promise.reject(new UnsupportedParamsError({ message: '"n" is not supported', param: 'n' })) },
      }),
    };
    const left: number[] = [];
    const spy: Middleware = async (call, next) => {
      try {
        return await next(call);
      } finally {
        left.push(call.trail.attemptsLeft);
      }
    };
    const llm = createClient({ providers: { picky }, use: [spy] });
    const refused = await rejection(llm.chat.completions.create({ model: 'picky/x', messages, n: 2 }));
    expect(refused).toMatchObject({ kind: 'unsupported_params', provider: 'picky', model: 'x', attempts: [] });
    const missing = await rejection(llm.chat.completions.create({ model: 'azure/x', messages }));
    expect(missing).toMatchObject({ kind: 'configuration', attempts: [], provider: 'azure' });
    expect(left).toEqual([8, 8]);
  });

  it('of a layer’s own error are its own business', async () => {
    const own = new RangeError('policy');
    const llm = setup.make({ use: [() => Promise.reject(own)] });
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toBe(own);
  });

  it('that a provider of the user’s own breaks are typed', async () => {
    const odd = {
      id: 'odd',
      create: () => ({
        id: 'odd',
        wire: {} as never,
        operations: { chat: () => Promise.reject(new TypeError('x is not a function')) },
      }),
    };
    const llm = createClient({ providers: { odd }, use: [] });
    const error = await rejection(llm.chat.completions.create({ model: 'odd/x', messages }));
    expect(error).toMatchObject({
      kind: 'connection',
      retryable: false,
      provider: 'odd',
      cause: new TypeError('x is not a function'),
    });
    const lacks = await rejection(llm.embeddings.create({ model: 'odd/x', input: 'a' }));
    expect(lacks).toMatchObject({ kind: 'unsupported_operation', provider: 'odd', attempts: [] });
  });
});

describe('input', () => {
  const create = (params: object, options?: object): Promise<unknown> =>
    rejection(setup.llm.chat.completions.create(params as never, options as never));

  it('is checked before anything is sent', async () => {
    const wrong: [object, object | undefined, string][] = [
      [{ messages }, undefined, 'model'],
      [{ model: '', messages }, undefined, 'model'],
      [{ model }, undefined, 'messages'],
      [{ model, messages: [] }, undefined, 'messages'],
      [{ model, messages: 'Hi' }, undefined, 'messages'],
      [{ model, messages: [{ content: 'Hi' }] }, undefined, 'messages[0].role'],
      [{ model, messages: [null] }, undefined, 'messages[0]'],
      [{ model, messages, tools: {} }, undefined, 'tools'],
      [{ model, messages, tools: [{ type: 'function' }] }, undefined, 'tools[0].function'],
      [{ model, messages, tools: [{ type: 'function', function: { name: '' } }] }, undefined, 'tools[0].function.name'],
      [{ model, messages }, { signal: {} }, 'options.signal'],
      [{ model, messages }, { timeout: '5s' }, 'options.timeout'],
      [{ model, messages }, { deadline: 0 }, 'options.deadline'],
      [{ model, messages }, { maxRetries: 1.5 }, 'options.maxRetries'],
      [{ model, messages }, { fallbacks: 'x' }, 'options.fallbacks'],
      [{ model, messages }, { fallbacks: ['mine/a', 7] }, 'options.fallbacks[1]'],
      [{ model, messages }, { unsupportedParams: 'ignore' }, 'options.unsupportedParams'],
      [{ model, messages }, { maxRetry: 1 }, 'options.maxRetry'],
      [{ model, messages }, { correlationId: 7 }, 'options.correlationId'],
    ];
    for (const [params, options, path] of wrong) {
      const error = await create(params, options);
      expect(error, path).toMatchObject({ kind: 'configuration', param: path });
      expect((error as Error).message).toContain(path);
    }
    expect(await rejection(setup.llm.chat.completions.create(undefined as never))).toMatchObject({ kind: 'configuration' });
    expect(await rejection(setup.llm.chat.completions.create({ model, messages }, null as never))).toMatchObject({
      kind: 'configuration',
    });
    expect(await rejection(setup.llm.embeddings.create({ model, input: [] }))).toMatchObject({ param: 'input' });
    expect(await rejection(setup.llm.models.list())).toMatchObject({ param: 'provider' });
    expect(String(await create({ model, messages }, { maxretries: 1 }))).toContain('did you mean "maxRetries"');
    expect(String(await create({ model, messages }, { verbose: true }))).toContain('known are "signal", "timeout"');
    expect(String(await create({ model, messages: [] }))).toContain('messages: expected at least one message');
    expect(setup.server.requests).toHaveLength(0);
  });
});

describe('close()', () => {
  it('ends the client', async () => {
    const closed: string[] = [];
    const layer: Middleware = Object.assign(((call, next) => next(call)) as Middleware, {
      close: () => void closed.push('layer'),
    });
    const llm = setup.make({ use: [layer] });
    await llm.chat.completions.create({ model, messages });
    await llm.close();
    await llm.close();
    expect(closed).toEqual(['layer']);
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'configuration', code: 'client_closed' });
    expect(await rejection(llm.models.list({ provider: 'mine' }))).toMatchObject({ code: 'client_closed' });
    expect(setup.server.requests).toHaveLength(1);
  });

  it('stops calls that are still trying', async () => {
    setup.server.answer(failure(503));
    const llm = setup.make({ use: [retry({ minDelay: 30, jitter: 'none' })] });
    const error = rejection(llm.chat.completions.create({ model, messages }));
    llm.on('waiting', () => void llm.close());
    expect(await error).toMatchObject({ attempts: [{ outcome: 'service_unavailable' }] });
    expect(setup.server.requests).toHaveLength(1);
  });

  it('happens at the end of a scope', async () => {
    let outer: ReturnType<typeof createClient>;
    {
      await using llm = setup.make({});
      outer = llm;
    }
    expect(await rejection(outer.chat.completions.create({ model, messages }))).toMatchObject({ code: 'client_closed' });
  });
});

describe('a transport', () => {
  it('may be a fetch of one’s own', async () => {
    const urls: string[] = [];
    const spy = (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      urls.push(String(url));
      return fetch(url, init);
    };
    const llm = setup.make({ fetch: spy as typeof fetch });
    await llm.chat.completions.create({ model, messages });
    expect(urls).toEqual([`${setup.server.baseURL}/chat/completions`]);
  });

  it('gets the correlation id only when asked', async () => {
    const llm = setup.make({ sendCorrelationId: true, headers: { 'X-Team': 'blue' } });
    await llm.chat.completions.create({ model, messages }, { correlationId: 'c-3' });
    expect(setup.server.requests[0]?.headers).toMatchObject({ 'x-correlation-id': 'c-3', 'x-team': 'blue' });
  });

  it('is bounded by the timeout of a provider’s settings', async () => {
    setup.server.answer(silence);
    const slow = openaiCompatible({ baseURL: setup.server.baseURL, timeout: 50 });
    const llm = setup.make({ providers: { slow } });
    const error = await rejection(llm.chat.completions.create({ model: 'slow/x', messages }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'attempt' });
    const own = await rejection(setup.llm.chat.completions.create({ model, messages }, { timeout: 50 }));
    expect(own).toMatchObject({ kind: 'timeout', phase: 'attempt' });
  });
});

describe('lists of a request', () => {
  const asked = (): unknown => setup.server.requests.at(-1)?.body.messages?.map(({ content }) => content);

  it('are those that the call was made with, whatever their owner does to them later', async () => {
    const llm = setup.make({ use: [cache(), retry({ minDelay: 20 })] });
    setup.server.answer(failure(500), reply('to one'));
    const own = [{ role: 'user' as const, content: 'one' }];
    const call = llm.chat.completions.create({ model, messages: own });
    own.push({ role: 'user', content: 'two' });
    await call;
    expect(setup.server.requests).toHaveLength(2);
    expect(asked()).toEqual(['one']);
    setup.server.answer(reply('to both'));
    const both = await llm.chat.completions.create({ model, messages: own });
    expect(asked()).toEqual(['one', 'two']);
    expect(both.choices[0]?.message.content).toBe('to both');
    const again = await llm.chat.completions.create({ model, messages: own.slice(0, 1) });
    expect([again.route.cached, again.choices[0]?.message.content]).toEqual([true, 'to one']);
  });
});
