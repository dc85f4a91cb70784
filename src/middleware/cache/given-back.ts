import type { Call, OperationName, ResultOf } from '../../contract/call.ts';
import type { ChatReply } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { Usage } from '../../contract/usage.ts';
import { errorOf } from '../../errors/catalogue.ts';
import type { AnswerForm } from '../../state/answers/question.ts';
import { TapeReader } from '../../state/answers/tape.ts';
import { nextTurn } from '../../time/turn.ts';
import type { Fold } from './fold.ts';
import { ChatFold, CompletionFold } from './fold.ts';
import type { Kept } from './record.ts';
import { replay } from './replay.ts';

/**
 * A kept answer as the call wants it, new objects each time: a recorded stream answers a whole call and the other way round.
 * `undefined` where it cannot. Throws what a body that is no answer brings about.
 */
export async function givenBack<K extends OperationName>(kept: Kept, call: Call<K>): Promise<ResultOf<K> | undefined> {
  const { form, as, usage, usageChunk } = kept.label;
  const streams = call.operation === 'stream' || call.operation === 'completeStream';
  if (as === 'whole') {
    const answer = JSON.parse(kept.body) as Fields;
    if (!Array.isArray(answer[LISTS[form]])) throw new SyntaxError('not an answer');
    if (!streams) return answer as unknown as ResultOf<K>;
    const chunks = inPieces(form, answer);
    return chunks && played(call, chunks.values(), answer.usage as Usage | undefined, undefined);
  }
  const chunks = tape(kept.body);
  if (streams) return played(call, chunks, usage, usageChunk);
  const fold = form === 'chat' ? new ChatFold() : new CompletionFold();
  const whole = await folded(fold, chunks);
  return whole && ({ ...whole, ...(usage === undefined ? {} : { usage }) } as unknown as ResultOf<K>);
}

type Fields = Record<string, unknown>;

/** The list that every answer of a form has. */
const LISTS: { readonly [F in AnswerForm]: string } = { chat: 'choices', complete: 'choices', embed: 'data', rerank: 'results' };

const AT_ONCE = 256;

async function folded(fold: Fold, chunks: Iterable<object>): Promise<object | undefined> {
  let count = 0;
  for (const chunk of chunks) {
    if (++count % AT_ONCE === 0) await nextTurn();
    fold.add(chunk);
  }
  return fold.whole();
}

function* tape(body: string): Generator<object, undefined> {
  const reader = new TapeReader<object>();
  for (let from = 0; from < body.length; ) {
    const to = body.indexOf('\n', from);
    const end = to < 0 ? body.length : to;
    yield reader.read(body.slice(from, end));
    from = end + 1;
  }
}

/** A whole answer as chunks; `undefined` for one with parts that streams send otherwise. */
function inPieces(form: AnswerForm, answer: Fields): object[] | undefined {
  if (form === 'complete') return [{ ...answer, usage: undefined }];
  const reply = answer as unknown as ChatReply;
  if (reply.choices.some(({ message }) => message.audio || message.annotations?.length)) return undefined;
  return chunksOf(reply);
}

/** A stream for the call, with the chunk that tells the usage only if its reader asked for it. */
function played<K extends OperationName>(
  call: Call<K>,
  chunks: Iterator<object, undefined>,
  usage: Usage | undefined,
  usageChunk: object | undefined,
): ResultOf<K> {
  const { stream_options } = call.request as { stream_options?: { include_usage?: boolean } | null };
  const { provider, model } = call.target;
  const wanted = stream_options?.include_usage === true && usage !== undefined;
  const stream = replay({
    chunks: wanted ? withUsage(chunks, usage, usageChunk) : chunks,
    usage,
    broken: (cause) => errorOf('stream_interrupted', { message: 'the kept answer cannot be read on', provider, model, cause }),
  });
  return stream as unknown as ResultOf<K>;
}

function* withUsage(chunks: Iterator<object, undefined>, usage: Usage, told: object | undefined): Generator<object, undefined> {
  let last: object = {};
  for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
    last = next.value;
    yield last;
  }
  const { id, object, created, model } = last as Fields;
  yield told ?? { id, object, created, model, choices: [], usage };
}
