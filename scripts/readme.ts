/** Writes what the README repeats of the code: the table of providers. `--check` only says whether it is there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { providerTable } from './provider-table.ts';

const README = resolve(import.meta.dirname, '../README.md');
const START = '<!-- providers:start -->';
const END = '<!-- providers:end -->';

const before = readFileSync(README, 'utf8');
const from = before.indexOf(START);
const to = before.indexOf(END);
if (from < 0 || to < from) throw new Error(`the README has no ${START} … ${END}`);
const after = `${before.slice(0, from)}${START}\n${await providerTable()}\n${before.slice(to)}`;

if (process.argv.includes('--check')) {
  if (after !== before) throw new Error('the README is not up to date: run "npm run readme"');
} else {
  writeFileSync(README, after);
}
