import type { FailureRule, FailureSpec, UnderstoodFailure } from '../../contract/provider.ts';
import { at, httpStatus, textAt } from '../../wire/failure/fields.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';
import { type UpstreamFailure, upstreamRule } from '../../wire/failure/upstream.ts';
import { saysOverflow } from '../../wire/failure/wording.ts';

const named = ({ codes }: UnderstoodFailure, name: RegExp): boolean => codes.some((code) => name.test(code));

/** The container's own answer, from the fields for it, else from the service's sentence around it. */
function containerAnswer(failure: UnderstoodFailure): UpstreamFailure | undefined {
  if (!named(failure, /^ModelError(?:Exception)?$/i)) return undefined;
  const { json, message } = failure;
  const sentence = textAt(json, 'Message') ?? textAt(json, 'message') ?? message;
  const told = /Received (?:client|server) error \((\d{3})\)/.exec(sentence)?.[1];
  return {
    status: httpStatus(at(json, 'OriginalStatusCode')) ?? httpStatus(told),
    text: textAt(json, 'OriginalMessage') ?? message,
  };
}

const overflow: FailureRule = ({ message }) => (saysOverflow(message) ? 'context_window_exceeded' : undefined);

/** TGI's own types, in a stream without any status. */
const generationTypes = codeRule({
  bad_request: 'validation',
  rate_limit: 'overloaded',
  internal_server: 'generation incomplete_generation',
});
const generationFailed: FailureRule = (failure) => (failure.status === undefined ? generationTypes(failure) : undefined);

/** TGI with all its places taken. */
const placesTaken = textRule(/^model is overloaded/i, 'rate_limit', 429, 424);

/** The stream of the container ended badly; which way is told beside the exception's name. */
const streamBroke: FailureRule = (failure) => {
  if (!named(failure, /^ModelStreamError$/i)) return undefined;
  const how = textAt(failure.json, 'ErrorCode');
  if (how === 'ModelInvocationTimeExceeded') return 'timeout';
  return how === 'StreamBroken' ? 'connection' : 'internal_server';
};

/** How SageMaker's runtime fails, and the containers behind it. Errors of the service model; texts of TGI's source. */
export const sagemakerFailures: FailureSpec = {
  requestIdHeaders: ['x-amzn-requestid'],
  rules: [
    streamBroke,
    upstreamRule(containerAnswer, [overflow, generationFailed, placesTaken]),
    textRule(/variant \S+ .{0,80}not found|inference component name header is required/i, 'bad_request', 400),
    (failure) => (failure.place === 'stream' ? (overflow(failure) ?? generationFailed(failure)) : undefined),
    codeRule({ internal_server: 'InternalStreamFailure InternalFailure InternalDependencyException' }),
  ],
};
