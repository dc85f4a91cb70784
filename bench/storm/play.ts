import { Child } from './child.ts';
import type { ClientReport, FromClient, FromServer, ServerReport, StormPlan, ToClient, ToServer } from './messages.ts';
import { now, pause } from './process-state.ts';

/** One storm as both ends saw it. */
export interface Played {
  readonly client: ClientReport;
  readonly server: ServerReport;
  /** Connections that the server still had some seconds after the client was closed. */
  readonly connections: number;
}

/** From "go" to the start, so that both processes know of it. */
const NOTICE_MS = 200;
/** Idle connections of a client that cannot be closed are gone by then: fetch keeps them for 4 s. */
const LAST_CONNECTION_MS = 6000;

/** Sends one client through the storm. Both processes are made for it and ended after it. */
export async function play(contestant: string, plan: StormPlan): Promise<Played> {
  const server = new Child<ToServer, FromServer>('server.ts');
  let worker: Child<ToClient, FromClient> | undefined;
  try {
    const { first, second } = await server.hear('ready');
    const args = [contestant, JSON.stringify(plan), JSON.stringify({ first, second })];
    worker = new Child<ToClient, FromClient>('worker.ts', args, ['--expose-gc']);
    await worker.hear('ready');
    const startAt = now() + NOTICE_MS;
    server.tell({ type: 'storm', plan, startAt });
    worker.tell({ type: 'start', startAt });
    await worker.hear('ended');
    const connections = await remainingConnections(server);
    const reported = worker.hear('report');
    worker.tell({ type: 'measure' });
    const client = await reported;
    const seen = server.hear('report');
    server.tell({ type: 'report' });
    return { client, server: await seen, connections };
  } finally {
    await worker?.end();
    await server.end();
  }
}

export async function remainingConnections(server: Child<ToServer, FromServer>): Promise<number> {
  const end = now() + LAST_CONNECTION_MS;
  for (;;) {
    const answered = server.hear('connections');
    server.tell({ type: 'connections' });
    const { open } = await answered;
    if (open === 0 || now() > end) return open;
    await pause(50);
  }
}
