import type { Batch } from '../contract/batches.ts';
import type { Operation } from '../contract/codec.ts';
import type { Wire, WireMessage } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConflictError } from '../errors/provider-errors.ts';
import type { StepDecoder } from '../wire/steps.ts';
import { Steps } from '../wire/steps.ts';
import { conflictFinal } from '../wire/unrepeatable.ts';

/** How one provider's batches are cancelled and looked at. */
export interface CancelSteps {
  readonly cancel: (id: string) => WireMessage;
  readonly retrieve: (id: string) => WireMessage;
  readonly decode: StepDecoder<'cancelBatch', Batch>;
}

const ENDED: ReadonlySet<Batch['status']> = new Set(['completed', 'failed', 'expired']);
const UNDERWAY: ReadonlySet<Batch['status']> = new Set(['cancelling', 'cancelled']);

/**
 * Cancels, then looks what has become of the batch: services differ in what they say to a cancel that comes too late or twice. A
 * batch that has ended otherwise is a conflict, a second cancel is none.
 */
export function cancelOperation(wire: Wire, { cancel, retrieve, decode }: CancelSteps): Operation<'cancelBatch'> {
  return conflictFinal(async (call) => {
    const { id } = call.request;
    const steps = new Steps(wire, call);
    let refusal: LLMError | undefined;
    try {
      await steps.reply(cancel(id), () => ({}), true);
    } catch (error) {
      if (!isLLMError(error, 'bad_request', 'conflict', 'unprocessable_entity')) throw error;
      refusal = error;
    }
    const batch = await steps.reply(retrieve(id), decode);
    if (ENDED.has(batch.status)) {
      const { provider } = call.target;
      const message = `Cannot cancel a batch with status '${batch.status}'.`;
      throw new ConflictError({ message, provider, status: 409, type: 'invalid_request_error', cause: refusal });
    }
    if (refusal !== undefined && !UNDERWAY.has(batch.status)) throw refusal;
    return batch;
  });
}
