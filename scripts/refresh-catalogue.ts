/**
 * Writes `src/catalogue/models.json` from the list of models that LiteLLM ships (MIT): `node scripts/refresh-catalogue.ts [file] [output]`.
 * The file is the package's wheel or the list inside; without one it downloads the newest `litellm` package with pip into a temporary folder. Numbers are checked one by one;
 * entries with an impossible one are named and left out.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { PROVIDERS } from '../src/providers/registry.ts';
import { readLiteLLM } from './litellm-models.ts';

const LIST = 'litellm/model_prices_and_context_window_backup.json';
const OUTPUT = resolve(import.meta.dirname, '../src/catalogue/models.json');

interface Source {
  readonly text: string;
  readonly version: string;
}

function fromWheel(wheel: string): Source {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  try {
    execFileSync('python3', ['-m', 'zipfile', '-e', wheel, folder]);
    return { text: readFileSync(join(folder, LIST), 'utf8'), version: `litellm ${basename(wheel).split('-')[1]}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fromPackage(): Source {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  try {
    execFileSync('pip', ['download', '--no-deps', '--only-binary', ':all:', '--quiet', '--dest', folder, 'litellm']);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip brought no wheel of litellm');
    return fromWheel(join(folder, wheel));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(path: string | undefined): Source {
  if (path === undefined || path === '') return fromPackage();
  return path.endsWith('.whl') ? fromWheel(path) : { text: readFileSync(path, 'utf8'), version: basename(path) };
}

const [path, output = OUTPUT] = process.argv.slice(2);
const { text, version } = read(path);
const date = new Date().toISOString().slice(0, 10);
const { models, refused } = readLiteLLM(JSON.parse(text), (provider) => Object.hasOwn(PROVIDERS, provider));
const file = JSON.stringify({ source: version, date, models }, null, 1);
writeFileSync(output, `${file}\n`);

const count = Object.values(models).reduce((sum, lines) => sum + lines.length, 0);
console.log(`${count} models of ${Object.keys(models).length} providers, ${Math.round(file.length / 1000)} kB, from ${version}`);
for (const line of refused) console.log(`left out: ${line}`);
