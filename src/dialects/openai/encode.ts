import type { Call, OperationName } from '../../contract/call.ts';
import type { ProviderOptions } from '../../contract/provider-options.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { messageEncoder } from './messages.ts';
import type { Body } from './parameters.ts';
import { parameterPolicy } from './parameters.ts';
import type { Quirks } from './quirks.ts';

type Encode<K extends OperationName> = (call: Call<K>) => WireMessage;

/** Chat requests: openai's parameters as they are, changed only where the host's quirks or our own additions ask for it. */
export function chatEncoder<K extends 'chat' | 'stream'>(quirks: Quirks, streams: boolean): Encode<K> {
  const path = quirks.paths?.chat ?? '/chat/completions';
  const encodeMessages = messageEncoder(quirks);
  const finish = bodyFinisher(quirks, streams);
  return (call) => {
    const body: Body = { model: modelName(call, quirks), ...(call.request as object) };
    body.messages = encodeMessages(call.request.messages, call);
    finish(body, call);
    return { path, body };
  };
}

/** The model's name as the host writes it. */
export function modelName(call: Call, quirks: Quirks): string {
  const { model } = call.target;
  return quirks.modelPrefix === undefined || model.includes('/') ? model : quirks.modelPrefix + model;
}

/** The steps that all bodies share: the host's parameter policy, its own fields, `providerOptions`, streaming. */
export function bodyFinisher(quirks: Quirks, streams: boolean): (body: Body, call: Call) => void {
  const applyPolicy = parameterPolicy(quirks);
  const { body: always } = quirks;
  const asksUsage = streams && quirks.streamOptions !== false;
  return (body, call) => {
    applyPolicy?.(body, call);
    if (always !== undefined) Object.assign(body, always);
    const options = body.providerOptions as ProviderOptions | undefined;
    if (options !== undefined) {
      body.providerOptions = undefined;
      if (Object.hasOwn(options, call.target.provider)) Object.assign(body, options[call.target.provider]);
    }
    if (!streams) {
      if (body.stream_options !== undefined) body.stream_options = undefined;
      return;
    }
    body.stream = true;
    body.stream_options = asksUsage ? withUsage(body.stream_options) : undefined;
  };
}

const USAGE = { include_usage: true } as const;

function withUsage(options: unknown): object {
  return typeof options === 'object' && options !== null ? { ...options, include_usage: true } : USAGE;
}
