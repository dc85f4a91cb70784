import { Child } from './child.ts';
import type { FromServer, FromSoaked, SoakReport, ToClient, ToServer } from './messages.ts';
import { remainingConnections } from './play.ts';

export type Soak = SoakReport & { readonly connections: number };

/** Many calls through one Holdfast client, against a server that throws some of every fault. */
export async function soak(calls: number, seed: number): Promise<Soak> {
  const server = new Child<ToServer, FromServer>('server.ts');
  let worker: Child<ToClient, FromSoaked> | undefined;
  try {
    const { first, second } = await server.hear('ready');
    server.tell({ type: 'soak', seed });
    worker = new Child<ToClient, FromSoaked>('soak.ts', [String(calls), JSON.stringify({ first, second })], ['--expose-gc']);
    await worker.hear('ended');
    const connections = await remainingConnections(server);
    const reported = worker.hear('report');
    worker.tell({ type: 'measure' });
    const { type: _, ...report } = await reported;
    return { ...report, connections };
  } finally {
    await worker?.end();
    await server.end();
  }
}
