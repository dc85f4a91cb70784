export type {
  BatchDesk,
  BatchEndpoint,
  BatchEngine,
  BatchHost,
  BatchLine,
  BatchLineAnswer,
  BatchOrder,
  BatchResultLine,
  FileDetails,
  FileShelf,
  FileUpload,
  ListPage,
  PageQuery,
} from '../contract/batches.ts';
export type { CommonEngineOptions } from './assemble.ts';
export type { BatchEngineOptions } from './engine.ts';
export { batchEngine } from './engine.ts';
export type { ResultFormat } from './result-lines.ts';
export { sqliteStore } from './sqlite/sqlite-store.ts';
export type {
  BatchRecord,
  BatchStore,
  FileDraft,
  LineTokens,
  StoredBatches,
  StoredFiles,
  StoredLine,
  StoredLines,
  StoredResult,
} from './store.ts';
export type { ProgressStream } from './terminal-progress.ts';
export { terminalProgress } from './terminal-progress.ts';
