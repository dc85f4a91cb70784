import type { Call } from '../../contract/call.ts';

/** Keys of an AWS identity. */
export interface AWSCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they end; left out, they last. */
  readonly expiration?: Date | undefined;
}

/** Credentials this close to their end are renewed before they are used. */
const RENEW_BEFORE_MS = 300_000;

/** Where a signer gets credentials: loaded once, kept until shortly before they end, shared by concurrent calls. */
export class CredentialStore {
  /** What must not be shown of the credentials in use; the array stays the same. */
  readonly secrets: string[] = [];
  readonly #load: (call: Call) => Promise<AWSCredentials>;
  #current: AWSCredentials | undefined;
  #loading: Promise<AWSCredentials> | undefined;

  constructor(load: (call: Call) => Promise<AWSCredentials>) {
    this.#load = load;
  }

  get(call: Call): AWSCredentials | Promise<AWSCredentials> {
    const current = this.#current;
    if (current !== undefined && lifeOf(current, call) > RENEW_BEFORE_MS) return current;
    this.#loading ??= this.#renew(call).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** They were refused as expired: the next call loads new ones. */
  forget(): void {
    this.#current = undefined;
  }

  async #renew(call: Call): Promise<AWSCredentials> {
    const previous = this.#current;
    try {
      const loaded = await this.#load(call);
      this.#current = loaded;
      this.secrets.splice(0, this.secrets.length, loaded.secretAccessKey, loaded.accessKeyId);
      if (loaded.sessionToken !== undefined) this.secrets.push(loaded.sessionToken);
      return loaded;
    } catch (error) {
      if (previous !== undefined && lifeOf(previous, call) > 0) return previous;
      throw error;
    }
  }
}

const lifeOf = ({ expiration }: AWSCredentials, { clock }: Call): number =>
  expiration === undefined ? Number.POSITIVE_INFINITY : expiration.getTime() - clock.now();
