/** The bytes end in the middle of a frame. Internal: the exchange makes a typed error of it. */
export class FramingCut extends Error {
  constructor() {
    super('the bytes end in the middle of a frame');
    this.name = 'FramingCut';
  }
}
