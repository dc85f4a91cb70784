import type { BatchProgress } from '../client/batch-run.ts';

/** What of a stream is written to, as `process.stderr`. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const BAR = 24;

/**
 * Draws a run's progress on one line of a terminal: `llm.batches.run(requests, { onProgress: terminalProgress() })`. Where there is
 * no terminal it writes a line for each tenth.
 *
 * @param stream Default `process.stderr`.
 */
export function terminalProgress(stream: ProgressStream = process.stderr): (progress: BatchProgress) => void {
  let told = -1;
  return (progress) => {
    const { total, status } = progress;
    const done = progress.completed + progress.failed;
    const ended = status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'expired';
    if (stream.isTTY === true) {
      const line = ` ${bar(done, total)} ${described(progress)}`.slice(0, (stream.columns ?? 80) - 1);
      stream.write(`\r\u001b[K${line}${ended ? '\n' : ''}`);
      return;
    }
    const tenth = ended ? 11 : total === 0 ? 0 : Math.floor((done / total) * 10);
    if (tenth === told) return;
    told = tenth;
    stream.write(`${described(progress)}\n`);
  };
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.round((done / total) * BAR);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}]`;
}

function described({ status, total, completed, failed, inputTokens, outputTokens, costUSD }: BatchProgress): string {
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  const cost = costUSD === undefined ? '' : `, $${costUSD.toFixed(4)}`;
  return `${status} ${completed + failed}/${total}${failures}, ${inputTokens + outputTokens} tokens${cost}`;
}
