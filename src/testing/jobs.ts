import type { MockAnswer, MockAsk, MockDialect, MockReply, MockRequest } from '../contract/mock.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './play.ts';
import { play } from './play.ts';
import type { RenderedAnswer } from './render.ts';
import { renderAnswer } from './render.ts';
import type { Reply } from './reply.ts';

const MOST_JOBS = 1000;

interface Job {
  readonly id: string;
  readonly ask: MockAsk;
  readonly item: Reply | Fault;
  canceled: boolean;
}

/** A request about a job. */
export interface JobRequest {
  readonly job: Job | undefined;
  readonly wants: 'stream' | 'state' | 'cancel';
}

/** The jobs of providers whose answers are fetched by a second request. The script's item is played when it is followed. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  #opened = 0;

  /** `undefined` where the provider has no jobs, or the request is not about one. */
  find(provider: string, dialect: MockDialect, request: MockRequest): JobRequest | undefined {
    const about = dialect.jobs?.about(request);
    return about === undefined ? undefined : { job: this.#jobs.get(`${provider}/${about.id}`), wants: about.wants };
  }

  /** The answer to a request that creates a job; `undefined` for all others, and for failures that come at once. */
  open(
    item: Reply | Fault,
    at: Pick<Stage, 'provider' | 'dialect' | 'ask'> & { readonly request: MockRequest; readonly baseURL: () => string },
  ): RenderedAnswer | undefined {
    const { dialect, ask, provider } = at;
    if (dialect.jobs?.opens(at.request) !== true || (item.type === 'fault' && !('reply' in item))) return undefined;
    const id = `job${++this.#opened}`;
    if (this.#jobs.size >= MOST_JOBS) this.#jobs.clear();
    this.#jobs.set(`${provider}/${id}`, { id, ask, item, canceled: false });
    return renderAnswer(dialect.jobs.opened(id, ask, at.baseURL()));
  }

  async answer({ job, wants }: JobRequest, stage: Omit<Stage, 'ask'>): Promise<void> {
    const { dialect, outgoing } = stage;
    const send = (answer: MockAnswer): void => {
      const { status, headers, body } = renderAnswer(answer);
      outgoing.whole(status, headers, body);
    };
    if (job === undefined || dialect.jobs === undefined) return send(dialect.failure('notFound', undefined, {}));
    if (wants === 'stream') return play(job.item, { ...stage, ask: { ...job.ask, stream: true } });
    if (wants === 'cancel') job.canceled = true;
    send(dialect.jobs.state(job.id, job.ask, job.canceled ? 'canceled' : stateOf(job)));
  }
}

/** A job that is to break in the middle never gets to its end. */
const stateOf = ({ item }: Job): 'running' | MockReply => (item.type === 'reply' ? item.content : 'running');
