import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../chat-rules.ts';
import { pageAsked, pageOf } from '../mock-pages.ts';
import { anthropicBatches } from './server-batches.ts';
import { errorBody, failureAnswer } from './server-failures.ts';

const HEADERS = { 'request-id': 'req_011MockServer', 'anthropic-organization-id': 'org-mock' };
const CREATED_AT = '2026-01-01T00:00:00Z';
const PAGES = { after: 'after_id', size: 'limit', usual: 20, most: 1000 };
const SIGNATURE = 'RXFRbW9ja1NpZ25hdHVyZQ==';

const STOP_REASONS: Readonly<Record<MockReply['finishReason'], string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
};

/** The Messages API, backwards. Official clients can talk to it. */
export const anthropicServer: MockDialect = {
  ask(request) {
    const [path = ''] = request.path.split('?');
    const route = `${request.method} ${path.replace(/^(?:\/v1)?\//, '/')}`;
    if (route === 'GET /models') return { ...askOf('models', request), page: pageAsked(request.path, PAGES) };
    if (route === 'POST /messages') return askOf('chat', request);
    if (route === 'POST /messages/count_tokens') return askOf('count', request);
    return undefined;
  },
  authorized({ headers }) {
    const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    const key = headers['x-api-key'] ?? bearer ?? '';
    return key !== '' && key !== 'wrong';
  },
  reply(reply, ask) {
    if (ask.operation === 'count') return answer({ input_tokens: reply.usage.promptTokens });
    return answer({ ...opening(ask), content: blocksOf(reply), ...endingOf(reply), usage: usageOf(reply) });
  },
  stream(reply, ask) {
    return {
      headers: { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
      frames: [...framesOf(reply, ask)],
    };
  },
  models(ids, { page }) {
    const { items, next } = pageOf(ids, page);
    const data = items.map((id) => ({
      type: 'model',
      id,
      display_name: id,
      created_at: CREATED_AT,
      max_input_tokens: 200_000,
      max_tokens: 64_000,
      capabilities: null,
      lifecycle: 'active',
      line: null,
      deprecated_at: null,
      retires_at: null,
    }));
    return answer({ data, has_more: next !== undefined, first_id: items[0] ?? null, last_id: items.at(-1) ?? null });
  },
  batches: anthropicBatches,
  failure: failureAnswer,
  errorFrame: (name) => frame(errorBody(name, undefined)).text,
};

function askOf(operation: MockAsk['operation'], { body }: MockRequest): MockAsk {
  const fields = isRecord(body) ? body : {};
  return { operation, model: String(fields.model ?? ''), stream: fields.stream === true, includeUsage: true };
}

const answer = (body: object): MockAnswer => ({ status: 200, headers: { ...HEADERS, 'content-type': 'application/json' }, body });

const opening = (ask: MockAsk): object => ({
  id: 'msg_01MockServer',
  type: 'message',
  role: 'assistant',
  model: ask.model,
  container: null,
});

function endingOf({ finishReason }: MockReply): object {
  const explanation = 'The request goes against the usage policy.';
  const refused = finishReason === 'content_filter' ? { type: 'refusal', category: 'general_harms', explanation } : null;
  return { stop_reason: STOP_REASONS[finishReason], stop_sequence: null, stop_details: refused };
}

function usageOf({ usage }: MockReply): object {
  const cached = usage.cachedTokens ?? 0;
  return {
    input_tokens: Math.max(0, usage.promptTokens - cached),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: usage.reasoningTokens === undefined ? null : { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    service_tier: 'standard',
  };
}

/** Content blocks of a whole answer. */
function blocksOf(reply: MockReply): Record<string, unknown>[] {
  const blocks: Record<string, unknown>[] = [];
  if (reply.reasoning !== '') blocks.push({ type: 'thinking', thinking: reply.reasoning, signature: SIGNATURE });
  if (reply.text !== '') blocks.push({ type: 'text', text: reply.text, citations: null });
  for (const [index, call] of reply.toolCalls.entries()) {
    blocks.push({ type: 'tool_use', id: call.id ?? `toolu_01Mock${index}`, name: call.name, input: call.arguments });
  }
  return blocks;
}

function* framesOf(reply: MockReply, ask: MockAsk): Generator<MockFrame> {
  const usage = usageOf(reply);
  const start = { ...opening(ask), content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  yield frame({
    type: 'message_start',
    message: { ...start, usage: { ...usage, output_tokens: 1, output_tokens_details: null } },
  });
  const blocks = blocksOf(reply);
  for (const [index, block] of blocks.entries()) {
    yield frame({ type: 'content_block_start', index, content_block: { ...block, ...EMPTY[String(block.type)] } });
    if (index === 0) yield frame({ type: 'ping' });
    for (const { delta, content } of deltasOf(block, reply)) yield frame({ type: 'content_block_delta', index, delta }, content);
    yield frame({ type: 'content_block_stop', index });
  }
  yield frame({ type: 'message_delta', delta: { ...endingOf(reply), container: null }, usage });
  yield { ...frame({ type: 'message_stop' }), terminal: true };
}

/** What `content_block_start` holds in place of the content. */
const EMPTY: Readonly<Record<string, object>> = {
  thinking: { thinking: '', signature: '' },
  text: { text: '' },
  tool_use: { input: {} },
};

function* deltasOf(block: Record<string, unknown>, reply: MockReply): Generator<{ delta: object; content: boolean }> {
  if (block.type === 'thinking') {
    for (const thinking of halves(reply.reasoning)) yield { delta: { type: 'thinking_delta', thinking }, content: true };
    yield { delta: { type: 'signature_delta', signature: SIGNATURE }, content: false };
  } else if (block.type === 'text') {
    const pieces = typeof reply.chunks === 'number' ? slices(reply.text, reply.chunks) : reply.chunks;
    for (const text of pieces) yield { delta: { type: 'text_delta', text }, content: true };
  } else {
    yield { delta: { type: 'input_json_delta', partial_json: '' }, content: false };
    const json = JSON.stringify(block.input);
    if (json !== '{}')
      for (const part of halves(json)) yield { delta: { type: 'input_json_delta', partial_json: part }, content: true };
  }
}

function frame(event: Readonly<Record<string, unknown>>, content = false): MockFrame {
  return { text: `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`, content, terminal: false };
}

const halves = (text: string): string[] => slices(text, 2);

/** Cuts between code points, never inside one. */
function slices(text: string, count: number): string[] {
  const points = [...text];
  const size = Math.max(1, Math.ceil(points.length / Math.max(1, count)));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => points.slice(i * size, (i + 1) * size).join(''));
}
