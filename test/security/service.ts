import type { RequestListener, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, expect } from 'vitest';
import type { ClientOptions, LLMClient, LLMError } from '../../src/index.ts';
import { createClient, isLLMError } from '../../src/index.ts';
import { rejection } from '../support/client.ts';
import { httpServer } from '../wire/loopback.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Closed after the test. */
export function kept<T extends { close(): Promise<unknown> }>(one: T): T {
  open.push(one);
  return one;
}

/** A service that means no good; gives its origin. */
export async function service(listener: RequestListener): Promise<string> {
  return kept(await httpServer(listener)).origin;
}

export const refusal = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }));
};

/** Both ways in which bytes travel. */
export const TRANSPORTS: readonly (readonly [string, ClientOptions])[] = [
  ['undici', {}],
  ['fetch', { fetch: (...given: Parameters<typeof fetch>) => fetch(...given) }],
];

export const client = (options: ClientOptions): LLMClient => kept(createClient({ use: [], ...options }));

export const user = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }];

export async function failureOf(call: PromiseLike<unknown>): Promise<LLMError> {
  const error = await rejection(call as Promise<unknown>);
  if (!isLLMError(error)) expect.fail(`not a typed error: ${inspect(error)}`);
  return error;
}

/** Everything that people print, log or send of an error. */
export function shown(error: LLMError): string {
  return `${inspect(error, { depth: 12 })}\n${error.stack}\n${JSON.stringify(error)}\n${inspect(error.attempts, { depth: 12 })}`;
}

/** Writes for as long as anybody reads, or until that much is written. */
export function flood(response: ServerResponse, piece: string, most: number = Number.POSITIVE_INFINITY): void {
  let written = 0;
  const write = (): void => {
    while (!response.destroyed && written < most) {
      written += piece.length;
      if (!response.write(piece)) return void response.once('drain', write);
    }
    if (!response.destroyed) response.end();
  };
  write();
}
