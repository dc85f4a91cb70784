import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

export interface BundleSize {
  readonly entry: string;
  readonly minified: number;
  readonly gzip: number;
}

const PROGRAM = `
import { createClient } from 'holdfast';
const llm = createClient();
const reply = await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] });
console.log(reply.choices[0]?.message.content);
`;

/** Size of a minimal chat program with everything that its call loads, the provider included, the transport left out; gzipped as one file. */
export async function measureBundle(): Promise<BundleSize> {
  const result = await build({
    stdin: { contents: PROGRAM, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2023',
    conditions: ['node'],
    tsconfigRaw: {},
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'error',
    external: ['undici', '#*', 'node:*', 'google-auth-library', '@aws-sdk/credential-provider-node'],
  });
  const main = Object.entries(result.metafile.outputs).find(([, output]) => output.entryPoint === '<stdin>');
  const wanted = new Set<string>();
  const visit = (path: string): void => {
    if (wanted.has(path)) return;
    wanted.add(path);
    for (const { path: next, kind } of result.metafile.outputs[path]?.imports ?? []) if (kind === 'import-statement') visit(next);
  };
  visit(main?.[0] ?? '');
  for (const path of Object.keys(result.metafile.outputs)) if (/(?:^|\/)openai-(?!hosts)/.test(path)) visit(path);
  const files = result.outputFiles.filter(({ path }) => [...wanted].some((name) => path.endsWith(name)));
  return {
    entry: `${files.length} of ${result.outputFiles.length} files: the program and the provider it calls`,
    minified: files.reduce((sum, { contents }) => sum + contents.byteLength, 0),
    gzip: gzipSync(Buffer.concat(files.map(({ contents }) => contents))).byteLength,
  };
}
