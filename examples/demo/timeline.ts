import { styleText } from 'node:util';
import type { Attempt } from 'holdfast';

type Style = Parameters<typeof styleText>[0];

/** Colours on a terminal, plain text in a pipe or under NO_COLOR. */
export const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });

export const heading = (number: number, title: string): void => console.log(`\n${paint('bold', `${number}. ${title}`)}`);
export const line = (text: string): void => console.log(`   ${text}`);

const ms = (value: number): string => `${Math.round(value)} ms`;

const STYLE_BY_OUTCOME: Record<string, Style> = { success: 'green', circuit_open: 'magenta', rate_limit: 'yellow' };

/** One row per attempt: target, status, what came out, the wait before it, how long it took. */
export function printTimeline(attempts: readonly Attempt[]): void {
  const rows = attempts.map((a) => [
    `${a.number}`,
    `${a.provider}/${a.model}`,
    `${a.status ?? '–'}`,
    a.outcome,
    `waited ${ms(a.waitedMs)}`,
    `took ${ms(a.durationMs)}`,
  ]);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const [i, row] of rows.entries()) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    const outcome = attempts[i]?.outcome ?? 'success';
    cells[3] = paint(STYLE_BY_OUTCOME[outcome] ?? 'red', cells[3] ?? '');
    line(cells.join('  '));
  }
}
