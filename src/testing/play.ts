import { Buffer } from 'node:buffer';
import type { MockAnswer, MockAsk, MockDialect } from '../contract/mock.ts';
import type { Fault } from './fault.ts';
import type { Outgoing } from './outgoing.ts';
import type { RenderedAnswer, RenderedStream } from './render.ts';
import { renderAnswer, renderStream, vectorOf } from './render.ts';
import type { Reply } from './reply.ts';

/** Where an item is played: who is asked for what, and the connection. */
export interface Stage {
  readonly provider: string;
  readonly dialect: MockDialect;
  readonly ask: MockAsk;
  readonly models: readonly string[];
  readonly outgoing: Outgoing;
}

const GARBAGE = Buffer.from('\u0000\u0001\u0002\u00ff}{ not the protocol\n\ndata: \u0000]not json[\n\n', 'latin1');
const PAGE =
  '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in to the network</h1></body></html>\n';
const DEFAULT_DIMENSIONS = 8;
const DRIPS = 16;

/** Answers a request with a reply or a fault. */
export async function play(item: Reply | Fault, stage: Stage): Promise<void> {
  const { outgoing, dialect, ask } = stage;
  if (item.type === 'reply') {
    if (ask.stream) return playStream(item, stage, item.burst ? { burst: true } : { between: item.delayMs });
    const answer = answerOf(item, stage);
    await outgoing.wait(item.delayMs);
    return outgoing.whole(answer.status, answer.headers, answer.body);
  }
  switch (item.name) {
    case 'status':
      return send(outgoing, item);
    case 'failure':
      return send(outgoing, dialect.failure(item.failure, ask, item));
    case 'html':
      return send(outgoing, { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE });
    case 'empty':
      return outgoing.whole(200, successHeaders(stage), Buffer.alloc(0));
    case 'garbage':
      return outgoing.whole(200, successHeaders(stage), GARBAGE);
    case 'later':
      return send(outgoing, { status: 202, headers: {}, body: '' });
    case 'refused':
    case 'resetBeforeHeaders':
      return outgoing.reset();
    default:
      return ask.stream ? breakStream(item, stage) : breakWhole(item, stage);
  }
}

/** What a line of a batch is answered with: a reply, or a fault that has a status; any other is an error of the server's. */
export function lineAnswer(item: Reply | Fault, stage: Omit<Stage, 'outgoing'>): MockAnswer {
  const { dialect, ask } = stage;
  if (item.type === 'reply') return spoken(item, stage);
  if (item.name === 'status') return item;
  return dialect.failure(item.name === 'failure' ? item.failure : 'internal', ask, {});
}

type BodyFault = Extract<Fault, { readonly reply: Reply }>;

async function breakStream(item: BodyFault, stage: Stage): Promise<void> {
  const { outgoing, dialect, ask } = stage;
  switch (item.name) {
    case 'resetAfterHeaders':
      outgoing.head(200, streamOf(item, stage).headers, true);
      return outgoing.reset();
    case 'cutAfter':
      await playOpening(item.reply, stage, item.chunks);
      return outgoing.cut();
    case 'stall':
      return playOpening(item.reply, stage, item.chunks);
    case 'drip':
      return playStream(item.reply, stage, { between: item.ms, first: item.ms });
    case 'slowFirstToken':
      return playStream(item.reply, stage, { first: item.ms });
    case 'noTerminal':
      return playStream(item.reply, stage, { terminal: false });
    case 'errorEvent':
      await playOpening(item.reply, stage, item.chunks);
      await outgoing.write(Buffer.from(dialect.errorFrame(item.failure, ask)));
      return outgoing.end();
  }
}

async function breakWhole(item: BodyFault, stage: Stage): Promise<void> {
  const { outgoing, dialect, ask } = stage;
  const answer = answerOf(item.reply, stage);
  const half = answer.body.subarray(0, answer.body.byteLength >> 1);
  const headers = { ...answer.headers, 'content-length': String(answer.body.byteLength) };
  switch (item.name) {
    case 'resetAfterHeaders':
      outgoing.head(200, headers, true);
      return outgoing.reset();
    case 'cutAfter':
      outgoing.head(200, headers);
      await outgoing.write(half);
      return outgoing.cut();
    case 'stall':
      return;
    case 'drip':
      outgoing.head(200, headers, true);
      for (const piece of pieces(answer.body)) {
        await outgoing.wait(item.ms);
        await outgoing.write(piece);
      }
      return outgoing.end();
    case 'slowFirstToken':
      await outgoing.wait(item.ms);
      return outgoing.whole(answer.status, answer.headers, answer.body);
    case 'noTerminal':
      return outgoing.whole(answer.status, answer.headers, answer.body);
    case 'errorEvent':
      return send(outgoing, { ...dialect.failure(item.failure, ask, {}), status: 200 });
  }
}

interface Pace {
  /** Everything in one write. */
  readonly burst?: boolean;
  /** Milliseconds before the first content. */
  readonly first?: number;
  /** Milliseconds before each frame after the first content. */
  readonly between?: number;
  /** Whether the terminal frames are sent. */
  readonly terminal?: boolean;
}

async function playStream(reply: Reply, stage: Stage, pace: Pace): Promise<void> {
  const { outgoing } = stage;
  const { headers, frames } = renderStream(reply, stage.provider, stage.dialect, stage.ask);
  outgoing.head(200, headers, (pace.first ?? 0) > 0);
  if (pace.burst) {
    await outgoing.write(Buffer.concat(frames.map((frame) => frame.bytes)));
    return outgoing.end();
  }
  let started = false;
  for (const frame of frames) {
    if (!outgoing.open) return;
    if (frame.terminal && pace.terminal === false) continue;
    if (started) await outgoing.wait(pace.between ?? 0);
    else if (frame.content) await outgoing.wait(pace.first ?? 0);
    started ||= frame.content;
    await outgoing.write(frame.bytes);
  }
  outgoing.end();
}

/** The head, and the frames up to and with content frame number `chunks`, but never the terminal one. */
async function playOpening(reply: Reply, stage: Stage, chunks: number): Promise<void> {
  const { headers, frames } = renderStream(reply, stage.provider, stage.dialect, stage.ask);
  stage.outgoing.head(200, headers, true);
  let left = chunks;
  for (const frame of frames) {
    if (frame.terminal || (frame.content && left-- <= 0)) return;
    await stage.outgoing.write(frame.bytes);
    if (chunks > 0 && left <= 0) return;
  }
}

const answerOf = (reply: Reply, stage: Stage): RenderedAnswer => renderAnswer(spoken(reply, stage));

function spoken(reply: Reply, { dialect, ask, models }: Omit<Stage, 'outgoing'>): MockAnswer {
  if (ask.operation === 'models') return dialect.models(models, ask);
  if (ask.operation === 'rerank' && dialect.rerank !== undefined) return dialect.rerank(ranked(ask), ask);
  if (ask.operation !== 'embed') return dialect.reply(reply.content, ask);
  if (dialect.embeddings === undefined) return dialect.failure('notFound', ask, {});
  const vectors = (ask.inputs ?? ['']).map((text) => vectorOf(text, ask.dimensions ?? DEFAULT_DIMENSIONS));
  return dialect.embeddings(vectors, ask);
}

/** The first document is the most relevant, and so on: scores that a test can foresee. */
const ranked = ({ documents = [], topN = documents.length }: MockAsk): { index: number; score: number }[] =>
  documents.slice(0, topN).map((_, index) => ({ index, score: 1 / (index + 1) }));

const streamOf = (item: BodyFault, stage: Stage): RenderedStream =>
  renderStream(item.reply, stage.provider, stage.dialect, stage.ask);

/** The headers of a good answer to this request, without its body. */
function successHeaders(stage: Stage): Readonly<Record<string, string>> {
  const plain = EMPTY_REPLY;
  if (stage.ask.stream) return renderStream(plain, stage.provider, stage.dialect, stage.ask).headers;
  return answerOf(plain, stage).headers;
}

const EMPTY_REPLY: Reply = {
  type: 'reply',
  content: {
    text: '',
    toolCalls: [],
    reasoning: '',
    usage: { promptTokens: 0, completionTokens: 0 },
    finishReason: 'stop',
    chunks: [],
  },
  delayMs: 0,
  burst: false,
};

function send(outgoing: Outgoing, answer: MockAnswer): void {
  const { status, headers, body } = renderAnswer(answer);
  outgoing.whole(status, headers, body);
}

function* pieces(body: Uint8Array): Generator<Uint8Array> {
  const size = Math.max(1, Math.ceil(body.byteLength / DRIPS));
  for (let at = 0; at < body.byteLength; at += size) yield body.subarray(at, at + size);
}
