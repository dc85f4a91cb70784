import type { Call } from '../../contract/call.ts';
import type { FailureRule } from '../../contract/provider.ts';
import type { Clock } from '../../time/clock.ts';
import type { CredentialStore } from './aws-credentials.ts';

export interface SignerSettings {
  /** The service's name in signatures: `bedrock`, `sagemaker`. */
  readonly service: string;
  /** Asked for when a request is signed. */
  readonly region: () => string;
  readonly credentials: CredentialStore;
}

export interface RequestToSign {
  readonly method: string;
  readonly url: string;
  readonly body: string | Uint8Array | undefined;
}

/** One day's signing key of each identity; old ones go when there are this many. */
const MOST_KEYS = 16;
/** AWS accepts signatures that are five minutes old. */
const TOLERATED_SKEW_MS = 240_000;

/** Signs requests as AWS wants them (Signature Version 4), by the service's clock once it is known to differ from ours. */
export class AWSSigner {
  readonly #settings: SignerSettings;
  readonly #keys = new Map<string, ArrayBuffer>();
  #skew = 0;
  #clock: Clock | undefined;

  constructor(settings: SignerSettings) {
    this.#settings = settings;
  }

  /** The headers of a signature. The URL is signed as it is given: what is sent must be the same string. */
  readonly sign = async ({ method, url, body }: RequestToSign, call: Call): Promise<Record<string, string>> => {
    const { credentials, region, service } = this.#settings;
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials.get(call);
    const { AwsV4Signer } = await import('aws4fetch');
    if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
    this.#clock = call.clock;
    const signer = new AwsV4Signer({
      method,
      url,
      body: (body ?? null) as BodyInit | null,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      region: region(),
      service,
      cache: this.#keys,
      datetime: stampOf(call.clock.now() + this.#skew),
    });
    return Object.fromEntries((await signer.sign()).headers);
  };

  /**
   * For the rules of the connection: learns from refused signatures. After a refusal that a wrong clock explains, the time
   * of the answer is taken for right and a repeat may succeed; expired credentials are not used again.
   */
  readonly rule: FailureRule = (failure) => {
    const names = failure.codes.join(' ');
    if (/\bExpiredToken/i.test(names)) this.#settings.credentials.forget();
    if (!/\b(?:InvalidSignature|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)/i.test(names))
      return undefined;
    const skew = Date.parse(failure.header('date') ?? '') - (this.#clock?.now() ?? Number.NaN);
    if (!(Math.abs(skew) > TOLERATED_SKEW_MS)) return undefined;
    this.#skew = skew;
    return { kind: 'authentication', retryable: true };
  };
}

const stampOf = (ms: number): string => new Date(ms).toISOString().replace(/[:-]|\.\d{3}/g, '');
