import type { OperationName } from '../../contract/call.ts';
import type { Operation } from '../../contract/codec.ts';
import { lazily } from '../../contract/lazily.ts';
import type { Provider } from '../../contract/provider.ts';
import type { TokenAuthorization } from './token-authorization.ts';

type Operations = Provider['operations'];

/** An authorization whose code is loaded at the first call, and put around all operations of a provider. */
export interface LazyAuthorization {
  readonly authorize: TokenAuthorization['authorize'];
  renewing(operations: Operations): Operations;
}

export function lazyAuthorization(load: () => Promise<TokenAuthorization>): LazyAuthorization {
  const authorization = lazily(load);
  const renewed =
    <K extends OperationName>(operation: Operation<K>): Operation<K> =>
    async (call) =>
      (await authorization()).renewing(operation)(call);
  return {
    authorize(request, call) {
      const loaded = authorization();
      if (!(loaded instanceof Promise)) return loaded.authorize(request, call);
      return loaded.then((ready) => ready.authorize(request, call));
    },
    renewing: (operations) =>
      Object.fromEntries(
        Object.entries(operations).map(([name, operation]) => [name, renewed(operation as Operation<OperationName>)]),
      ) as Operations,
  };
}
