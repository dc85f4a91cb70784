import type {
  Call,
  ChatChunk,
  ChatReply,
  DecodeContext,
  FailureSpec,
  Operation,
  ProviderDefinition,
  ProviderSettings,
  StreamDecoder,
  Wire,
  WireMessage,
} from 'holdfast';
import { ChatTally, defineProvider, replyOperation, requireKey, sendAside, steppedOperation, streamOperation } from 'holdfast';

interface Line {
  readonly said?: string;
  readonly tokens?: readonly [number, number];
  readonly problem?: { readonly code: string; readonly text: string };
}

/** A call becomes a path and a body. Keys and hosts are not its business. */
function encode(call: Call<'chat' | 'stream'>): WireMessage {
  const lines = call.request.messages.map(({ role, content }) => ({ by: role, text: String(content) }));
  return { path: '/say', body: { bird: call.target.model, lines, stream: call.operation === 'stream' } };
}

/** What came is not trusted: failures inside a 200 and things that are no answer are thrown through the context. */
function read(body: unknown, context: DecodeContext): Line {
  if (typeof body !== 'object' || body === null) throw context.invalid('the answer is no object');
  if ('problem' in body) throw context.failure(body);
  if (!('said' in body) && !('tokens' in body)) throw context.invalid('no "said" in the answer');
  return body as Line;
}

const usageOf = ([prompt, completion]: readonly [number, number]) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

function decode(body: unknown, context: DecodeContext<'chat'>): ChatReply {
  const { said = '', tokens } = read(body, context);
  return {
    id: context.call.correlationId,
    object: 'chat.completion',
    created: Math.floor(context.call.clock.now() / 1000),
    model: context.call.target.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: said, refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    ...(tokens === undefined ? {} : { usage: usageOf(tokens) }),
  };
}

/** One decoder per stream: it gets an event at a time and says when the answer is complete. */
class Lines implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: ChatChunk[]): void {
    this.whole(JSON.parse(data), out);
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const { said, tokens } = read(body, this.#context);
    if (said !== undefined) out.push(this.#chunk({ content: said }, null));
    if (tokens === undefined) return;
    this.finished = true;
    out.push(this.#chunk({}, 'stop'), { ...this.#chunk({}, null), choices: [], usage: usageOf(tokens) });
  }

  end(): void {}

  #chunk(delta: { content?: string }, finish_reason: 'stop' | null): ChatChunk {
    const { correlationId: id, target } = this.#context.call;
    return {
      id,
      object: 'chat.completion.chunk',
      created: 0,
      model: target.model,
      choices: [{ index: 0, delta, finish_reason }],
    };
  }
}

/** What the codes of this service mean. Statuses, Retry-After and usual wordings are understood without any rule. */
const failures: FailureSpec = {
  rules: [
    ({ json }) => {
      const code = (json as Line | undefined)?.problem?.code;
      if (code === 'HUNGRY') return 'insufficient_credits';
      return code === 'TOO_LONG' ? 'context_window_exceeded' : undefined;
    },
  ],
};

/** Settings are given here, or come from the environment. */
export const parrot = (settings: ProviderSettings = {}): ProviderDefinition =>
  defineProvider({
    id: 'parrot',
    settings,
    create(context) {
      const key = requireKey(context, ['PARROT_API_KEY']);
      const wire = context.connect({
        baseURL: context.settings.baseURL ?? 'https://parrot.example.com/v1',
        headers: { authorization: `Bearer ${key}` },
        failures,
        secrets: [key],
      });
      return {
        id: context.id,
        wire,
        operations: {
          chat: replyOperation<'chat'>(wire, { encode, decode }),
          stream: streamOperation<'stream'>(wire, {
            encode,
            framing: 'json-lines',
            decoder: (decoding) => new Lines(decoding),
            tally: () => new ChatTally(),
          }),
        },
      };
    },
  });

interface Job {
  readonly id: string;
  readonly reply?: ChatReply;
}

export const patientChat = (wire: Wire): Operation<'chat'> =>
  steppedOperation<'chat'>(wire, async (steps) => {
    const call: Call<'chat'> = steps.call;
    let job = await steps.reply({ path: '/jobs', body: call.request }, (body) => body as Job);
    try {
      while (job.reply === undefined) {
        await steps.wait(500);
        job = await steps.reply({ method: 'GET', path: `/jobs/${encodeURIComponent(job.id)}` }, (body) => body as Job);
      }
    } catch (error) {
      // nobody waits any more: tell the service, without waiting for its answer
      sendAside(wire, call, { method: 'DELETE', path: `/jobs/${encodeURIComponent(job.id)}` });
      throw error;
    }
    return job.reply;
  });
