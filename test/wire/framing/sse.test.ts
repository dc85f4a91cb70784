import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramingOverflow } from '../../../src/wire/framing/line-assembler.ts';
import { SSEParser } from '../../../src/wire/framing/sse.ts';

type Event = readonly [data: string, event: string];

function parse(reads: readonly Uint8Array[], maxBytes?: number): Event[] {
  const events: Event[] = [];
  const parser = new SSEParser(maxBytes);
  const collect = (data: string, event: string): void => void events.push([data, event]);
  for (const read of reads) {
    // a transport may reuse its buffer: what the parser keeps must be a copy
    const lent = Buffer.from(read);
    parser.feed(lent, collect);
    lent.fill(0x58);
  }
  parser.flush(collect);
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parseText = (text: string): Event[] => parse([bytes(text)]);

describe('server-sent events', () => {
  it.each<[string, string, Event[]]>([
    [
      'single data lines',
      'data: {"a":1}\n\ndata: [DONE]\n\n',
      [
        ['{"a":1}', ''],
        ['[DONE]', ''],
      ],
    ],
    [
      'no space after the colon',
      'data:x\n\ndata:  y\n\n',
      [
        ['x', ''],
        [' y', ''],
      ],
    ],
    [
      'CRLF',
      'event: ping\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n',
      [
        ['1', 'ping'],
        ['2', ''],
      ],
    ],
    [
      'lone CR',
      'data: 1\r\rdata: 2\r\r',
      [
        ['1', ''],
        ['2', ''],
      ],
    ],
    [
      'mixed line ends',
      'data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\n\r',
      [
        ['1\n2\n3', ''],
        ['4', ''],
      ],
    ],
    ['a byte order mark', '\uFEFFdata: 1\n\n', [['1', '']]],
    ['a byte order mark later on', 'data: \uFEFF1\n\n', [['\uFEFF1', '']]],
    ['comments', ': OPENROUTER PROCESSING\n\n:\n\ndata: 1\n: between\ndata: 2\n\n', [['1\n2', '']]],
    [
      'named events',
      'event: message_start\nid: 7\nretry: 10\ndata: {}\n\ndata: {}\n\n',
      [
        ['{}', 'message_start'],
        ['{}', ''],
      ],
    ],
    ['a name without data', 'event: ping\n\ndata: 1\n\n', [['1', '']]],
    ['a name after the data', 'data: 1\nevent: late\n\n', [['1', 'late']]],
    ['data of several lines', 'data: a\ndata:\ndata: b\n\n', [['a\n\nb', '']]],
    [
      'an empty data field',
      'data\n\ndata:\n\n',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['unknown fields', 'datum: 1\nfoo\ndata: 2\nx-y: z\n\n', [['2', '']]],
    [
      'no blank line at the end',
      'data: 1\n\ndata: 2',
      [
        ['1', ''],
        ['2', ''],
      ],
    ],
    ['one newline at the end', 'event: e\ndata: 2\n', [['2', 'e']]],
    ['nothing', '', []],
    ['only blank lines', '\n\n\r\n', []],
    ['a bare JSON error', '{"error":{"message":"no"}}', [['{"error":{"message":"no"}}', 'raw']]],
    [
      'a bare JSON error amid events',
      'data: 1\n\n{"error":1}\n\ndata: 2\n\n',
      [
        ['1', ''],
        ['{"error":1}', 'raw'],
        ['2', ''],
      ],
    ],
    [
      'pretty-printed bare JSON',
      '{\n  "error": {\n    "a": 1\n  }\n}\ndata: 2\n\n',
      [
        ['{\n  "error": {\n    "a": 1\n  }\n}', 'raw'],
        ['2', ''],
      ],
    ],
    ['a bare JSON array', '[{\n  "error": 1\n}\n]\n', [['[{\n  "error": 1\n}', 'raw']]],
    ['bare JSON that breaks off', '{"error":\n"x', [['{"error":\n"x', 'raw']]],
    ['a page', '<html>\n<body>data: x</body>\n', []],
  ])('%s', (_name, text, expected) => {
    expect(parseText(text)).toEqual(expected);
  });

  it('marks what is not UTF-8', () => {
    expect(parse([new Uint8Array([...bytes('data: a'), 0xff, ...bytes('b\n\n')])])).toEqual([['a\uFFFDb', '']]);
  });

  it('does not depend on where the bytes are cut', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
      fc.constantFrom(
        '',
        '',
        'event: häppy 😀',
        'id: 1',
        ': comment',
        'data',
        'data:😀',
        '{"error":"ü"}',
        '{',
        '  "a": 1',
        '}',
        '[1,',
      ),
    );
    const transcript = fc
      .tuple(
        fc.boolean(),
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 12 }),
        fc.string({ maxLength: 4 }),
      )
      .map(([bom, lines, rest]) => (bom ? '\uFEFF' : '') + lines.map((pair) => pair.join('')).join('') + rest);
    fc.assert(
      fc.property(transcript, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
        const whole = bytes(text);
        const expected = parse([whole]);
        const at = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
        const reads = [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length));
        expect(parse(reads)).toEqual(expected);
        expect(parse(Array.from(whole, (byte) => new Uint8Array([byte])))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('delivers an event as soon as its blank line is there, even a lone CR', () => {
    const events: string[] = [];
    const parser = new SSEParser();
    parser.feed(bytes('data: 1\r\r'), (data) => events.push(data));
    expect(events).toEqual(['1']);
    parser.feed(bytes('data: 2\n\ndata: '), (data) => events.push(data));
    expect(events).toEqual(['1', '2']);
  });

  it('takes a line of many reads in time linear to its length', () => {
    const read = new Uint8Array(1024).fill(0x61);
    const parser = new SSEParser();
    let length = 0;
    parser.feed(bytes('data: '), () => {});
    for (let i = 0; i < 16 * 1024; i++) parser.feed(read, () => {});
    parser.feed(bytes('\n\n'), (data) => {
      length = data.length;
    });
    expect(length).toBe(16 * 1024 * 1024);
  });

  it.each([
    ['a line that never ends', ['data: ', 'x'.repeat(200)]],
    ['a long line in one read', [`data: ${'x'.repeat(200)}\n\n`]],
    ['an event of many lines', Array<string>(60).fill('data: xx\n')],
    ['bare JSON', Array<string>(60).fill('{ x\n')],
  ])('refuses %s', (_name, reads) => {
    expect(() => parse(reads.map(bytes), 100)).toThrow(FramingOverflow);
  });
});
