export type { BatchProgress, BatchRequest, BatchRequests, BatchRun, BatchRunOptions } from './client/batch-run.ts';
export type { Batches } from './client/batches.ts';
export type {
  ChatParams,
  ChatParamsNonStreaming,
  ChatParamsStreaming,
  ChatStreamParams,
  HelperOptions,
  ParsedOf,
  ParsedReply,
  RunTools,
  ToolRunParams,
} from './client/chat-params.ts';
export type { ChatStream } from './client/chat-stream.ts';
export type { ClientOptions } from './client/client-options.ts';
export type { ChatCompletions } from './client/completions.ts';
export type { LLMClient } from './client/create-client.ts';
export { createClient } from './client/create-client.ts';
export type { EmbeddingParams, Embeddings } from './client/embeddings.ts';
export type { Files, FileUploadParams, NamedContent } from './client/files.ts';
export type { Page, PagePromise } from './client/list-page.ts';
export { LLMPromise } from './client/llm-promise.ts';
export { LLMStream } from './client/llm-stream.ts';
export type { OwnModels } from './client/model-facts.ts';
export { modelFacts } from './client/model-facts.ts';
export type { KnownModel, ModelId, ProviderModels } from './client/model-ids.ts';
export type { CountTokensParams, ListModelsParams, ModelListPromise, Models } from './client/models.ts';
export type { EngineOrNative, NativeBatchOrder, NativeOptions, PollOptions } from './client/native-batches.ts';
export type { NativeRunOptions } from './client/native-run.ts';
export type { ProviderEntry } from './client/providers.ts';
export type { Rerank, RerankParams } from './client/rerank.ts';
export type { ResumedAt, Route, Routed } from './client/route.ts';
export type { TextCompletionParams, TextCompletions } from './client/text-completions.ts';
export type { Batch, BatchEndpoint, BatchEngine, BatchOrder, BatchResultLine } from './contract/batches.ts';
export type { ByteSource } from './contract/byte-source.ts';
export type {
  Call,
  CallOptions,
  FallbackTarget,
  Limits,
  OperationName,
  Operations,
  RequestOf,
  ResultOf,
  Target,
  Trail,
} from './contract/call.ts';
export type { Capabilities, ToolChoiceWord } from './contract/capabilities.ts';
export type {
  Bill,
  Catalogue,
  ModelFacts,
  ModelPrices,
  ModelTarget,
  PriceTier,
  TokenPrices,
} from './contract/catalogue.ts';
export type {
  CacheControl,
  ChatChoice,
  ChatChunk,
  ChatChunkChoice,
  ChatDelta,
  ChatMessage,
  ChatMessageParam,
  ChatReply,
  ChatRequest,
  ChatToolCall,
  MessageExtras,
  ReasoningExtras,
  ThinkingBlock,
  ToolCallExtras,
} from './contract/chat.ts';
export { ChatTally } from './contract/chat-tally.ts';
export type {
  ChunkOf,
  DecodeContext,
  Framing,
  OnEvent,
  Operation,
  ReplyCodec,
  StreamCodec,
  StreamDecoder,
  StreamedName,
  Tally,
} from './contract/codec.ts';
export type { Confidential } from './contract/confidential.ts';
export type {
  BreakerState,
  CallEvent,
  CallIdentity,
  ClientEvent,
  ClientEventListeners,
  ClientEventName,
  ClientEventOf,
} from './contract/events.ts';
export type { HeadersLike, HeaderValue } from './contract/headers.ts';
export type { Media, MediaSource } from './contract/media.ts';
export type { Middleware, Next } from './contract/middleware.ts';
export type {
  BatchRecord,
  BatchRequestLine,
  BatchResultsRequest,
  ByIdRequest,
  CreateBatchRequest,
  ListFilesRequest,
  UploadFileRequest,
} from './contract/native-batches.ts';
export type { PoolAsk, PoolMember, PoolTurn, TargetPool } from './contract/pool.ts';
export type { Prefill } from './contract/prefill.ts';
export type {
  ConnectionSpec,
  FailureRule,
  FailureSpec,
  Provider,
  ProviderContext,
  ProviderDefinition,
  ProviderInstance,
  ProviderSettings,
  UnderstoodFailure,
  Verdict,
} from './contract/provider.ts';
export type {
  AnthropicOptions,
  BedrockOptions,
  CohereOptions,
  GeminiOptions,
  MistralOptions,
  OllamaOptions,
  ProviderOptions,
  SageMakerOptions,
} from './contract/provider-options.ts';
export type { BuiltInSettings } from './contract/provider-settings.ts';
export type { RetryBudgetOptions } from './contract/retry-budget.ts';
export type {
  AnswerStore,
  BucketRule,
  BucketStore,
  BucketTake,
  CircuitAdmission,
  CircuitChange,
  CircuitPermit,
  CircuitRefusal,
  CircuitRule,
  CircuitSnapshot,
  CircuitStore,
  CircuitVerdict,
  CooldownStore,
  MaybePromise,
  SlotStore,
  Spending,
  SpendingRule,
  SpendingStore,
  Store,
  StoreContext,
} from './contract/store.ts';
export type { ChunkObserver, ChunkReceiver, Settlement, StreamSource } from './contract/stream.ts';
export { ChunkStream } from './contract/stream.ts';
export type { Usage } from './contract/usage.ts';
export type {
  CompletionRequest,
  EmbedReply,
  EmbedRequest,
  ListModelsRequest,
  ModelInfo,
  ModelList,
  RerankReply,
  RerankRequest,
  RerankResult,
} from './contract/vectors.ts';
export type { Flow, Receiver, Transport, Wire, WireFailure, WireHeaders, WireMessage, WireRequest } from './contract/wire.ts';
export type { BatchQuirks, LaterAnswers, MessageExtra, Quirks } from './dialects/openai/quirks.ts';
export type { Attempt, TokenCounts } from './errors/attempt.ts';
export type { LLMError, LLMErrorOf } from './errors/catalogue.ts';
export { errorFromJSON, isLLMError } from './errors/catalogue.ts';
export type { ErrorKind, TimeoutPhase } from './errors/kinds.ts';
export type { AnswerFacts, ErrorFacts, ErrorInit, ErrorJSON } from './errors/llm-error.ts';
export type { PartialOutput, PartialToolCall } from './errors/partial.ts';
export { BudgetExceededError, CircuitOpenError } from './errors/policy-errors.ts';
export type { FieldError } from './errors/provider-errors.ts';
export {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InsufficientCreditsError,
  InternalServerError,
  NotFoundError,
  OutOfMemoryError,
  PermissionDeniedError,
  RateLimitError,
  RequestTooLargeError,
  ServiceUnavailableError,
  UnprocessableEntityError,
  UnsupportedParamsError,
} from './errors/provider-errors.ts';
export { ConfigurationError, UnsupportedOperationError } from './errors/setup-errors.ts';
export {
  AbortError,
  APIConnectionError,
  ResponseValidationError,
  StreamInterruptedError,
  TimeoutError,
} from './errors/wire-errors.ts';
export type { Budget, BudgetBalance, BudgetOptions } from './middleware/budget.ts';
export { budget } from './middleware/budget.ts';
export type { CacheOptions } from './middleware/cache.ts';
export { cache } from './middleware/cache.ts';
export type { CircuitBreaker, CircuitBreakerOptions } from './middleware/circuit-breaker.ts';
export { circuitBreaker } from './middleware/circuit-breaker.ts';
export type { CoalesceOptions } from './middleware/coalesce.ts';
export { coalesce } from './middleware/coalesce.ts';
export type { ContextCheckOptions } from './middleware/context-check.ts';
export { contextCheck } from './middleware/context-check.ts';
export type { Pool, PoolMemberSnapshot, PoolOptions, PoolStrategy } from './middleware/fallback/pool.ts';
export { pool } from './middleware/fallback/pool.ts';
export type { FallbackList, FallbackMap, FallbackOptions } from './middleware/fallback.ts';
export { fallback } from './middleware/fallback.ts';
export type { HedgeOptions } from './middleware/hedge.ts';
export { hedge } from './middleware/hedge.ts';
export type { AdaptiveOptions, LimitSnapshot, RateLimiter, RateLimitOptions } from './middleware/rate-limit.ts';
export { rateLimit } from './middleware/rate-limit.ts';
export type { KindRetryOptions, RetryOptions } from './middleware/retry.ts';
export { retry } from './middleware/retry.ts';
export type { TimeoutOptions } from './middleware/timeout.ts';
export { timeout } from './middleware/timeout.ts';
export type { Logger } from './observe/log-events.ts';
export { defineProvider } from './providers/define-provider.ts';
export type { OpenAICompatibleSettings } from './providers/openai-hosts/openai-compatible.ts';
export { openaiCompatible } from './providers/openai-hosts/openai-compatible.ts';
export { providerInstance } from './providers/provider-instance.ts';
export { requireKey } from './providers/settings.ts';
export type { QuestionKey } from './state/answers/question.ts';
export { memoryStore } from './state/memory-store.ts';
export type { Jitter } from './time/backoff.ts';
export type { Clock, Timer } from './time/clock.ts';
export type { DeadlineList, Watched } from './time/deadline-list.ts';
export { replyOperation, streamOperation } from './wire/operations.ts';
export type { StepDecoder, Steps, StreamName } from './wire/steps.ts';
export { sendAside, steppedOperation } from './wire/steps.ts';
