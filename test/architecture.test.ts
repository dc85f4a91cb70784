import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../src');

/** Each folder's floor and what it may import besides itself; `files` names single files of another folder. */
const FLOORS: Record<string, { may: string[]; files?: string[]; packages: RegExp }> = {
  errors: { may: [], packages: /^openai\/core\/error$/ },
  time: { may: ['errors'], packages: /^$/ },
  contract: { may: ['errors', 'time'], packages: /^(openai\/(core\/error|resources\/.+)|zod\/mini)$/ },
  // what layers remember, in the forms that a store of contract/ may have
  state: { may: ['errors', 'time', 'contract'], packages: /^opossum$/ },
  catalogue: { may: ['errors', 'time', 'contract'], packages: /^(tokenx|gpt-tokenizer(\/.+)?)$/ },
  wire: {
    may: ['errors', 'time', 'contract'],
    packages: /^(undici(\/lib\/.+)?|#default-transport|#media-download|node:.+|aws4fetch|@smithy\/eventstream-codec)$/,
  },
  middleware: { may: ['errors', 'time', 'contract', 'state'], packages: /^(opossum|p-retry|zod\/mini)$/ },
  observe: { may: ['errors', 'time', 'contract'], packages: /^$/ },
  dialects: { may: ['errors', 'time', 'contract', 'wire'], packages: /^openai\/resources\/.+$/ },
  providers: {
    may: ['errors', 'time', 'contract', 'wire', 'dialects'],
    packages: /^(openai\/resources\/.+|@aws-sdk\/credential-provider-node|google-auth-library)$/,
  },
  client: {
    may: ['errors', 'time', 'contract', 'state', 'catalogue', 'middleware', 'observe'],
    files: ['wire/fetch-transport.ts', 'wire/connection.ts', 'wire/media.ts', 'providers/registry.ts'],
    packages: /^(openai\/(core|lib|resources|helpers)\/.+|openai|#default-transport|zod\/mini)$/,
  },
  // what the `openai` entry sends is the OpenAI dialect, over a transport of its own; what it answers, the server's handler does
  openai: {
    may: ['errors', 'time', 'contract', 'client', 'dialects'],
    files: ['wire/fetch-transport.ts', 'server/handler.ts', 'server/held-signal.ts', 'server/options.ts'],
    packages: /^openai(\/core\/error|\/resources\/.+)?$/,
  },
  testing: { may: ['errors', 'time', 'contract', 'wire', 'dialects', 'providers', 'client'], packages: /^node:.+$/ },
  redis: { may: ['errors', 'time', 'contract', 'state'], packages: /^(ioredis|zod\/mini)$/ },
  batches: {
    may: ['errors', 'time', 'contract', 'client'],
    packages: /^(zod\/mini|openai\/resources\/.+|node:sqlite|node:fs\/promises|bullmq|ioredis)$/,
  },
  server: { may: ['errors', 'time', 'contract', 'client'], packages: /^(zod\/mini|multipasta|node:http)$/ },
  cli: { may: [], packages: /^(holdfast(\/.+)?|node:.+|yaml|zod\/mini)$/ },
};

const SIBLINGS_FORBIDDEN = new Set(['middleware']);
const BANNED_NAMES = /^(utils?|helpers?|common|misc|manager)$/;
const MAX_LINES = 400;

interface Import {
  readonly from: string;
  readonly to: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : [];
  });
}

const files = filesBelow(ROOT);
const sources = new Map(files.map((file) => [relative(ROOT, file), readFileSync(file, 'utf8')]));

const imports: Import[] = [...sources].flatMap(([from, source]) =>
  [
    ...source.matchAll(
      /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ].map((match) => {
    const to = match[1] ?? match[2] ?? match[3] ?? '';
    return { from, to: to.startsWith('.') ? relative(ROOT, resolve(dirname(join(ROOT, from)), to)) : to };
  }),
);

const folderOf = (path: string): string => path.split('/')[0] ?? '';
const isInternal = (path: string): boolean => path.endsWith('.ts') && sources.has(path);
const inFolder = imports.filter(({ from }) => from.includes('/'));

describe('the floors', () => {
  it('every folder of src has its floor', () => {
    expect([...new Set([...sources.keys()].filter((p) => p.includes('/')).map(folderOf))].filter((f) => !(f in FLOORS))).toEqual(
      [],
    );
  });

  it('every relative import names a file that exists', () => {
    expect(imports.filter(({ to }) => to.endsWith('.ts') && !sources.has(to))).toEqual([]);
  });

  it('imports go down, never up or aside', () => {
    const wrong = inFolder.filter(({ from, to }) => {
      if (!isInternal(to)) return false;
      const floor = FLOORS[folderOf(from)];
      const target = folderOf(to);
      if (target === folderOf(from)) return SIBLINGS_FORBIDDEN.has(target) && unitOf(from) !== unitOf(to);
      if (/server\.ts$/.test(to) && folderOf(from) !== 'testing' && !/server\.ts$/.test(from)) return true;
      return !(floor?.may.includes(target) || floor?.files?.includes(to));
    });
    expect(wrong).toEqual([]);
  });

  it('a provider imports no other provider', () => {
    const wrong = inFolder.filter(({ from, to }) => {
      const [folder, provider, file] = from.split('/');
      const [targetFolder, targetProvider, targetFile] = to.split('/');
      return (
        folder === 'providers' &&
        targetFolder === 'providers' &&
        file !== undefined &&
        targetFile !== undefined &&
        provider !== targetProvider
      );
    });
    expect(wrong).toEqual([]);
  });

  it('packages are imported only where the floor allows', () => {
    const wrong = inFolder.filter(({ from, to }) => !/\.(?:ts|json)$/.test(to) && !FLOORS[folderOf(from)]?.packages.test(to));
    expect(wrong).toEqual([]);
  });

  it("nobody imports openai's root at run time", () => {
    const wrong = [...sources].filter(([, source]) => /import\s+(?!type)[^;]*from 'openai'|import\('openai'\)/.test(source));
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('there are no cycles, types included', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) if (isInternal(to)) graph.set(from, [...(graph.get(from) ?? []), to]);
    expect(cyclesOf(graph)).toEqual([]);
  });
});

describe('the files', () => {
  it(`none is longer than ${MAX_LINES} lines`, () => {
    expect([...sources].filter(([, source]) => source.split('\n').length > MAX_LINES + 1).map(([file]) => file)).toEqual([]);
  });

  it('are named for their subject', () => {
    const stems = [...sources.keys()].flatMap((file) =>
      file
        .replace(/(\.node|\.d)?\.ts$/, '')
        .split('/')
        .map((part) => [file, part] as const),
    );
    expect(stems.filter(([, part]) => BANNED_NAMES.test(part) || !/^[a-z0-9-]+$/.test(part))).toEqual([]);
  });

  it('have no default exports', () => {
    expect([...sources].filter(([, source]) => /^export default/m.test(source)).map(([file]) => file)).toEqual([]);
  });

  it('read the clock and roll the dice only in time/', () => {
    const wrong = [...sources].filter(([file, source]) => {
      if (/^(time|testing|cli)\//.test(file)) return false;
      return /\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|\bMath\.random\b|\bperformance\.now\(/.test(
        source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''),
      );
    });
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it("use Node's globals only where Node is certain", () => {
    const wrong = [...sources].filter(([file, source]) => {
      if (/^(testing|cli|batches)\/|\.node\.ts$|undici-transport\.ts$|server\.ts$/.test(file)) return false;
      const run = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/^import type [^;]*;$/gm, '');
      const code = run.replace(/'[^'\n]*'/g, "''");
      return /(?<![.\w])(Buffer|process)\b(?=[.[(])/.test(code) || /from 'node:/.test(run);
    });
    expect(wrong.map(([file]) => file)).toEqual([]);
  });
});

/** A layer is a file, or a folder with its parts. */
function unitOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function cyclesOf(graph: Map<string, string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (node: string, path: string[]): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      cycles.push([...path.slice(path.indexOf(node)), node]);
      return;
    }
    state.set(node, 'open');
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}
