/** Lets the process do other things before a long piece of work goes on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
