import { attachAnswer, takeAnswer } from '../contract/answer.ts';
import type { DecodeContext, Operation } from '../contract/codec.ts';
import type { ModelInfo, ModelList } from '../contract/vectors.ts';
import type { Wire } from '../contract/wire.ts';
import { steppedOperation } from '../wire/steps.ts';
import { warn } from './params.ts';

/** One page of a provider's list of models. */
export interface ModelPage {
  readonly models: readonly ModelInfo[];
  /** Where the next page begins, in the provider's own terms; `undefined` on the last one. */
  readonly next: string | undefined;
}

/** How a provider's list of models is read. */
export interface ModelPages {
  /** The path of the page that begins at `cursor`, of the first one without it. */
  path(cursor: string | undefined): string;
  /** `body`, the answer for `cursor`, is parsed JSON of unknown shape. Throws through `context`. */
  decode(body: unknown, context: DecodeContext<'models'>, cursor: string | undefined): ModelPage;
}

/** Far more than any provider lists: the end of a list that has none. */
const MOST_PAGES = 100;
const MOST_MODELS = 50_000;

/** A list of models in pages, read to its end as one attempt. A model that two pages name is listed once. */
export function pagedModels(wire: Wire, { path, decode }: ModelPages): Operation<'models'> {
  return steppedOperation<'models'>(wire, async (steps) => {
    const models = new Map<string, ModelInfo>();
    const asked = new Set<string>();
    let page: ModelPage;
    let cursor: string | undefined;
    for (;;) {
      const from = cursor;
      page = await steps.reply({ method: 'GET', path: path(from) }, (body, context) => decode(body, context, from));
      for (const model of page.models) if (!models.has(model.id)) models.set(model.id, model);
      cursor = page.next;
      if (cursor === undefined) break;
      if (asked.has(cursor) || asked.size + 1 >= MOST_PAGES || models.size >= MOST_MODELS) {
        const { provider } = steps.call.target;
        warn(steps.call, `${provider}'s list of models has no end; what follows the first ${models.size} is left out`);
        break;
      }
      asked.add(cursor);
    }
    const list: ModelList = { object: 'list', data: [...models.values()] };
    const answer = takeAnswer(page);
    if (answer !== undefined) attachAnswer(list, answer);
    return list;
  });
}

/** A mark of the next page as it stands in an answer: absent, `null` and empty mean that there is none. */
export const cursorOf = (mark: unknown): string | undefined => (typeof mark === 'string' && mark !== '' ? mark : undefined);

/** The part of a query that asks for the page after `cursor`. */
export const pageQuery = (name: string, cursor: string | undefined): string =>
  cursor === undefined ? '' : `&${name}=${encodeURIComponent(cursor)}`;
