import type { BenchClient } from './clients/client.ts';

/** One figure of one client. */
export interface Scenario {
  readonly name: string;
  readonly unit: string;
  /** Flags of the measuring process. */
  readonly flags?: readonly string[];
  measure(client: BenchClient): Promise<number>;
}

const PROMPT = 'Tell me about the harbour. '.repeat(220);

const cpuMicros = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function atOnce(count: number, width: number, step: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await step();
  };
  await Promise.all(Array.from({ length: width }, lane));
}

async function perCall(client: BenchClient, count: number, width: number): Promise<number> {
  const step = (): Promise<number> => client.call('plain', PROMPT);
  await atOnce(Math.max(1500, count / 3), width, step);
  const before = cpuMicros();
  await atOnce(count, width, step);
  return (cpuMicros() - before) / count;
}

const collectGarbage = (): void => (globalThis as { gc?: () => void }).gc?.();

const heap = (): number => process.memoryUsage().heapUsed;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'call, sequential', unit: 'µs CPU', measure: (client) => perCall(client, 4000, 1) },
  { name: 'call, 64 at once', unit: 'µs CPU', measure: (client) => perCall(client, 16_000, 64) },
  {
    name: 'chunk, burst of 20 000',
    unit: 'µs CPU',
    async measure(client) {
      for (let i = 0; i < 3; i++) await client.stream('stream-burst-20000');
      const before = cpuMicros();
      let texts = 0;
      for (let i = 0; i < 8; i++) texts += await client.stream('stream-burst-20000');
      return (cpuMicros() - before) / texts;
    },
  },
  {
    name: 'chunk, 200 paced streams',
    unit: 'µs CPU',
    async measure(client) {
      await Promise.all(Array.from({ length: 200 }, () => client.stream('stream-paced-20-20')));
      const before = cpuMicros();
      const texts = await Promise.all(Array.from({ length: 200 }, () => client.stream('stream-paced-100-20')));
      return (cpuMicros() - before) / texts.reduce((sum, n) => sum + n, 0);
    },
  },
  {
    name: 'heap per open stream',
    unit: 'kB',
    flags: ['--expose-gc'],
    async measure(client) {
      const open = (count: number): Promise<unknown> =>
        Promise.all(
          Array.from(
            { length: count },
            () =>
              new Promise<void>((resolve) => {
                client.stream('stream-hold', resolve).catch(() => undefined);
              }),
          ),
        );
      await open(50);
      collectGarbage();
      const before = heap();
      await open(400);
      await new Promise((resolve) => setTimeout(resolve, 200));
      collectGarbage();
      return (heap() - before) / 400 / 1000;
    },
  },
  {
    name: 'allocated per call',
    unit: 'kB',
    flags: ['--expose-gc', '--max-semi-space-size=512', '--min-semi-space-size=512'],
    async measure(client) {
      await atOnce(2000, 1, () => client.call('plain', 'Hello'));
      collectGarbage();
      const before = heap();
      await atOnce(1000, 1, () => client.call('plain', 'Hello'));
      return (heap() - before) / 1000 / 1000;
    },
  },
  {
    name: 'call with a 2 MB image',
    unit: 'µs CPU',
    async measure(client) {
      const image = `data:image/png;base64,${Buffer.alloc(1_500_000, 7).toString('base64')}`;
      const step = (): Promise<number> => client.call('plain', { text: 'What is this?', image });
      await atOnce(20, 1, step);
      const before = cpuMicros();
      await atOnce(100, 1, step);
      return (cpuMicros() - before) / 100;
    },
  },
];
