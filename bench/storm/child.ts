import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';

interface Typed {
  readonly type: string;
}

/** A process of this bench, and the messages between it and the run. */
export class Child<To extends Typed, From extends Typed> {
  readonly #process: ChildProcess;
  readonly #name: string;

  constructor(file: string, args: readonly string[] = [], execArgv: readonly string[] = []) {
    this.#name = `${file} ${args[0] ?? ''}`.trim();
    this.#process = fork(join(import.meta.dirname, file), args, { execArgv: [...execArgv] });
  }

  tell(message: To): void {
    this.#process.send(message);
  }

  /** The next message of a type; rejects when the process ends before. */
  hear<T extends From['type']>(type: T): Promise<Extract<From, { type: T }>> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: unknown): void => {
        if ((message as From).type !== type) return;
        this.#process.off('message', onMessage);
        this.#process.off('exit', onExit);
        resolve(message as Extract<From, { type: T }>);
      };
      const onExit = (code: number | null): void => reject(new Error(`${this.#name} ended with ${code} before its "${type}"`));
      this.#process.on('message', onMessage);
      this.#process.on('exit', onExit);
    });
  }

  /** Ends the process; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await gone;
  }
}
