import { execFile } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chosenDispatcher } from '../../src/wire/global-dispatcher.ts';
import { undiciTransport } from '../../src/wire/undici-transport.ts';
import type { Loopback } from './loopback.ts';
import { httpServer, tcpServer } from './loopback.ts';
import { aWhile, RecordingReceiver, requestTo } from './recording-receiver.ts';

const LEGACY = Symbol.for('undici.globalDispatcher.1');
const globals = globalThis as unknown as Record<symbol, unknown>;
const automatic = getGlobalDispatcher();
const automaticLegacy = globals[LEGACY];

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  setGlobalDispatcher(automatic);
  globals[LEGACY] = automaticLegacy;
  vi.unstubAllEnvs();
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function answering(text: string): Promise<Loopback> {
  const server = await httpServer((request, response) => void request.resume().on('end', () => response.end(text)));
  cleanup.push(server.close);
  return server;
}

/** An agent that brings every call to one server and counts them. */
class Diverting extends Agent {
  calls = 0;
  override dispatch(...[options, handler]: Parameters<Agent['dispatch']>): boolean {
    this.calls++;
    return super.dispatch(options, handler);
  }
}

describe('the global dispatcher', () => {
  it('counts only when it was chosen', () => {
    expect(chosenDispatcher()).toBeUndefined();
    setGlobalDispatcher(new Agent());
    expect(chosenDispatcher()).toBeUndefined();
    const limited = new Agent({ connections: 3 });
    setGlobalDispatcher(limited);
    expect(chosenDispatcher()).toBe(limited);
    const composed = new Agent().compose((dispatch) => dispatch);
    setGlobalDispatcher(composed);
    expect(chosenDispatcher()).toBe(composed);
    setGlobalDispatcher(automatic);
    expect(chosenDispatcher()).toBeUndefined();
  });

  it('may have been set by an older undici', () => {
    const older = new Diverting();
    globals[LEGACY] = older;
    expect(chosenDispatcher()).toBe(older);
  });

  it('is used from the moment it is set, with the client’s own time limits, and never closed', async () => {
    const server = await answering('ok');
    const transport = undiciTransport();
    cleanup.push(() => transport.close());
    const send = async (): Promise<void> => {
      const receiver = new RecordingReceiver();
      transport.dispatch(requestTo(server.origin), receiver);
      expect(await receiver.over).toBe('end');
    };
    const chosen = new Diverting();
    cleanup.push(() => chosen.close());
    await send();
    setGlobalDispatcher(chosen);
    await send();
    await send();
    expect(chosen.calls).toBe(2);
    setGlobalDispatcher(automatic);
    await send();
    expect(chosen.calls).toBe(2);
    await transport.close();
    expect(chosen.closed).toBe(false);
  });

  it('gives way to a dispatcher or options that were passed', async () => {
    const server = await answering('ok');
    const chosen = new Diverting();
    const given = new Diverting();
    cleanup.push(
      () => chosen.close(),
      () => given.close(),
    );
    setGlobalDispatcher(chosen);
    for (const transport of [undiciTransport({ dispatcher: given }), undiciTransport({ connections: 2 })]) {
      cleanup.push(() => transport.close());
      const receiver = new RecordingReceiver();
      transport.dispatch(requestTo(server.origin), receiver);
      expect(await receiver.over).toBe('end');
    }
    expect([chosen.calls, given.calls]).toEqual([0, 1]);
    expect(given.closed).toBe(false);
  });

  it('is not touched by loading the transport, and Node’s own does not count', async () => {
    const script = `
      const marker = { dispatch() {} };
      globalThis[Symbol.for('undici.globalDispatcher.1')] = process.argv[1] === 'set' ? marker : undefined;
      const { chosenDispatcher } = await import(process.argv[2] + 'global-dispatcher.ts');
      await import(process.argv[2] + 'default-transport.node.ts');
      if (process.argv[1] !== 'set') await fetch('http://127.0.0.1:1').catch(() => {});
      const legacy = globalThis[Symbol.for('undici.globalDispatcher.1')];
      console.log(JSON.stringify([
        legacy === undefined ? 'nothing' : legacy === marker ? 'the application’s' : 'Node’s',
        chosenDispatcher() === undefined,
      ]));`;
    const run = async (mode: string): Promise<unknown> => {
      const source = new URL('../../src/wire/', import.meta.url).href;
      const args = ['--input-type=module', '--no-warnings', '-e', script, mode, source];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
      });
      return JSON.parse(stdout);
    };
    expect(await run('set')).toEqual(['the application’s', false]);
    expect(await run('unset')).toEqual(['Node’s', true]);
  });
});

describe('an agent of its own', () => {
  it('goes through the proxy of the environment, as often as a request is sent', async () => {
    const target = await answering('from the target');
    const proxied: (string | undefined)[] = [];
    const proxy = await httpServer((request, response) => {
      proxied.push(request.url);
      const onward = httpRequest(new URL(request.url ?? ''), { method: request.method ?? 'GET', headers: request.headers });
      onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 500)));
      request.pipe(onward);
    });
    cleanup.push(proxy.close);
    vi.stubEnv('HTTP_PROXY', proxy.origin);
    vi.stubEnv('NO_PROXY', '');
    const transport = undiciTransport();
    cleanup.push(() => transport.close());
    const request = requestTo(target.origin, '/v1?a=1');
    for (let i = 0; i < 2; i++) {
      const receiver = new RecordingReceiver();
      transport.dispatch(request, receiver);
      expect(await receiver.over).toBe('end');
      expect(receiver.text).toBe('from the target');
    }
    expect(proxied).toEqual([`${target.origin}/v1?a=1`, `${target.origin}/v1?a=1`]);
    expect(request).toEqual(requestTo(target.origin, '/v1?a=1'));
  });

  it('gives up a connection in the making that no call waits for', async () => {
    const silent = await tcpServer((socket) => socket.resume());
    cleanup.push(silent.close);
    const transport = undiciTransport();
    cleanup.push(() => transport.close());
    const origin = silent.origin.replace('http:', 'https:');
    const first = new RecordingReceiver();
    const second = new RecordingReceiver();
    const flows = [transport.dispatch(requestTo(origin), first), transport.dispatch(requestTo(origin), second)];
    while (silent.sockets.length < 2) await aWhile(5);
    flows[0]?.abort();
    await aWhile();
    expect(silent.sockets.some((socket) => !socket.destroyed)).toBe(true);
    flows[1]?.abort();
    while (silent.sockets.some((socket) => !socket.destroyed)) await aWhile(5);
    expect([first.calls, second.calls]).toEqual([[], []]);
  });
});
