import { readFileSync } from 'node:fs';

/** A failure that a provider really sends, and what it must become. */
export interface Entry {
  readonly id: string;
  /** As the corpus names it; {@link providerOf} gives our id. */
  readonly provider: string;
  readonly surface: 'chat' | 'stream' | 'embeddings' | 'batch';
  /** `null`: no answer came over HTTP. */
  readonly status: number | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it was sent. */
  readonly body: unknown;
  readonly expect: string;
  readonly retryable: boolean;
  readonly retry_after_s: number | null;
  /** `error.code`, where it matters. */
  readonly code?: string;
  /** `error.requestID`, where it is not in the headers or a better one is. */
  readonly request_id?: string;
  /** The model that is asked, where the failure depends on it. */
  readonly model?: string;
  readonly evidence: string;
  /** The public thread, file or page. */
  readonly source: string;
  readonly note: string;
  /** Why the expectation differs from the one that the corpus came with. */
  readonly why?: string;
}

function entriesOf(file: string): readonly Entry[] {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}

export const CORPUS: readonly Entry[] = entriesOf('./corpus.jsonl');

/** Failures from the field, collected after the rules had been written: what they must generalise to. */
export const FIELD: readonly Entry[] = entriesOf('./field.jsonl');

/** Every row of the providers' own tables of errors, built as the provider would send it. */
export const SHEETS: readonly Entry[] = entriesOf('./sheets.jsonl');

const IDS: Readonly<Record<string, string>> = { 'llama.cpp': 'llamacpp', 'openai-compatible': 'openai_compatible' };

export const providerOf = ({ provider }: Entry): string => IDS[provider] ?? provider;

/** The class that an entry asks for, by our names. */
export const classOf = ({ expect }: Entry): string => (expect === 'Timeout' ? 'TimeoutError' : expect);
