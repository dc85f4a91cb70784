import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** What a plain HTTP client saw of an answer, however it ended. */
export interface Seen {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body ended as HTTP says it must. */
  readonly complete: boolean;
  readonly error: string | undefined;
}

export interface Sent {
  readonly method?: string;
  /** Besides a bearer token; `authorization: ''` takes that off. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Ends the exchange from this side after so many milliseconds of silence. */
  readonly leaveAfterMs?: number;
}

/** One request on a connection of its own. */
export function send(url: string, { method = 'POST', headers = {}, body, leaveAfterMs }: Sent = {}): Promise<Seen> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let answered: Seen['headers'] = {};
    let text = '';
    let complete = false;
    let error: string | undefined;
    const done = (): void => resolve({ status, headers: answered, text, complete, error });
    const { authorization = 'Bearer test', ...others } = headers;
    const sent = authorization === '' ? others : { authorization, ...others };
    const request = httpRequest(url, { method, headers: sent, agent: false });
    const timer = leaveAfterMs === undefined ? undefined : setTimeout(() => request.destroy(), leaveAfterMs);
    request.on('response', (response) => {
      status = response.statusCode;
      answered = response.headers;
      response.setEncoding('utf8');
      timer?.refresh();
      response.on('data', (part: string) => {
        timer?.refresh();
        text += part;
      });
      response.on('error', (cause: NodeJS.ErrnoException) => {
        error ??= cause.code ?? cause.message;
      });
      response.on('close', () => {
        complete = response.complete;
        clearTimeout(timer);
        done();
      });
    });
    request.on('error', (cause: NodeJS.ErrnoException) => {
      error ??= cause.code ?? cause.message;
      if (status === undefined) {
        clearTimeout(timer);
        done();
      }
    });
    request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** Writes a request by hand and reports every read of the socket and its end. */
export function sendRaw(url: string, body: unknown): Promise<{ reads: string[]; error: string | undefined }> {
  const { hostname, port, pathname } = new URL(url);
  const json = JSON.stringify(body);
  return new Promise((resolve) => {
    const reads: string[] = [];
    let error: string | undefined;
    const socket = connect(Number(port), hostname);
    socket.on('data', (part) => reads.push(part.toString('latin1')));
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code;
    });
    socket.on('close', () => resolve({ reads, error }));
    socket.write(
      `POST ${pathname} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer test\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
  });
}
