/** One client in a process of its own: `worker.ts <contestant> <plan as JSON> <addresses as JSON>`. */
import { CallLog } from './call-log.ts';
import type { Addresses, MakeStormClient, StormClient } from './clients/client.ts';
import { ROSTER } from './clients/roster.ts';
import { arrivalsOf, drive, isStream } from './drive.ts';
import type { BreakerChange, FromClient, StormPlan, ToClient } from './messages.ts';
import { parent } from './parent.ts';
import { now, settledHeapMB, timers } from './process-state.ts';
import { promptOf } from './words.ts';

const WARM_UP_CALLS = 200;
const WARM_UP_AT_ONCE = 8;

const [, , id = '', planText = '', addresses = ''] = process.argv;
const plan = JSON.parse(planText) as StormPlan;
const run = parent<ToClient, FromClient>();
const started = run.told('start');
const measured = run.told('measure');

let startAt = Number.POSITIVE_INFINITY;
const breaker: BreakerChange[] = [];
const make = await load(id);
const client = make(JSON.parse(addresses) as Addresses, (to) => breaker.push({ at: Math.round(now() - startAt), to }));
await warmUp(client);
const log = new CallLog(arrivalsOf(plan));
const heapBefore = await settledHeapMB();
const timersBefore = timers();
run.tell({ type: 'ready' });

({ startAt } = await started);
const lateness = await drive(client, plan, startAt, log);
await client.close?.();
run.tell({ type: 'ended' });

await measured;
const left = { timers: Math.max(0, timers() - timersBefore), heapGrowthMB: (await settledHeapMB()) - heapBefore };
run.tell({
  type: 'report',
  settings: client.settings,
  calls: log.records(isStream),
  breaker,
  lateP99: lateness.sort((a, b) => a - b)[Math.floor(lateness.length * 0.99)] ?? 0,
  left,
});

async function load(name: string): Promise<MakeStormClient> {
  const contestant = ROSTER.find((each) => each.id === name);
  if (contestant === undefined) throw new Error(`no such client: ${name}`);
  const module = (await import(`./clients/${contestant.file}.ts`)) as Record<string, MakeStormClient>;
  const found = module[contestant.make];
  if (found === undefined) throw new Error(`${contestant.file}.ts has no ${contestant.make}`);
  return found;
}

async function warmUp({ ask }: StormClient): Promise<void> {
  let left = WARM_UP_CALLS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await ask({ prompt: promptOf(-1), stream: isStream(left), deadlineMs: plan.deadlineMs, onText() {} });
  };
  await Promise.all(Array.from({ length: WARM_UP_AT_ONCE }, lane));
}
