import { EventStreamCodec } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventFrame, exceptionFrame } from '../../../src/wire/framing/aws-event-frames.ts';
import { AWSEventStream, AWSPayloadParts } from '../../../src/wire/framing/aws-event-stream.ts';
import { EXCEPTION } from '../../../src/wire/framing/aws-exceptions.ts';
import { FramingCut } from '../../../src/wire/framing/broken-frames.ts';
import { SSEParser } from '../../../src/wire/framing/sse.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

// frames with checksums made by another implementation
const MESSAGE_START = hex(
  '000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599',
);
const THROTTLED = hex(
  '0000008800000061de0175f40f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22736c6f7720646f776e227d832ee072',
);
const PAYLOAD_PART = hex(
  '00000070000000598e47d6f60b3a6576656e742d7479706507000b5061796c6f6164506172740d3a636f6e74656e742d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700056576656e74646174613a207b8473b9e2',
);

type Seen = [data: string, name: string];

function readIn(reads: readonly Uint8Array[], framing = new AWSEventStream() as AWSEventStream | AWSPayloadParts): Seen[] {
  const seen: Seen[] = [];
  const onEvent = (data: string, name: string): void => void seen.push([data, name]);
  for (const bytes of reads) framing.feed(bytes, onEvent);
  framing.flush(onEvent);
  return seen;
}

/** Cuts bytes at the given positions. Every piece is a view of a larger buffer, as a socket's reads are. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const roomy = new Uint8Array(bytes.byteLength + 6);
  roomy.set(bytes, 3);
  const ends = [...new Set(at.map((position) => position % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, i) => roomy.subarray(3 + start, 3 + (ends[i] ?? bytes.byteLength)));
}

describe('event streams of AWS', () => {
  it('read frames that another implementation made', () => {
    expect(readIn([MESSAGE_START])).toEqual([['{"role":"assistant"}', 'messageStart']]);
    expect(readIn([THROTTLED])).toEqual([['{"message":"slow down","code":"throttlingException"}', EXCEPTION]]);
    expect(readIn([PAYLOAD_PART])).toEqual([['data: {', 'PayloadPart']]);
  });

  it('write the same frames', () => {
    expect(Buffer.from(eventFrame('messageStart', '{"role":"assistant"}'))).toEqual(Buffer.from(MESSAGE_START));
    expect(Buffer.from(exceptionFrame('throttlingException', '{"message":"slow down"}'))).toEqual(Buffer.from(THROTTLED));
    expect(Buffer.from(eventFrame('PayloadPart', Buffer.from('data: {')))).toEqual(Buffer.from(PAYLOAD_PART));
  });

  it('come out the same wherever the reads cut them', () => {
    const long = eventFrame('contentBlockDelta', JSON.stringify({ delta: { text: 'ü世👋'.repeat(20_000) } }));
    const whole = Uint8Array.from(Buffer.concat([MESSAGE_START, long, THROTTLED, MESSAGE_START]));
    const expected = readIn([whole]);
    expect(expected).toHaveLength(4);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (at) => {
        expect(readIn(cut(whole, at))).toEqual(expected);
      }),
      { numRuns: 200 },
    );
    const small = Uint8Array.from(Buffer.concat([MESSAGE_START, THROTTLED]));
    expect(readIn(Array.from(small, (byte) => Uint8Array.of(byte)))).toEqual(readIn([small]));
  });

  it('refuse a frame in which any byte is wrong', () => {
    fc.assert(
      fc.property(fc.nat(MESSAGE_START.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const broken = Uint8Array.from(MESSAGE_START);
        broken[at] = (broken[at] ?? 0) ^ change;
        expect(() => readIn([broken])).toThrow();
      }),
    );
  });

  it('say when the bytes end within a frame', () => {
    for (const length of [1, 7, 11, 117]) expect(() => readIn([MESSAGE_START.subarray(0, length)])).toThrow(FramingCut);
  });

  it('refuse impossible lengths at once', () => {
    const framing = new AWSEventStream();
    expect(() => framing.feed(hex('7fffffff00000000'), () => {})).toThrow(/impossible/);
    expect(() => framing.feed(Buffer.from('HTTP/1.1 200 OK'), () => {})).toThrow(/impossible/);
  });

  it('tell errors without a payload', () => {
    const codec = new EventStreamCodec(
      (bytes) => Buffer.from(bytes).toString(),
      (text) => Buffer.from(text),
    );
    const text = (value: string) => ({ type: 'string' as const, value });
    const frame = codec.encode({
      headers: { ':message-type': text('error'), ':error-code': text('InternalFailure'), ':error-message': text('oh no') },
      body: new Uint8Array(),
    });
    expect(readIn([frame])).toEqual([['{"code":"InternalFailure","message":"oh no"}', EXCEPTION]]);
  });

  it('keep an exception whose payload is no JSON', () => {
    expect(readIn([exceptionFrame('modelTimeoutException', 'took too long')])).toEqual([
      ['{"message":"took too long","code":"modelTimeoutException"}', EXCEPTION],
    ]);
  });
});

describe('payload parts', () => {
  const TEXT = 'data: {"a":"ü世👋"}\n\ndata: {"b":2}\r\n\r\n: comment\n\ndata: [DONE]\n\n';
  const expected: Seen[] = [
    ['{"a":"ü世👋"}', ''],
    ['{"b":2}', ''],
    ['[DONE]', ''],
  ];

  it('are put together again wherever they were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 10 }), (parts, reads) => {
        const frames = cut(Buffer.from(TEXT), parts).map((part) => eventFrame('PayloadPart', part));
        const bytes = Uint8Array.from(Buffer.concat(frames));
        expect(readIn(cut(bytes, reads), new AWSPayloadParts(new SSEParser()))).toEqual(expected);
      }),
    );
  });

  it('hand exceptions on beside them', () => {
    const bytes = Buffer.concat([
      eventFrame('PayloadPart', Buffer.from('data: 1\n\n')),
      exceptionFrame('ModelStreamError', '{"Message":"broken","ErrorCode":"StreamBroken"}'),
    ]);
    expect(readIn([Uint8Array.from(bytes)], new AWSPayloadParts(new SSEParser()))).toEqual([
      ['1', ''],
      ['{"Message":"broken","ErrorCode":"StreamBroken","code":"ModelStreamError"}', EXCEPTION],
    ]);
  });
});
