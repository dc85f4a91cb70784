import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MockServer } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { mockEnvironment, ROOT, runProgram } from '../support/run-program.ts';

/** What the services answer to an example, and what it then must print. */
interface Expectation {
  script?(mock: MockServer): void;
  readonly prints: readonly (string | RegExp)[];
  /** What it writes to stderr. Default: nothing. */
  readonly logs?: RegExp;
  /** Looks at what was sent. */
  sent?(mock: MockServer): void;
}

const bodies = (mock: MockServer): string[] => mock.requests.map(({ body }) => JSON.stringify(body));

const EXPECTED: Record<string, Expectation> = {
  'chat.ts': {
    script(mock) {
      for (const provider of ['openai', 'anthropic', 'gemini']) mock.enqueue(provider, reply(`A holdfast, says ${provider}.`));
      mock.enqueue('ollama', fault.resetBeforeHeaders(), fault.resetBeforeHeaders(), fault.resetBeforeHeaders());
    },
    prints: [
      /^openai\/gpt-5-mini: A holdfast, says openai\. \(\d+ tokens\)$/m,
      /^anthropic\/\S+: A holdfast, says anthropic\. \(\d+ tokens\)$/m,
      /^gemini\/\S+: A holdfast, says gemini\. \(\d+ tokens\)$/m,
      /^ollama\/llama3\.2: not reachable from here/m,
    ],
  },
  'stream.ts': {
    script: (mock) => mock.enqueue('anthropic', reply('Kelp holds on. It sways. It stays.')),
    prints: ['Kelp holds on. It sways. It stays.', '7 tokens from anthropic'],
  },
  'chain.ts': {
    script(mock) {
      mock.enqueue('anthropic', fault.overloaded(), fault.overloaded());
      mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
      mock.enqueue('ollama', reply('A holdfast.'));
    },
    prints: [
      /^A holdfast\.$/m,
      /^1\. anthropic\/claude-sonnet-4-5: service_unavailable/m,
      /^2\. anthropic\/claude-sonnet-4-5: service_unavailable/m,
      /^3\. openai\/gpt-5-mini: rate_limit/m,
      /^4\. ollama\/llama3\.2: success/m,
      'answered by ollama instead',
    ],
  },
  'hedge.ts': {
    script(mock) {
      mock.enqueue('openai', fault.stall());
      mock.enqueue('anthropic', reply('Its holdfast.'));
    },
    prints: [
      /^second request at anthropic: started, sent after \d+ ms$/m,
      /^second request at anthropic: won, sent after \d+ ms$/m,
      /^Its holdfast\.$/m,
      /^1\. openai\/gpt-5-mini: aborted after \d+ ms$/m,
      /^2\. anthropic\/claude-sonnet-4-5: success after \d+ ms$/m,
    ],
  },
  'resume.ts': {
    script(mock) {
      mock.enqueue('anthropic', fault.cutAfter(3, reply({ chunks: ['Kelp ', 'holds ', 'on ', 'to ', 'rocks.'] })));
      mock.enqueue('openai', reply({ chunks: ['holds on', ' to rocks.', ' It sways.'] }));
    },
    prints: [
      /^Kelp holds on to rocks\. It sways\.$/m,
      'anthropic/claude-sonnet-4-5 broke off after 14 characters; openai/gpt-5-mini went on and repeated 9 of them',
      /^1\. anthropic: stream_interrupted\n2\. openai: success$/m,
    ],
  },
  'pool.ts': {
    script(mock) {
      mock.enqueue('openai', ...Array.from({ length: 6 }, () => reply({ text: 'A seaweed.', delayMs: 20 })));
      mock.enqueue('anthropic', fault.overloaded(), reply('A seaweed.'));
    },
    prints: [
      /^key_a: \d of 8\nkey_b: \d of 8\nanthropic: 1 of 8$/m,
      /^anthropic said service_unavailable, key_[ab] answered$/m,
      /^key_a\/gpt-5-mini: 0 under way$/m,
      /^anthropic\/claude-haiku-4-5: 0 under way/m,
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(9),
  },
  'typed-errors.ts': {
    script: (mock) => mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 2 })),
    prints: ['openai/gpt-5-mini: 429 rate limit', 'RateLimitError: come back in 2000 ms', 'OpenAI.RateLimitError: true'],
  },
  'tools.ts': {
    script: (mock) =>
      mock.enqueue(
        'anthropic',
        reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] }),
        reply('Yes, take one.'),
      ),
    prints: ['→ get_weather({"city":"Oslo"})', '← Oslo: rain, 9 °C', 'Yes, take one.'],
    sent: (mock) => expect(bodies(mock)[1]).toContain('Oslo: rain, 9 °C'),
  },
  'structured-output.ts': {
    script: (mock) => mock.enqueue('gemini', reply('{"name":"Sugar kelp","kingdom":"Chromista","edible":true}')),
    prints: ['Sugar kelp belongs to Chromista; edible: true'],
    sent: (mock) => expect(bodies(mock)[0]).toContain('kingdom'),
  },
  'embeddings.ts': { prints: [/^nearest, -?\d\.\d\d: ".+" and ".+"$/m] },
  'reasoning.ts': {
    script: (mock) => mock.enqueue('anthropic', reply({ reasoning: 'No small divisor.', text: 'Yes.' }), reply('Also.')),
    prints: ['thought: No small divisor.', 'said: Yes.', 'said: Also.', '1 thinking block(s) went back'],
    sent: (mock) => expect(bodies(mock)[1]).toMatch(/"thinking":"No small divisor\.","signature":"\w/),
  },
  'budget.ts': {
    script(mock) {
      const answer = reply({ text: 'A summary.', usage: { promptTokens: 3000, completionTokens: 800 } });
      mock.enqueue('anthropic', answer, answer, answer);
    },
    prints: [
      'summaries: Summarise chapter 2\n  anthropic answered for $0.021',
      'summaries: Summarise chapter 3\n  anthropic is skipped: $0.042 of $0.05 are spent, and this call needs about $0.012',
      'ollama answered for $0.000\nsummaries: Summarise chapter 4',
      'titles: A title for chapter 1\n  anthropic answered for $0.021',
      'summaries: $0.042 of $0.05\ntitles: $0.021 of $0.05',
    ],
    sent: (mock) =>
      expect(mock.requests.map(({ provider }) => provider).join()).toBe('anthropic,anthropic,ollama,ollama,anthropic'),
  },
  'own-layer.ts': {
    script: (mock) => mock.enqueue('openai', reply('A seaweed.'), reply('Its foot.')),
    prints: [
      'What is kelp? A seaweed. (from the provider)',
      'What is a holdfast? Its foot. (from the provider)',
      'What is kelp? A seaweed. (from memory)',
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(2),
  },
  'own-host.ts': {
    script: (mock) => mock.enqueue('cluster', reply(), reply('From your own rack.')),
    prints: ['models: mock-large, mock-small', 'cluster/mock-large: From your own rack.'],
  },
  'own-agent.ts': {
    prints: ['12 answers over four sockets'],
    sent: (mock) => expect(mock.requests).toHaveLength(12),
  },
  'events.ts': {
    script: (mock) => mock.enqueue('openai', fault.unavailable(), reply('Hello')),
    prints: [
      'chat for ada, to openai',
      'attempt 1: service_unavailable, status 503',
      /waiting \d+ ms \(backoff\)/,
      'attempt 2: success, status 200',
      /success, \d+ tokens/,
    ],
    logs: /^holdfast \S+ attempt 1 failed: 503 service_unavailable \[\S+\]\n$/,
  },
  'cache.ts': {
    script: (mock) => mock.enqueue('openai', reply({ text: 'A seaweed.', delayMs: 50 }), reply('A brown seaweed.')),
    prints: [
      /^three at once:\n {2}\(coalesced\)\n {2}\(coalesced\)\nA seaweed\.\nA seaweed\.\nA seaweed\.$/m,
      /^one more, as a stream:\n {2}\(cache\)\nA seaweed\., kept$/m,
      /^asked anew:\nA brown seaweed\.$/m,
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(2),
  },
  'cancel-and-deadline.ts': {
    script: (mock) => mock.enqueue('openai', fault.stall(), fault.stall()),
    prints: ['aborted: Error: the user went away', 'timeout: deadline, after 1 attempt(s)'],
  },
  'server.ts': {
    script: (mock) => mock.enqueue('openai', reply('The root of a kelp.')),
    prints: ['The root of a kelp.', '401 Incorrect API key provided.'],
  },
  'server-hono.ts': {
    script: (mock) => mock.enqueue('openai', reply('The root of a kelp.')),
    prints: ['200 openai The root of a kelp.'],
  },
  'as-fetch.ts': {
    script(mock) {
      mock.enqueue('anthropic', fault.overloaded());
      mock.enqueue('openai', reply('The root of a kelp.'));
    },
    prints: ['The root of a kelp.'],
  },
  'batch.ts': {
    script: (mock) => mock.enqueue('anthropic', fault.overloaded(), reply(), fault.contextWindow(), reply()),
    prints: [/^Oslo 200$/m, /^Lima 400$/m, /^Accra 200$/m, '2 of 3 answered, 1 failed', 'Lima again, without a call'],
    logs: /^(\w+ \d\/3[^\n]*\n)+$/,
    sent: (mock) => expect(mock.requests).toHaveLength(4),
  },
  'rate-limit.ts': {
    prints: [
      '12 answers, 3 at once at most, 9 of the calls had to wait',
      'openai/gpt-5-mini: 0 waiting, 0 running, 3 allowed',
      /^refused \(queue_timeout\): come back in [45] s$/m,
    ],
    sent: (mock) => expect(mock.requests).toHaveLength(12),
  },
  'test-your-app.ts': { prints: [/^3 requests, half a minute of waiting, in \d/m] },
};

const files = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts'));

describe('the examples', () => {
  it('are all expected to print something, and listed in their README', () => {
    expect(Object.keys(EXPECTED).sort()).toEqual([...files].sort());
    const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| \[([\w-]+\.ts)\]\(\1\) \|/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...files].sort());
  });

  it.each(files)('import only what an app has: %s', (file) => {
    const source = readFileSync(join(ROOT, 'examples', file), 'utf8');
    for (const [, from] of source.matchAll(/from '([^']+)'/g)) {
      expect(from).toMatch(/^(holdfast(\/(batches|openai|server|testing|undici))?|hono|openai(\/.+)?|zod|node:.+)$/);
    }
    expect(source.split('\n').length).toBeLessThanOrEqual(46);
  });

  it.each(files)('run: %s', async (file) => {
    const { script, prints = [], logs = /^$/, sent } = EXPECTED[file] ?? {};
    const mock = await startMockServer();
    try {
      script?.(mock);
      const { code, stdout, stderr } = await runProgram(join('examples', file), mockEnvironment(mock));
      expect(stderr).toMatch(logs);
      for (const text of prints) {
        if (typeof text === 'string') expect(stdout).toContain(text);
        else expect(stdout).toMatch(text);
      }
      expect(code).toBe(0);
      sent?.(mock);
    } finally {
      await mock.close();
    }
  });
});

const SCENES = 7;
const ESCAPE = '\u001b[';

describe('the demo', () => {
  it('plays its scenes in a pipe, without colours, in seconds', async () => {
    const start = performance.now();
    const { code, stdout, stderr } = await runProgram('examples/demo/demo.ts');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(performance.now() - start).toBeLessThan(20_000);
    expect([...stdout.matchAll(/^(\d)\. /gm)].map(([, number]) => Number(number))).toEqual(
      Array.from({ length: SCENES }, (_, i) => i + 1),
    );
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout).toContain('The third target answered.');
    expect(stdout.match(/instanceof OpenAI\./g)).toHaveLength(12);
  });

  it('has colours where they are wanted', async () => {
    const { code, stdout } = await runProgram('examples/demo/demo.ts', { FORCE_COLOR: '1' });
    expect(code).toBe(0);
    expect(stdout).toContain(ESCAPE);
  });
});

describe('the built errors', () => {
  it('are called by the names of their classes, in stack traces too', async () => {
    const holdfast: Record<string, unknown> = await import('holdfast');
    const classes = Object.entries(holdfast).filter(([name]) => name.endsWith('Error') && /^[A-Z]/.test(name));
    expect(classes).toHaveLength(24);
    for (const [name, exported] of classes) expect((exported as { name: string }).name).toBe(name);
  });
});
