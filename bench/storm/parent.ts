interface Typed {
  readonly type: string;
}

/** The run's end of the channel, as a process that it started sees it. */
export interface Parent<To extends Typed, From extends Typed> {
  tell(message: From): void;
  /** The next message of a type. */
  told<T extends To['type']>(type: T): Promise<Extract<To, { type: T }>>;
}

/** Keeps the process alive until the run ends it, and ends it when the run is gone. */
export function parent<To extends Typed, From extends Typed>(): Parent<To, From> {
  process.on('disconnect', () => process.exit());
  process.channel?.ref();
  return {
    tell: (message) => void process.send?.(message),
    told: (type) =>
      new Promise((resolve) => {
        const listen = (message: unknown): void => {
          if ((message as To).type !== type) return;
          process.off('message', listen);
          resolve(message as never);
        };
        process.on('message', listen);
      }),
  };
}
