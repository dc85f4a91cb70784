/** `soak.ts <calls> <addresses as JSON>`: one Holdfast client, some of every fault, and what is left behind in the end. */
import type { Addresses } from './clients/client.ts';
import { makeUnhurried } from './clients/holdfast.ts';
import { isStream, nameOf } from './drive.ts';
import type { FromSoaked, ToClient } from './messages.ts';
import { parent } from './parent.ts';
import { heapMB, now, timers } from './process-state.ts';
import { checkText, promptOf } from './words.ts';

const AT_ONCE = 128;
const DEADLINE_MS = 10_000;
const PARTS = 10;

const [, , count = '', addresses = ''] = process.argv;
const calls = Number(count);
const run = parent<ToClient, FromSoaked>();
const measured = run.told('measure');
const timersBefore = timers();
const client = makeUnhurried(JSON.parse(addresses) as Addresses, () => {});
const tally = { answered: 0, duplicatedWords: 0, lostWords: 0, truncated: 0 };
const failures: Record<string, number> = {};

async function one(call: number): Promise<void> {
  let text = '';
  let error: unknown;
  try {
    await client.ask({
      prompt: promptOf(call),
      stream: isStream(call),
      deadlineMs: DEADLINE_MS,
      onText: (part) => (text += part),
    });
  } catch (thrown) {
    error = thrown;
  }
  const { duplicated, lost, short } = checkText(call, text);
  tally.duplicatedWords += duplicated;
  tally.lostWords += lost;
  if (error !== undefined) failures[nameOf(error)] = (failures[nameOf(error)] ?? 0) + 1;
  else if (short) tally.truncated++;
  else tally.answered++;
}

const heap: number[] = [];
let next = 0;
let ended = 0;
const startedAt = now();

async function lane(): Promise<void> {
  while (next < calls) {
    await one(next++);
    if (++ended % Math.ceil(calls / PARTS) === 0) heap.push(Math.round(heapMB() * 100) / 100);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, lane));
const seconds = Math.round((now() - startedAt) / 100) / 10;
await client.close?.();
run.tell({ type: 'ended' });
await measured;
run.tell({ type: 'report', calls, seconds, ...tally, failures, heapMB: heap, timers: Math.max(0, timers() - timersBefore) });
