import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage } from '../support/doc-blocks.ts';
import { ROOT } from '../support/run-program.ts';

/** The tables of options in the pages, the docstrings of the options, and what the layers use say the same. */
interface Page {
  readonly page: string;
  readonly source: string;
  readonly options: string;
  /** Defaults that are no literals of a schema. */
  readonly constants?: Readonly<Record<string, string>>;
}

const PAGES: readonly Page[] = [
  { page: 'layers/retry', source: 'middleware/retry.ts', options: 'RetryOptions' },
  { page: 'layers/retry', source: 'contract/retry-budget.ts', options: 'RetryBudgetOptions' },
  { page: 'layers/circuit-breaker', source: 'middleware/circuit-breaker.ts', options: 'CircuitBreakerOptions' },
  { page: 'layers/fallback', source: 'middleware/fallback.ts', options: 'FallbackOptions' },
  { page: 'layers/timeout', source: 'middleware/timeout.ts', options: 'TimeoutOptions' },
  { page: 'layers/hedge', source: 'middleware/hedge.ts', options: 'HedgeOptions' },
  {
    page: 'layers/rate-limit',
    source: 'middleware/rate-limit/limit-options.ts',
    options: 'RateLimitOptions',
    constants: { pace: 'PACE_MAX_WAIT', 'queue.size': 'QUEUE_SIZE', lease: 'LEASE' },
  },
  { page: 'layers/context-check', source: 'middleware/context-check.ts', options: 'ContextCheckOptions' },
  { page: 'layers/budget', source: 'middleware/budget.ts', options: 'BudgetOptions' },
  { page: 'layers/cache', source: 'middleware/cache.ts', options: 'CacheOptions' },
  { page: 'layers/coalesce', source: 'middleware/coalesce.ts', options: 'CoalesceOptions' },
  { page: 'shared-state', source: 'redis/redis-store.ts', options: 'RedisStoreOptions' },
];

/** `20 000 ms` and `20_000` are the same, and so are `1024 * 1024` and its product. */
function literal(text: string): string {
  const plain = text
    .replaceAll('`', '')
    .replaceAll('"', "'")
    .replace(/ (ms|milliseconds)$/, '')
    .trim();
  if (/^[\d\s_.*]+$/.test(plain))
    return String(plain.split('*').reduce((product, part) => product * Number(part.replace(/[\s_]/g, '')), 1));
  return plain.replace('Number.POSITIVE_INFINITY', 'Infinity').replace(/^'(.*)'$/, '$1');
}

/** What stands in the cells `option` and `default`, by option. */
function tableOf(page: string, known: ReadonlySet<string>): Map<string, string> {
  const rows = [...readPage(`docs/${page}.md`).matchAll(/^\| (`[^|]+) \| ([^|]*) \| .+ \|$/gm)];
  const cells = rows.flatMap(([, names = '', value = '']) =>
    [...names.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => [name, value] as const),
  );
  return new Map(cells.filter(([name]) => known.has(name.split('.')[0] ?? '')));
}

/** The options of an interface with what their docstrings call the default. */
function docstringsOf(source: string, name: string): Map<string, string | undefined> {
  const [, body = ''] = new RegExp(`export interface ${name}[^{]* \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  const found = [...body.matchAll(/(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}readonly (\w+)\?:/g)];
  return new Map(
    found.map(([, doc = '', option = '']) => [
      option,
      /Default:? (.+?)(?:[.,;:](?:\s|$)|\s*$)/.exec(doc.replace(/\s*\n\s*\* /g, ' '))?.[1],
    ]),
  );
}

function defaultsOf(source: string, constants: Readonly<Record<string, string>> = {}): Map<string, string> {
  const schema = [...source.matchAll(/^\s+(\w+): z\._default\(.+, ([^,()]+)\),$/gm)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  const named = Object.entries(constants).map(
    ([option, name]) => [option, new RegExp(`const ${name} = (.+);`).exec(source)?.[1] ?? ''] as const,
  );
  return new Map([...schema, ...named].filter(([, value]) => /^['\d]|^(true|false|Number\.POSITIVE_INFINITY)$/.test(value)));
}

describe.each(PAGES)('$options', ({ page, source: path, options, constants }) => {
  const source = readFileSync(join(ROOT, 'src', path), 'utf8');
  const docstrings = docstringsOf(source, options);
  const table = tableOf(page, new Set(docstrings.keys()));
  const defaults = defaultsOf(source, constants);

  it('each stands in the table of its page', () => {
    expect(docstrings.size).toBeGreaterThan(2);
    const named = new Set([...table.keys()].map((name) => name.split('.')[0]));
    expect([...named].sort()).toEqual([...docstrings.keys()].sort());
  });

  it.each([...defaults])('%s: %s, in the table and in its docstring', (option, value) => {
    const shown = table.get(option) ?? '';
    const told = docstrings.get(option.split('.')[0] ?? '');
    if (option === 'pace') expect(shown).toBe(`\`{ maxWait: ${value} }\``);
    else expect(literal(shown)).toBe(literal(value));
    if (option.includes('.') || option === 'pace') return;
    expect(told, 'the docstring names it').toBeDefined();
    expect(literal(told ?? '')).toBe(literal(value));
  });
});

it('every page of a layer has a diagram, a runnable example, reasons, streams and a place', () => {
  for (const name of readdirSync(join(ROOT, 'docs/layers'))) {
    const page = readPage(`docs/layers/${name}`);
    expect(page, name).toContain('```mermaid\n');
    expect(page, name).toContain('```ts\n');
    expect(page, name).toMatch(/^## (Streams|A stream that breaks)$/m);
    expect(page, name).toMatch(/^## (Where it stands|Where to put it|Where it is kept)$/m);
    for (const [, reason = ''] of page.matchAll(/^\| option \| default \| (.+) \|$/gm)) expect(reason, name).toBe('why');
  }
});
