import type { Socket } from 'node:net';
import type { buildConnector as BuildConnector, Dispatcher } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';

/** HTTP/1.1 only: one socket per call, so that a stuck or aborted call disturbs no other. Time limits are the client's. */
const SETTINGS = { allowH2: false, headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0 } as const;

/** Connections in the making. Those that no call waits for any more are given up instead of left to the kernel's two minutes. */
export class PendingConnections {
  waiting = 0;
  readonly #sockets = new Set<Socket>();
  readonly #connect: BuildConnector.connector = buildConnector({ allowH2: false, timeout: 0 });

  readonly connect: BuildConnector.connector = (options, callback) => {
    const socket = (this.#connect as unknown as Connect)(options, (...result) => {
      this.#sockets.delete(socket);
      callback(...result);
    });
    this.#sockets.add(socket);
  };

  leave(): void {
    this.waiting -= 1;
    if (this.waiting > 0 || this.#sockets.size === 0) return;
    for (const socket of this.#sockets) socket.destroy(new Error('no call waits for this connection any more'));
  }
}

type Connect = (options: BuildConnector.Options, callback: BuildConnector.Callback) => Socket;

export interface OwnAgent {
  readonly dispatcher: Dispatcher;
  readonly pending: PendingConnections | undefined;
}

/** The agent of a client that was given none: through the environment's proxy, where one is named. */
export function defaultAgent(): OwnAgent {
  if (namesProxy(process.env)) return { dispatcher: new EnvHttpProxyAgent(SETTINGS), pending: undefined };
  const pending = new PendingConnections();
  return { dispatcher: new Agent({ ...SETTINGS, connect: pending.connect }), pending };
}

export function agentWith(options: Agent.Options): OwnAgent {
  return { dispatcher: new Agent({ ...SETTINGS, ...options }), pending: undefined };
}

function namesProxy(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.http_proxy || env.HTTP_PROXY || env.https_proxy || env.HTTPS_PROXY);
}
