import type { OperationName } from '../contract/call.ts';
import type { Operation } from '../contract/codec.ts';
import { lazily } from '../contract/lazily.ts';
import type { Provider } from '../contract/provider.ts';

type Operations<K extends OperationName> = { readonly [N in K]: Operation<N> };

/** Operations whose code is loaded when the first of them is called: most programs only chat. */
export function lazyOperations<K extends OperationName>(
  names: readonly K[],
  load: () => Promise<Operations<K>>,
): Provider['operations'] {
  const operations = lazily(load);
  const later =
    <N extends K>(name: N): Operation<N> =>
    async (call) =>
      (await operations())[name](call);
  return Object.fromEntries(names.map((name) => [name, later(name)])) as Provider['operations'];
}
