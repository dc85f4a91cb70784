import type { Target } from '../../contract/target.ts';
import type { Usage } from '../../contract/usage.ts';
import type { AnswerForm } from '../../state/answers/question.ts';
import { hashOf } from '../../state/answers/question.ts';

/** What is known of a kept answer before it is read. */
export interface Label {
  readonly form: AnswerForm;
  /** A whole answer as JSON, or the chunks of a stream as lines of a tape. */
  readonly as: 'whole' | 'chunks';
  /** Who gave it, where a pool was asked. */
  readonly by?: Pick<Target, 'provider' | 'model' | 'memberOf'> | undefined;
  /** Token counts that a stream has told. */
  readonly usage?: Usage | undefined;
  /** The chunk that told them, which only some readers want to see. */
  readonly usageChunk?: object | undefined;
}

export interface Kept {
  readonly label: Label;
  readonly body: string;
}

/**
 * The text of an answer under a key: a checksum over the key and everything else, a label, the body. `undefined` when it has more
 * than `maxBytes`.
 */
export async function sealed(key: string, { label, body }: Kept, maxBytes: number): Promise<string | undefined> {
  const content = `${JSON.stringify({ v: VERSION, ...label })}\n${body}`;
  if (content.length > maxBytes || new TextEncoder().encode(content).byteLength > maxBytes) return undefined;
  return `${await hashOf(`${key}\n${content}`)}\n${content}`;
}

/** The answer in a text. @throws SyntaxError for one that is cut, changed, of another key or not of this library. */
export async function unsealed(key: string, text: string, form: AnswerForm): Promise<Kept> {
  const sum = text.slice(0, SUM_LENGTH);
  const content = text.slice(SUM_LENGTH + 1);
  if ((await hashOf(`${key}\n${content}`)) !== sum) throw new SyntaxError('not an answer that was kept here');
  const end = content.indexOf('\n');
  const label = JSON.parse(content.slice(0, end)) as Label & { readonly v: unknown };
  if (label.v !== VERSION || label.form !== form) throw new SyntaxError('an answer of another version or form');
  return { label, body: content.slice(end + 1) };
}

const VERSION = 1;
const SUM_LENGTH = 64;
