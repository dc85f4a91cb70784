import type { FailureRule, UnderstoodFailure } from '../../contract/provider.ts';
import { parseJSON } from '../json-text.ts';
import { classify } from './classify.ts';
import { openEnvelope } from './envelope.ts';

/** What a server behind the service answered. */
export interface UpstreamFailure {
  readonly status: number | undefined;
  /** Its body, as far as the service tells it. */
  readonly text: string;
}

/**
 * For services that hand on the failure of a server behind them: the failure means what that server said and answered with.
 *
 * @param said Finds it; `undefined` for failures of the service itself.
 * @param rules Further rules for what the server may say.
 */
export function upstreamRule(
  said: (failure: UnderstoodFailure) => UpstreamFailure | undefined,
  rules: readonly FailureRule[] = [],
): FailureRule {
  return (failure) => {
    const upstream = said(failure);
    if (upstream === undefined) return undefined;
    const { status, text } = upstream;
    const opened = openEnvelope({ status, text, json: parseJSON(text), headers: {}, place: failure.place });
    const message = opened.message === '' ? failure.message : opened.message;
    const verdict = classify({ ...opened, message }, rules);
    return { ...verdict, message, details: { ...verdict.details, ...(status === undefined ? {} : { upstreamStatus: status }) } };
  };
}
