/** Writes what pages repeat of the code: the tables of providers. `--check` only says whether they are there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { baseURLTable } from './base-urls.ts';
import { providerTable } from './provider-table.ts';

const checks = process.argv.includes('--check');

function write(page: string, mark: string, table: string): void {
  const path = resolve(import.meta.dirname, '..', page);
  const [start, end] = [`<!-- ${mark}:start -->`, `<!-- ${mark}:end -->`];
  const before = readFileSync(path, 'utf8');
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} has no ${start} … ${end}`);
  const after = `${before.slice(0, from)}${start}\n${table}\n${before.slice(to)}`;
  if (!checks) writeFileSync(path, after);
  else if (after !== before) throw new Error(`${page} is not up to date: run "npm run readme"`);
}

write('README.md', 'providers', await providerTable());
write('docs/providers.md', 'base-urls', await baseURLTable());
