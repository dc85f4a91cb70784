import type { WireFailure } from '../contract/wire.ts';

/** A failure that the provider answered with, on its way to be explained: no caller ever sees one. */
export class Unexplained extends Error {
  readonly failure: WireFailure;

  constructor(failure: WireFailure) {
    super('a failure that nobody has explained yet');
    this.failure = failure;
  }
}
