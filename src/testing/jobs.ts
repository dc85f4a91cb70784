import type { MockAnswer, MockAsk, MockDialect, MockJobs, MockRequest } from '../contract/mock.ts';
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
  /** How it ends; `undefined` as long as that is to be taken from the script. */
  item: Reply | Fault | undefined;
  canceled: boolean;
}

/** A request about a job. */
export interface JobRequest {
  readonly job: Job | undefined;
  readonly wants: NonNullable<ReturnType<MockJobs['about']>>['wants'];
}

const isLater = (item: Reply | Fault): boolean => item.type === 'fault' && item.name === 'later';

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
    if (dialect.jobs === undefined) return undefined;
    const later = isLater(item);
    if (!later && (!dialect.jobs.opens(at.request) || (item.type === 'fault' && !('reply' in item)))) return undefined;
    const id = `00000000-0000-4000-8000-${String(++this.#opened).padStart(12, '0')}`;
    if (this.#jobs.size >= MOST_JOBS) this.#jobs.clear();
    this.#jobs.set(`${provider}/${id}`, { id, ask, item: later ? undefined : item, canceled: false });
    return renderAnswer(dialect.jobs.opened(id, ask, at.baseURL()));
  }

  /** `next` takes an item from the script, for a job that has not got its own yet. */
  async answer({ job, wants }: JobRequest, stage: Omit<Stage, 'ask'>, next: () => Promise<Reply | Fault>): Promise<void> {
    const { dialect, provider, outgoing } = stage;
    const { jobs } = dialect;
    const send = (answer: MockAnswer): void => {
      const { status, headers, body } = renderAnswer(answer);
      outgoing.whole(status, headers, body);
    };
    if (job === undefined || jobs === undefined) return send(dialect.failure('notFound', undefined, {}));
    if (wants === 'cancel') job.canceled = true;
    if (job.canceled && wants !== 'stream') return send(jobs.state(job.id, job.ask, 'canceled'));
    const item = job.item ?? (await next());
    if (isLater(item)) return send(jobs.state(job.id, job.ask, 'running'));
    if (wants === 'stream') return play(item, { ...stage, ask: { ...job.ask, stream: true } });
    const whole = { ...stage, ask: { ...job.ask, stream: false } };
    if (item.type === 'fault' && !('reply' in item)) return play(item, whole);
    if (wants === 'state') {
      job.item = item;
      return send(jobs.state(job.id, job.ask, item.type === 'reply' ? item.content : 'running'));
    }
    this.#jobs.delete(`${provider}/${job.id}`);
    return play(item, whole);
  }
}
