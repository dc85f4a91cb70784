import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as holdfast from 'holdfast';
import { fault } from 'holdfast/testing';
import * as openai from 'openai/core/error';
import { describe, expect, it } from 'vitest';
import { providerTable } from '../../scripts/provider-table.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { readPage } from '../support/doc-blocks.ts';
import { ROOT } from '../support/run-program.ts';

/** What the README says in tables and numbers is what the code does. */
const readme = readPage('README.md');

function section(heading: string): string {
  const from = readme.indexOf(`\n## ${heading}\n`);
  expect(from, heading).toBeGreaterThan(0);
  const to = readme.indexOf('\n## ', from + 4);
  return readme.slice(from, to < 0 ? undefined : to);
}

const rows = (text: string): string[][] =>
  [...text.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()));

describe('the table of errors', () => {
  const table = rows(section('Errors')).filter(([name = '']) => /^`\w+Error`$/.test(name));
  const classes = new Map<unknown, string>(Object.entries(openai).map(([name, value]) => [value, name]));
  const plain = (cell = ''): string => cell.replaceAll('`', '');

  it('has every kind once', () => {
    expect(table.map(([, kind]) => plain(kind)).sort()).toEqual(Object.keys(KINDS).sort());
  });

  it.each(table.map((row) => [plain(row[0]), row] as const))(
    'tells the truth of %s',
    (name, [, kind, base, status = '', retryable = '']) => {
      const Class = Reflect.get(holdfast, name) as new (init: object) => holdfast.LLMError;
      const error = new Class({ message: 'x', ...(name === 'TimeoutError' ? { phase: 'attempt' } : {}) });
      expect(error.name).toBe(name);
      expect(error.kind).toBe(plain(kind));
      let parent: unknown = Object.getPrototypeOf(Class);
      while (!classes.has(parent)) parent = Object.getPrototypeOf(parent);
      expect(classes.get(parent)).toBe(plain(base));
      expect(retryable.startsWith('yes')).toBe(error.retryable);
      const { canonicalStatus } = KINDS[error.kind];
      if (status !== 'as sent') expect(status).toContain(canonicalStatus ?? '–');
    },
  );

  it('shows a message as they are written', () => {
    const attempt = {
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      waitedMs: 0,
      outcome: 'service_unavailable',
      status: 529,
    } as const;
    const error = new holdfast.ServiceUnavailableError({
      message: 'Overloaded',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      status: 529,
      requestID: 'req_011…',
      attempts: [
        { ...attempt, number: 1, startedAt: 0, durationMs: 100 },
        { ...attempt, number: 2, startedAt: 1000, durationMs: 100 },
        { ...attempt, number: 3, startedAt: 4000, durationMs: 100 },
        {
          number: 4,
          provider: 'openai',
          model: 'gpt-5-mini',
          startedAt: 4100,
          durationMs: 9,
          waitedMs: 0,
          outcome: 'rate_limit',
          status: 429,
          retryAfterMs: 20_000,
        },
      ],
    });
    expect(section('Errors')).toContain(`\`${error.message}\``);
  });
});

describe('the table of layers', () => {
  const cells = new Map(
    rows(section('Layers')).map(([layer = '', , defaults = '']) => [/`(\w+)\(/.exec(layer)?.[1] ?? layer, defaults]),
  );

  /** The defaults in a layer's schema. */
  function defaultsOf(layer: string): Record<string, number> {
    const source = readFileSync(join(ROOT, `src/middleware/${layer}.ts`), 'utf8');
    const options = source.slice(source.indexOf('\nconst schema ='));
    const found = [...options.matchAll(/^ {2}(\w+): z\._default\(.+, ([\d_.]+)\),$/gm)];
    return Object.fromEntries(found.map(([, name, value = '']) => [name, Number(value.replaceAll('_', ''))]));
  }

  const time = (ms = Number.NaN): string => (ms >= 120_000 ? `${ms / 60_000} min` : `${ms / 1000} s`);

  it('has the defaults of retry', () => {
    const { maxRetries, minDelay, maxDelay, maxRetryAfter } = defaultsOf('retry');
    const budget = readFileSync(join(ROOT, 'src/contract/retry-budget.ts'), 'utf8');
    const capacity = /capacity: z\._default\(.+, (\d+)\),/.exec(budget)?.[1];
    expect(cells.get('retry')).toBe(
      `${maxRetries} retries, ${time(minDelay)} to ${time(maxDelay)}, \`maxRetryAfter\` ${time(maxRetryAfter)}, ${capacity} tokens`,
    );
  });

  it('has the defaults of the circuit breaker', () => {
    const { failureRate = 0, minCalls, window, openFor } = defaultsOf('circuit-breaker');
    const source = readFileSync(join(ROOT, 'src/state/circuit.ts'), 'utf8');
    const longest = Number(/LONGEST_OPEN = ([\d_]+)/.exec(source)?.[1]?.replaceAll('_', ''));
    expect(cells.get('circuitBreaker')).toBe(
      `opens when more than ${failureRate * 100} % of ${minCalls} or more calls in ${time(window)} failed, for ${time(openFor)}, doubling to ${time(longest)}`,
    );
  });

  it('has the defaults of timeout', () => {
    const { connect, firstToken, idle, attempt } = defaultsOf('timeout');
    expect(cells.get('timeout')).toBe(
      `connect ${time(connect)}, first token ${time(firstToken)}, silence ${time(idle)}, attempt ${time(attempt)}`,
    );
  });

  it('has every layer that there is, the default ones first, each with its page', () => {
    const names = [...cells.keys()].filter((name) => name in holdfast);
    expect(names.slice(0, 4)).toEqual(['fallback', 'retry', 'circuitBreaker', 'timeout']);
    const pages = [...section('Layers').matchAll(/\(docs\/layers\/([\w-]+)\.md\)/g)].map(([, page]) => page);
    expect([...new Set(pages)].sort()).toEqual(readdirSync(join(ROOT, 'docs/layers')).map((page) => page.replace(/\.md$/, '')));
    expect(names.map((name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).sort()).toEqual(
      pages.filter((page) => page !== 'pool').sort(),
    );
  });

  it('tells the defaults of the others', () => {
    expect(cells.get('cache')).toBe('an hour');
    expect(defaultsOf('cache')).toEqual({});
    expect(readFileSync(join(ROOT, 'src/middleware/cache.ts'), 'utf8')).toContain('3_600_000');
    expect(cells.get('hedge')).toContain('95th percentile of the last 100 calls');
    expect(cells.get('contextCheck')).toMatch(/windows of 2.200 models/);
  });
});

describe('the rest', () => {
  it('has the table of providers that the registry gives', async () => {
    const [, table = ''] = /<!-- providers:start -->\n([\s\S]*?)\n<!-- providers:end -->/.exec(readme) ?? [];
    expect(table, 'run "npm run readme"').toBe(await providerTable());
  });

  it('sends users of retired services to providers that are there', () => {
    const advice = readme.slice(readme.indexOf('Retired, and refused'), readme.indexOf('<!-- providers:end -->'));
    const named = [...advice.matchAll(/(\w+)\/…/g)].map(([, id]) => id);
    expect(named.length).toBeGreaterThan(3);
    for (const id of named) expect(Object.keys(PROVIDERS)).toContain(id);
  });

  it('names every fault, and counts them', () => {
    const faults = Object.keys(fault);
    expect(faults.filter((name) => name !== 'later')).toHaveLength(20);
    expect(readme).toContain('fails in twenty ways');
    const listed = section('Testing your own app').split('The faults:')[1] ?? '';
    for (const name of faults.filter((name) => name !== 'status')) expect(listed).toContain(`\`${name}\``);
  });

  it('has a picture that shows what its words say', () => {
    const svg = readPage('docs/chain.svg');
    expect(readme).toMatch(/!\[[^\]]{40,}\]\(docs\/chain\.svg\)/);
    expect([...svg.matchAll(/class="status"[^>]*>([^<]+)</g)].map(([, label]) => label)).toEqual([
      '529',
      '529',
      '529',
      '429',
      '200 OK',
    ]);
    const [, total] = /one reply, ([\d.]+) s</.exec(svg) ?? [];
    expect(readme).toContain(`the answer of a third, ${total} seconds after the start`);
    expect(svg).toMatch(/<title id="title">.+<\/title>\n<desc id="desc">.+<\/desc>/);
    expect(svg).not.toMatch(/<script|href=|url\(/);
  });

  it('links to files that are there', () => {
    for (const [, target = ''] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g)) {
      expect(() => readFileSync(join(ROOT, target), { flag: 'r' }), target).not.toThrow(/ENOENT/);
    }
  });
});
