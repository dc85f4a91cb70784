import type { Call } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { Confidential } from '../contract/confidential.ts';
import { headerEntries } from '../contract/headers.ts';
import { promptText } from './prompt-text.ts';
import { secretsIn } from './secret-headers.ts';

/**
 * What no error of a call may tell.
 *
 * @param secrets Keys and tokens of the settings.
 * @param sent The headers of the connection, and those that were made for its last requests.
 */
export function confidentialOf(
  call: Call,
  secrets: readonly (string | undefined)[],
  sent: readonly Iterable<readonly [string, string]>[],
): Confidential {
  let text: string | undefined;
  const inHeaders = [...sent, headerEntries(call.options.headers ?? {})].flatMap((headers) => secretsIn(headers));
  return {
    secrets: [...secrets.map((secret) => secret?.trim()), ...inHeaders],
    promptText: () => (text ??= promptText(promptOf(call))),
  };
}

/** Where prompts stand in a request. Ids and names of files are none. */
function promptOf({ operation, request }: Call): unknown {
  return asksModel(operation) ? request : 'lines' in request ? request.lines : undefined;
}
