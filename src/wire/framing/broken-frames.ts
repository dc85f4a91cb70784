/** The bytes end in the middle of a frame. Internal: the exchange makes a typed error of it. */
export class FramingCut extends Error {
  constructor() {
    super('the bytes end in the middle of a frame');
    this.name = 'FramingCut';
  }
}

/** Bytes that are no frame: impossible lengths, a checksum that is wrong. Internal: the exchange makes a typed error of it. */
export class FramingDamage extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? {} : { cause });
    this.name = 'FramingDamage';
  }
}
