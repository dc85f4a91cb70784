import type { MockAnswer, MockDialect, MockFrame } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openaiServer } from '../../dialects/openai/server.ts';

type Fields = Readonly<Record<string, unknown>>;

const bodyOf = (answer: MockAnswer): Fields => (isRecord(answer.body) ? answer.body : {});

/** `{ "detail": … }`, as FastAPI has it. */
const detailed = (answer: MockAnswer): MockAnswer => {
  const { error } = bodyOf(answer);
  return isRecord(error) ? { ...answer, body: { detail: error.message } } : answer;
};

/** Voyage: `output_dimension`, `top_k`, `data` for every list, and a total of tokens only. */
export const voyageServer: MockDialect = {
  ...openaiServer,
  ask: (request) => {
    const body: Fields = isRecord(request.body) ? request.body : {};
    const { output_dimension: dimensions, top_k: top_n } = body;
    const asked = openaiServer.ask({ ...request, body: { ...body, dimensions, top_n } });
    return asked?.operation === 'chat' || asked?.operation === 'complete' || asked?.operation === 'models' ? undefined : asked;
  },
  embeddings: (vectors, asked) => withTotal(openaiServer.embeddings?.(vectors, asked)),
  rerank: (results, asked) => {
    const answer = openaiServer.rerank?.(results, asked);
    const { results: data, usage } = answer === undefined ? {} : bodyOf(answer);
    return { status: 200, headers: {}, body: { object: 'list', data, model: asked.model, usage } };
  },
  failure: (name, asked, options) => detailed(openaiServer.failure(name, asked, options)),
};

function withTotal(answer: MockAnswer | undefined): MockAnswer {
  const body = answer === undefined ? {} : bodyOf(answer);
  const total = isRecord(body.usage) ? body.usage.total_tokens : 0;
  return { status: 200, headers: {}, body: { ...body, usage: { total_tokens: total } } };
}

/** Jina: `embedding_type` for the encoding; documents come back unless they are declined. */
export const jinaServer: MockDialect = {
  ...voyageServer,
  ask: (request) => {
    const body: Fields = isRecord(request.body) ? request.body : {};
    const { embedding_type: encoding_format = body.encoding_format, return_documents = true } = body;
    const asked = openaiServer.ask({ ...request, body: { ...body, encoding_format, return_documents } });
    return asked?.operation === 'embed' || asked?.operation === 'rerank' ? asked : undefined;
  },
  rerank: (results, asked) => openaiServer.rerank?.(results, asked) ?? { status: 404, headers: {}, body: {} },
};

/** AI21: no `object`, `created` and `model`; usage on the last chunk without being asked for; `detail` where keys and windows fail. */
export const ai21Server: MockDialect = {
  ...openaiServer,
  reply: (reply, asked) => {
    const answer = openaiServer.reply(reply, asked);
    return { ...answer, body: headless(bodyOf(answer)) };
  },
  stream: (reply, asked) => {
    const { headers, frames } = openaiServer.stream(reply, { ...asked, includeUsage: true });
    const usage = frames.map(eventOf).find((event) => isRecord(event?.usage))?.usage;
    return { headers, frames: frames.flatMap((frame) => withoutHead(frame, usage)) };
  },
  failure: (name, asked, options) => {
    const answer = openaiServer.failure(name, asked, options);
    const detail = DETAILS[name];
    return detail === undefined ? answer : { ...answer, status: detail.status, body: { detail: detail.text } };
  },
  errorFrame: (name, asked) => {
    const detail = DETAILS[name];
    if (detail === undefined) return openaiServer.errorFrame(name, asked);
    return `data: ${JSON.stringify({ detail: detail.text })}\n\n`;
  },
};

const DETAILS: Readonly<Record<string, { readonly status: number; readonly text: string } | undefined>> = {
  auth: { status: 401, text: 'Forbidden: Bad or missing API token.' },
  contextWindow: { status: 422, text: 'Request too many tokens: 1999 + 50 > 2048' },
};

function headless({ object: _, created: __, model: ___, ...rest }: Fields): Fields {
  return rest;
}

function eventOf({ text }: MockFrame): Fields | undefined {
  if (typeof text !== 'string' || !text.startsWith('data: {')) return undefined;
  return JSON.parse(text.slice(6)) as Fields;
}

function withoutHead(frame: MockFrame, usage: unknown): MockFrame[] {
  const event = eventOf(frame);
  if (event === undefined) return [frame];
  if (Array.isArray(event.choices) && event.choices.length === 0) return [];
  const { usage: _, ...rest } = headless(event);
  const last = frame.terminal ? { ...rest, usage } : rest;
  return [{ ...frame, text: `data: ${JSON.stringify(last)}\n\n` }];
}
