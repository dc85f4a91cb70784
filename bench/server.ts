import { createServer } from 'node:http';

/** The far end of every measurement, in a process of its own: OpenAI's wire format, as fast as node:http answers. */
const reply = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_794_000_000,
  model: 'bench',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'All is well. '.repeat(40), refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 900,
    completion_tokens: 120,
    total_tokens: 1020,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
});

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_794_000_000, model: 'bench', choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;

const FIRST = chunk({ role: 'assistant', content: '', refusal: null });
const WORD = chunk({ content: ' wonderful' });
const LAST = `${chunk({}, 'stop')}data: [DONE]\n\n`;
const BATCH = WORD.repeat(200);

const server = createServer((request, response) => {
  let head = '';
  request.on('data', (bytes: Buffer) => {
    if (head.length < 4096) head += bytes.toString('latin1', 0, 4096);
  });
  request.on('end', () => {
    const model = /"model":"([^"]+)"/.exec(head)?.[1] ?? 'plain';
    if (!model.startsWith('stream')) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(reply),
        'x-request-id': 'req_bench',
      });
      response.end(reply);
      return;
    }
    const [, mode = 'burst', count = '100', every = '20'] = model.split('-');
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_bench' });
    response.write(FIRST);
    if (mode === 'hold') {
      response.write(WORD);
      return;
    }
    let left = Number(count);
    if (mode === 'paced') {
      const timer = setInterval(() => {
        response.write(WORD);
        if (--left > 0) return;
        clearInterval(timer);
        response.end(LAST);
      }, Number(every));
      response.on('close', () => clearInterval(timer));
      return;
    }
    const pump = (): void => {
      while (left > 0) {
        left -= 200;
        if (!response.write(BATCH)) {
          response.once('drain', pump);
          return;
        }
      }
      response.end(LAST);
    };
    pump();
  });
});

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
process.on('disconnect', () => process.exit());
