import { rmSync, statSync } from 'node:fs';
import { createClient, retry } from 'holdfast';
import { batchEngine } from 'holdfast/batches';

/** One measurement in a process of its own: `load <base URL> <file> <lines> <at once>` or `memory <base URL> <file> <megabytes> <lines>`. */
const [name = '', baseURL = '', path = '', ...numbers] = process.argv.slice(2);
const [first = 0, second = 0] = numbers.map(Number);

const MB = 1024 * 1024;
const rss = (): number => process.memoryUsage().rss / MB;

const endpoint = '/v1/chat/completions' as const;
const line = (custom_id: string, content: string): string => {
  const body = { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content }] };
  return `${JSON.stringify({ custom_id, method: 'POST', url: endpoint, body })}\n`;
};

async function* input(lines: number, bytes: number): AsyncGenerator<string> {
  const filler = 'The tide comes in and the tide goes out. '.repeat(Math.ceil(bytes / 41)).slice(0, bytes);
  for (let i = 0; i < lines; i++) yield line(`line-${i}`, `${i} ${filler}`);
}

/** The largest RSS while `work` runs, beyond what there was before it. */
async function growth<T>(work: () => Promise<T>): Promise<{ result: T; before: number; peak: number }> {
  const before = rss();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, rss());
  }, 20);
  try {
    return { result: await work(), before, peak: Math.max(peak, rss()) };
  } finally {
    clearInterval(watch);
  }
}

const engine = batchEngine({ path, concurrency: name === 'load' ? second : 1, maxFileBytes: 400 * MB });
const llm = createClient({
  providers: { openai: { apiKey: 'k', baseURL } },
  use: [retry({ maxRetries: 3, minDelay: 20, budget: false })],
  batches: engine,
});

async function load(lines: number): Promise<object> {
  const started = performance.now();
  const upload = await llm.files.create({ file: { name: 'in.jsonl', content: input(lines, 200) }, purpose: 'batch' });
  const batch = await llm.batches.create({ input_file_id: upload.id, endpoint, completion_window: '24h' });
  const seen = new Map<string, number>();
  let half = 0;
  const { peak, before } = await growth(async () => {
    for await (const { custom_id } of llm.batches.results(batch.id)) {
      seen.set(custom_id, (seen.get(custom_id) ?? 0) + 1);
      if (seen.size === Math.floor(lines / 2)) half = rss();
    }
  });
  const end = rss();
  const { status, request_counts } = await llm.batches.retrieve(batch.id);
  return {
    seconds: (performance.now() - started) / 1000,
    status,
    counts: request_counts,
    results: seen.size,
    twice: [...seen.values()].filter((count) => count > 1).length,
    rssMB: { before, half, end, peak },
  };
}

/** Uploads, validates and then cancels: what is measured is the way of the file, not the calls. */
async function memory(megabytes: number, lines: number): Promise<object> {
  const bytes = Math.ceil((megabytes * MB) / lines) - 130;
  // warm
  await llm.files.create({ file: { name: 'warm.jsonl', content: input(10, 100) }, purpose: 'batch' });
  const upload = await growth(() =>
    llm.files.create({ file: { name: 'in.jsonl', content: input(lines, bytes) }, purpose: 'batch' }),
  );
  const validation = await growth(async () => {
    const { id } = await llm.batches.create({ input_file_id: upload.result.id, endpoint, completion_window: '24h' });
    let batch = await llm.batches.retrieve(id);
    while (batch.status === 'validating') {
      await new Promise((resolve) => setTimeout(resolve, 10));
      batch = await llm.batches.retrieve(id);
    }
    await llm.batches.cancel(id);
    return batch;
  });
  const { status, request_counts, errors } = validation.result;
  return {
    fileMB: upload.result.bytes / MB,
    lines: request_counts?.total,
    status,
    errors: errors?.data?.slice(0, 1),
    growthMB: { upload: upload.peak - upload.before, validation: validation.peak - validation.before },
    fileOnDiskMB: statSync(path).size / MB,
  };
}

const figures = name === 'load' ? await load(first) : await memory(first, second);
await llm.close();
for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
process.stdout.write(`${JSON.stringify(figures)}\n`);
