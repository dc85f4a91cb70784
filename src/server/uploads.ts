import type { MultipartError } from 'multipasta';
import { decodeField, make } from 'multipasta';
import type { FileDetails, FileUpload } from '../contract/batches.ts';
import { invalid, type Refusal } from './answers.ts';
import { bounded, tooLarge } from './body.ts';

const MOST_PARTS = 16;
const MOST_FIELD_BYTES = 4096;
/** Boundaries, headers and fields around the file. */
const FORM_BYTES = 64 * 1024;

/** A form with a file, as `files.create` of the official clients sends it. The file is handed on as it comes in. */
export function uploadOf(request: Request, maxFileBytes: number): Promise<FileUpload> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) {
    throw invalid('A file is uploaded as multipart/form-data with the fields "file" and "purpose".', 'file');
  }
  return new Form(request, type, maxFileBytes).file;
}

/** Reads the form as far as somebody wants its file. */
class Form {
  readonly file: Promise<FileUpload>;
  readonly #fields = new Map<string, string>();
  readonly #bytes: AsyncIterator<Uint8Array, undefined>;
  readonly #parser: ReturnType<typeof make>;
  #arrived: Uint8Array[] = [];
  #name: string | undefined;
  #fileOver = false;
  #over = false;
  #error: Refusal | undefined;

  constructor(request: Request, type: string, maxFileBytes: number) {
    this.#bytes = bounded(request.body, maxFileBytes + FORM_BYTES)[Symbol.asyncIterator]();
    this.#parser = make({
      headers: { 'content-type': type },
      maxParts: MOST_PARTS,
      maxPartSize: maxFileBytes,
      maxFieldSize: MOST_FIELD_BYTES,
      isFile: ({ name, filename }) => name === 'file' && filename !== undefined,
      onField: (info, value) => this.#fields.set(info.name, decodeField(info, value)),
      onFile: ({ filename }) => {
        const first = this.#name === undefined;
        this.#name ??= filename ?? '';
        return (chunk) => {
          if (!first) return;
          if (chunk === null) this.#fileOver = true;
          else this.#arrived.push(chunk);
        };
      },
      onError: (error) => {
        this.#error ??= refusalOf(error, maxFileBytes);
      },
      onDone: () => {},
    });
    this.file = this.#open();
  }

  async #open(): Promise<FileUpload> {
    while (this.#name === undefined && (await this.#read()));
    if (this.#name === undefined) throw invalid("'file' is a required property", 'file', 'missing_required_parameter');
    return { filename: baseName(this.#name), content: this.#content(), details: () => detailsOf(this.#fields) };
  }

  async *#content(): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (;;) {
        const arrived = this.#arrived;
        this.#arrived = [];
        yield* arrived;
        if (this.#arrived.length === 0 && !(await this.#read())) break;
      }
      if (!this.#fileOver) throw invalid('The upload ended in the middle of the file.', 'file');
      return undefined;
    } finally {
      await this.#bytes.return?.();
    }
  }

  /** `false` at the end of the form. */
  async #read(): Promise<boolean> {
    if (this.#over) return false;
    const { value, done } = await this.#bytes.next();
    if (done === true) {
      this.#over = true;
      this.#parser.end();
    } else this.#parser.write(value);
    if (this.#error !== undefined) throw this.#error;
    return done !== true;
  }
}

function refusalOf(error: MultipartError, maxFileBytes: number): Refusal {
  if (error._tag === 'ReachedLimit' && error.limit === 'MaxPartSize') return tooLarge(maxFileBytes);
  return invalid(`The form could not be read (${error._tag}).`, 'file');
}

function baseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1) || 'file';
}

/** `expires_after[anchor]` and `expires_after[seconds]`, or both as JSON in one field. */
function detailsOf(fields: ReadonlyMap<string, string>): FileDetails {
  const purpose = fields.get('purpose');
  if (purpose === undefined || purpose === '') {
    throw invalid("'purpose' is a required property", 'purpose', 'missing_required_parameter');
  }
  const expiry = expiryOf(fields);
  return expiry === undefined ? { purpose } : { purpose, expires_after: expiry };
}

const SHORTEST_S = 3_600;
const LONGEST_S = 2_592_000;

function expiryOf(fields: ReadonlyMap<string, string>): FileDetails['expires_after'] {
  const whole = fields.get('expires_after');
  let given: { anchor?: unknown; seconds?: unknown } = {};
  if (whole !== undefined) {
    try {
      given = Object(JSON.parse(whole));
    } catch {
      throw invalid("Invalid type for 'expires_after': expected an object.", 'expires_after', 'invalid_type');
    }
  }
  const anchor = fields.get('expires_after[anchor]') ?? given.anchor;
  const seconds = fields.get('expires_after[seconds]') ?? given.seconds;
  if (anchor === undefined && seconds === undefined) return undefined;
  if (anchor !== 'created_at') {
    const message = "Invalid value for 'expires_after.anchor'. Supported values are: 'created_at'.";
    throw invalid(message, 'expires_after.anchor', 'invalid_value');
  }
  const lifetime = Number(seconds);
  if (!Number.isInteger(lifetime) || lifetime < SHORTEST_S || lifetime > LONGEST_S) {
    const message = `Invalid value for 'expires_after.seconds': expected a whole number from ${SHORTEST_S} to ${LONGEST_S}.`;
    throw invalid(message, 'expires_after.seconds', 'invalid_value');
  }
  return { anchor: 'created_at', seconds: lifetime };
}
