// Made by clients/js/generate.py from the server's message classes: change those instead.

/** How many events were put together. */
export interface Aggregated {
  aggregated: number;
}

/** A message of a conversation. */
export interface AiMessage {
  role: "assistant" | "system" | "tool" | "user";
  content: string | (TextBlock | CodeBlock | ImageBlock | FileBlock | ToolUseBlock | ToolResultBlock)[];
}

/** A function that the model may call. */
export interface AiTool {
  name: string;
  description?: string;
  inputSchema: Record<string, unknown>;
}

/** Whether and which function is to be called. */
export interface AiToolChoice {
  type: "any" | "auto" | "none" | "required" | "tool";
  name?: string | null;
}

/** How it is counted. */
export interface AnalyticsSettings {
  retention: Retention;
}

/** An artifact. */
export interface Artifact {
  id: string;
  name: string;
  description: string;
  type: "prompt" | "service" | "tool" | "view";
  version: string;
  status: "disabled" | "error" | "installed" | "installing" | "running";
  enabled: boolean;
  tags: string[];
  icon?: string;
  createdAt: string;
  updatedAt: string;
  entry: string;
  ui?: string;
  input?: Record<string, unknown>;
  output?: Record<string, unknown>;
  timeout: number;
  apis?: string[];
  files: string[];
}

/** What is listed.  Times are ISO 8601, UTC. */
export interface ArtifactMetadata {
  id: string;
  name: string;
  description: string;
  type: "prompt" | "service" | "tool" | "view";
  version: string;
  status: "disabled" | "error" | "installed" | "installing" | "running";
  enabled: boolean;
  tags: string[];
  icon?: string;
  createdAt: string;
  updatedAt: string;
}

/** Which batch. */
export interface BatchBegun {
  jobId: string;
  batchIndex: number;
}

/** What a batch brought. */
export interface BatchDone {
  jobId: string;
  batchIndex: number;
  images: GeneratedImage[];
}

/** Why a batch brought nothing. */
export interface BatchLost {
  jobId: string;
  batchIndex: number;
  error: string;
}

/** A conversation.  Times are ISO 8601, UTC. */
export interface Chat {
  id: string;
  title: string;
  systemPrompt: string | null;
  defaultModel: string | null;
  createdAt: string;
  updatedAt: string;
  messageCount: number;
  lastMessageAt: string | null;
}

/** What a model answered. */
export interface ChatResponse {
  id: string;
  content: string;
  model: string;
  provider: string;
  stopReason: "end_turn" | "max_tokens" | "stop_sequence" | "tool_use";
  usage: Usage;
  toolCalls?: ToolCall[];
}

/** How chats behave. */
export interface ChatSettings {
  streamResponses: boolean;
  autoSaveChats: boolean;
  autoGenerateTitle: boolean;
  defaultModel: string | null;
  maxTokens: number;
  temperature: number;
}

/** A piece of an answer on its way. */
export interface Chunk {
  type: "error" | "message_end" | "message_start" | "text" | "tool_use_input" | "tool_use_start";
  text?: string | null;
  toolCall?: ToolCall | null;
  usage?: Usage | null;
  error?: string | null;
}

/** A piece of a program. */
export interface CodeBlock {
  type: "code";
  value: string;
  language?: string;
}

/** What a page learns first. */
export interface Connected {
  clientId: string;
  serverTime: number;
}

/** US dollars. */
export interface CostSummary {
  today: number;
  thisWeek: number;
  thisMonth: number;
  lifetime: number;
  byProvider: Record<string, number>;
  byModel: Record<string, number>;
}

/** What a page may know of a token. */
export interface Credential {
  exists: boolean;
  metadata: Record<string, unknown> | null;
}

/** All of it. */
export interface DashboardData {
  lifetime: LifetimeTotals;
  cost: CostSummary;
  errors: ErrorSummary;
  models: ModelUsageData;
  tokens: TokenStats;
  imageGen: ImageStats;
  tools: ToolUsageData;
  engagement: Engagement;
  sessions: SessionStats;
}

/** From when till when: ISO 8601, UTC where no zone is said; either may be left out. */
export interface DateRange {
  start?: string | null;
  end?: string | null;
}

/** How many rows are gone. */
export interface Deleted {
  deleted: number;
}

/** How much somebody does. */
export interface Engagement {
  messagesPerDay: number;
  avgMessagesPerChat: number;
  likedMessagesRatio: number;
  searchesPerDay: number;
  chatCreationRate: number;
}

/** Requests that failed. */
export interface ErrorSummary {
  totalToday: number;
  totalThisWeek: number;
  errorRate: number;
  byCode: Record<string, number>;
  retryableVsFatal: Kinds;
  trend: "decreasing" | "increasing" | "stable";
}

/** An attached file. */
export interface FileBlock {
  type: "file";
  attachmentId: string;
  name: string;
  mimeType: string;
}

/** A file to be kept. */
export interface FileContent {
  path: string;
  content: string;
  mode?: number;
}

/** A file was changed. */
export interface FileEditData {
  path: string;
  operation: "create" | "delete" | "modify" | "rename";
  diff?: string;
  additions?: number;
  deletions?: number;
}

/** What is counted. */
export interface Filters {
  provider?: string | null;
  model?: string | null;
}

/** An entry that was found. */
export interface FoundEntry {
  entry: TranscriptEntry;
  snippet: string;
  rank: number;
}

/** Some pictures. */
export interface GalleryPage {
  images: GeneratedImage[];
  total: number;
  hasMore: boolean;
}

/** A picture.  Times are ISO 8601, UTC. */
export interface GeneratedImage {
  id: string;
  jobId: string;
  batchId: string;
  path: string;
  filename: string;
  size: number;
  width: number;
  height: number;
  model: string;
  prompt: string;
  references: string[];
  createdAt: string;
  favorite: boolean;
  rating: number | null;
  tags: string[];
  notes: string | null;
}

/** An artifact. */
export interface Holding {
  artifact: Artifact;
}

/** Which one. */
export interface Id {
  id: string;
}

/** A picture, by its address or its attachment. */
export interface ImageBlock {
  type: "image";
  url?: string;
  attachmentId?: string;
  alt?: string;
}

/** A picture itself. */
export interface ImageData {
  id: string;
  filename: string;
  contentType: string;
  data: string;
}

/** How pictures are made. */
export interface ImageGenSettings {
  autoRun: boolean;
  defaultModel: string | null;
}

/** Pictures. */
export interface ImageStats {
  totalGenerated: number;
  successRate: number;
  byModel: Record<string, number>;
  avgDurationMs: number;
}

/** An artifact as it is sent. */
export interface Inline {
  manifest: Manifest;
  files: Record<string, string>;
}

/** Pictures being made of an entry.  Times are ISO 8601, UTC. */
export interface Job {
  id: string;
  queueEntryId: string;
  state: "cancelled" | "completed" | "failed" | "paused" | "queued" | "running";
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  stats: JobStats;
  lastError: string | null;
}

/** A job, as it is now. */
export interface JobHappened {
  jobId: string;
  job: Job;
}

/** How far a job has come. */
export interface JobStats {
  totalBatches: number;
  successfulBatches: number;
  failedBatches: number;
  totalImages: number;
  expectedBatches: number;
  expectedImages: number;
}

/** Errors after which trying again made sense, and others. */
export interface Kinds {
  retryable: number;
  fatal: number;
}

/** Everything, since ever. */
export interface LifetimeTotals {
  totalAiRequests: number;
  totalInputTokens: number;
  totalOutputTokens: number;
  totalCostMicrocents: number;
  totalImagesGenerated: number;
  totalImagegenBatches: number;
  totalMessagesSent: number;
  totalChatsCreated: number;
  totalSearches: number;
  totalToolInvocations: number;
  totalSessionCount: number;
  totalActiveSeconds: number;
  firstEventAt?: string;
  lastEventAt?: string;
}

/** What an artifact says of itself, in ``manifest.json``. */
export interface Manifest {
  id: string;
  name: string;
  description?: string;
  type: "prompt" | "service" | "tool" | "view";
  version?: string;
  entry: string;
  tags?: string[];
  icon?: string;
  ui?: string;
  input?: Record<string, unknown>;
  output?: Record<string, unknown>;
  timeout?: number;
  apis?: string[];
}

/** A message of a conversation. */
export interface Message {
  id: string;
  chatId: string;
  role: "assistant" | "system" | "user";
  content: (TextBlock | CodeBlock | ImageBlock | FileBlock | ToolUseBlock | ToolResultBlock)[];
  model: string | null;
  tokenCount: number | null;
  timestamp: string;
  parentId: string | null;
  isLiked: boolean;
  metadata: Record<string, unknown> | null;
}

/** Some messages, oldest first. */
export interface MessagePage {
  messages: Message[];
  hasMore: boolean;
  nextBefore: string | null;
}

/** A model that a provider has. */
export interface ModelConfig {
  id: string;
  name: string;
  contextWindow: number;
  maxOutputTokens: number;
  supportsVision: boolean;
  supportsTools: boolean;
  inputPricePerMillion: number;
  outputPricePerMillion: number;
}

/** How often a model was asked, and how many percent of all that is. */
export interface ModelCount {
  model: string;
  count: number;
  percentage: number;
}

/** Somebody went on with another model. */
export interface ModelSwitch {
  timestamp: string;
  fromModel: string;
  toModel: string;
}

/** Models. */
export interface ModelUsageData {
  mostUsed: ModelCount[];
  leastUsed: ModelCount[];
  recentSwitches: ModelSwitch[];
}

/** When it was. */
export interface Moment {
  timestamp: number;
}

/** A piece of time. */
export interface Point {
  timestamp: string;
  value: number;
}

/** How far it is. */
export interface Progress {
  id: string;
  progress: number;
  message?: string;
}

/** What is to be seen. */
export interface Prompt {
  type: "inline" | "library" | "wildcard";
  value: string | string[];
}

/** A provider of models. */
export interface ProviderSettings {
  enabled: boolean;
  baseUrl: string | null;
}

/** Something that pictures are made of.  Times are ISO 8601, UTC. */
export interface QueueEntry {
  prompt: Prompt;
  resolution: Resolution;
  model: string | null;
  style: string | null;
  imagesPerBatch: number;
  batchCount: number;
  references: string[];
  extParams: Record<string, unknown>;
  executionMode: "fixed" | "target";
  targetImages: number | null;
  tolerance: number;
  id: string;
  groupId: string;
  enabled: boolean;
  sortOrder: number;
  createdAt: string;
  updatedAt: string;
}

/** A group of entries.  Times are ISO 8601, UTC. */
export interface QueueGroup {
  id: string;
  name: string;
  collapsed: boolean;
  sortOrder: number;
  createdAt: string;
  updatedAt: string;
}

/** Why. */
export interface Reason {
  reason: string;
}

/** How large. */
export interface Resolution {
  type: "dimensions" | "preset";
  width: number | null;
  height: number | null;
  preset: "landscape" | "portrait" | "square" | "wide" | null;
  aspectRatio: string | null;
}

/** Files as they were. */
export interface RestorePoint {
  id: string;
  sessionId: string;
  description: string;
  timestamp: string;
  transcriptEntryId?: string;
  totalSize: number;
  fileCount: number;
}

/** What was done, or would be; paths as in the restore point. */
export interface RestoreResult {
  restoredFiles: string[];
  skippedFiles: string[];
}

/** How long what was counted is kept, days; what is counted by the month stays. */
export interface Retention {
  rawDays: number;
  hourlyDays: number;
  dailyDays: number;
}

/** A message that was found. */
export interface SearchResult {
  messageId: string;
  chatId: string;
  chatTitle: string;
  snippet: string;
  timestamp: string;
}

/** An assistant at work in a project.  Times are ISO 8601, UTC. */
export interface Session {
  id: string;
  projectPath: string;
  status: "paused" | "running" | "starting" | "stopped" | "waiting_input";
  createdAt: string;
  updatedAt: string;
}

/** Pages that were connected; seconds. */
export interface SessionStats {
  avgSessionDuration: number;
  avgActiveTime: number;
  avgIdleTime: number;
  sessionsToday: number;
  sessionsThisWeek: number;
}

/** One setting. */
export interface Setting {
  key: string;
  value: unknown;
}

/** The settings that are known here; pages and plugins may keep others beside them. */
export interface Settings {
  theme: "dark" | "light" | "system";
  fontSize: number;
  fontFamily: string;
  accentColor: string;
  chat: ChatSettings;
  providers: Record<string, ProviderSettings>;
  shortcuts: Record<string, unknown>;
  layout: Record<string, unknown>;
  imageGen: ImageGenSettings;
  analytics: AnalyticsSettings;
}

/** From when until when, ISO 8601; the end is not part of it. */
export interface Span {
  start: string;
  end: string;
}

/** A piece of an answer. */
export interface StreamChunk {
  requestId: string;
  chunk: Chunk;
}

/** An answer as a whole. */
export interface StreamComplete {
  requestId: string;
  response: ChatResponse;
}

/** Why an answer ends. */
export interface StreamError {
  requestId: string;
  error: string;
}

/** Text. */
export interface TextBlock {
  type: "text";
  value?: string;
  text?: string;
}

/** Tokens of language models. */
export interface TokenStats {
  avgInputPerRequest: number;
  avgOutputPerRequest: number;
  totalLifetime: number;
  byModel: Record<string, number>;
}

/** The model calls a function. */
export interface ToolCall {
  id: string;
  name: string;
  input: Record<string, unknown>;
}

/** A tool was called. */
export interface ToolCallData {
  name: string;
  input: unknown;
  output?: unknown;
  status: string;
  duration?: number;
}

/** How often a tool was called. */
export interface ToolCount {
  tool: string;
  count: number;
}

/** What a tool answered. */
export interface ToolResultBlock {
  type: "tool_result";
  toolCallId: string;
  output: unknown;
  isError?: boolean;
}

/** Tools that models asked for or coding assistants called, and artifacts. */
export interface ToolUsageData {
  mostUsed: ToolCount[];
  successRates: Record<string, number>;
  avgDurations: Record<string, number>;
}

/** A model calls a tool. */
export interface ToolUseBlock {
  type: "tool_use";
  toolCallId: string;
  name: string;
  input: unknown;
}

/** A piece of a transcript. */
export interface TranscriptEntry {
  id: string;
  sessionId: string;
  type: "assistant_output" | "compact_marker" | "file_edit" | "system_message" | "tool_call" | "tool_result" | "user_input";
  content: string;
  timestamp: string;
  seq: number;
  toolCallData?: ToolCallData;
  fileEditData?: FileEditData;
  compactData?: Record<string, unknown>;
  restorePointId?: string;
  isCompacted: boolean;
}

/** Some entries, oldest first. */
export interface TranscriptPage {
  entries: TranscriptEntry[];
  hasMore: boolean;
  nextSeq?: number;
}

/** Tokens that an answer took, as the provider counts them. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens?: number | null;
  cacheWriteTokens?: number | null;
}

/** What pages ask: payload and answer, by channel. */
export interface ChannelMap {
  /** Give up an answer that is on its way to this page; false where there is none. */
  "ai:cancel": { request: { requestId: string }; response: boolean };
  /** Ask a model; answered once it has said everything. */
  "ai:chat": { request: { provider: string; model: string; messages: AiMessage[]; systemPrompt?: string | null; maxTokens?: number | null; temperature?: number | null; topP?: number | null; stopSequences?: string[] | null; stream?: boolean | null; tools?: AiTool[] | null; toolChoice?: string | AiToolChoice | null }; response: ChatResponse };
  /** Ask a model, and be told its answer bit by bit. */
  "ai:chat-stream": { request: { provider: string; model: string; messages: AiMessage[]; systemPrompt?: string | null; maxTokens?: number | null; temperature?: number | null; topP?: number | null; stopSequences?: string[] | null; stream?: boolean | null; tools?: AiTool[] | null; toolChoice?: string | AiToolChoice | null }; response: ChatResponse };
  /** Whether a provider can be asked; false where there is none of that name. */
  "ai:has-credentials": { request: { provider: string }; response: boolean };
  /** The models of a provider, the configured one first. */
  "ai:models": { request: { provider: string }; response: ModelConfig[] };
  /** What it cost; the time range is that of providers and models. */
  "analytics:cost-summary": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span } | undefined; response: CostSummary };
  /** US dollars over time. */
  "analytics:cost-timeseries": { request: { timeRange: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span; granularity: "day" | "hour" | "month" | "week"; filters?: Filters | null }; response: Point[] };
  /** Everything at once. */
  "analytics:dashboard": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span; granularity?: "day" | "hour" | "month" | "week" } | undefined; response: DashboardData };
  /** What failed; the time range is that of rate, codes and kinds. */
  "analytics:error-summary": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span } | undefined; response: ErrorSummary };
  /** Errors over time. */
  "analytics:error-timeseries": { request: { timeRange: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span; granularity: "day" | "hour" | "month" | "week"; filters?: Filters | null }; response: Point[] };
  /** Pictures over time. */
  "analytics:imagegen-timeseries": { request: { timeRange: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span; granularity: "day" | "hour" | "month" | "week"; filters?: Filters | null }; response: Point[] };
  /** Everything since ever; counted at once. */
  "analytics:lifetime-totals": { request: undefined; response: LifetimeTotals };
  /** Which models were asked. */
  "analytics:model-usage": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span } | undefined; response: ModelUsageData };
  /** Put single events together by hours, days and months, as happens now and then anyway. */
  "analytics:run-aggregation": { request: undefined; response: Aggregated };
  /** Delete what is older than the settings say (``analytics.retention``), as happens now and then */
  "analytics:run-cleanup": { request: undefined; response: Deleted };
  /** How long pages were there; the time range is that of the averages. */
  "analytics:session-stats": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span } | undefined; response: SessionStats };
  /** Tokens in and out over time. */
  "analytics:token-timeseries": { request: { timeRange: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span; granularity: "day" | "hour" | "month" | "week"; filters?: Filters | null }; response: Point[] };
  /** Which tools were called. */
  "analytics:tool-usage": { request: { timeRange?: "all_time" | "last_30_days" | "last_7_days" | "last_month" | "this_month" | "this_year" | "today" | "yesterday" | Span } | undefined; response: ToolUsageData };
  /** Keep an artifact, and let it do nothing. */
  "artifact:disable": { request: { id: string }; response: null };
  /** Let an artifact work again. */
  "artifact:enable": { request: { id: string }; response: null };
  /** An artifact; null where there is none of that id. */
  "artifact:get": { request: { id: string }; response: Artifact | null };
  /** Install an artifact, or replace the one of its id. */
  "artifact:install": { request: { source: string | Inline }; response: Artifact };
  /** Have an artifact work; the answer is what it gives, checked against its schema. */
  "artifact:invoke": { request: { id: string; input?: unknown }; response: unknown };
  /** Artifacts, by name. */
  "artifact:list": { request: { type?: "prompt" | "service" | "tool" | "view" | null; enabled?: boolean | null; search?: string | null } | undefined; response: ArtifactMetadata[] };
  /** Remove an artifact and its files; false where there is none of that id. */
  "artifact:remove": { request: { id: string }; response: boolean };
  /** Put a message at the end of a conversation. */
  "chat:add-message": { request: { chatId: string; role: "assistant" | "system" | "user"; content: string | (TextBlock | CodeBlock | ImageBlock | FileBlock | ToolUseBlock | ToolResultBlock)[]; model?: string | null; tokenCount?: number | null; parentId?: string | null; metadata?: Record<string, unknown> | null }; response: Message };
  /** Begin a conversation. */
  "chat:create": { request: { title?: string | null; systemPrompt?: string | null; defaultModel?: string | null } | undefined; response: Chat };
  /** Delete a conversation with its messages; false where there is none of that id. */
  "chat:delete": { request: { id: string }; response: boolean };
  /** A conversation; null where there is none of that id. */
  "chat:get": { request: { id: string }; response: Chat | null };
  /** The newest messages of a conversation, or the newest of those before one. */
  "chat:get-messages": { request: { chatId: string; limit?: number; before?: string | null }; response: MessagePage };
  /** Conversations, the last changed first. */
  "chat:list": { request: { limit?: number; offset?: number } | undefined; response: Chat[] };
  /** Messages that have all the words, in any of their forms; the best first. */
  "chat:search": { request: { query: string; limit?: number; chatId?: string | null }; response: SearchResult[] };
  /** Change a conversation; what is left out stays. */
  "chat:update": { request: { id: string; title?: string; systemPrompt?: string | null; defaultModel?: string | null }; response: Chat };
  /** Like a message, or do so no longer. */
  "chat:update-message": { request: { id: string; isLiked: boolean }; response: Message };
  /** Put an entry at the end of a transcript. */
  "code:add-entry": { request: { sessionId: string; type: "assistant_output" | "compact_marker" | "file_edit" | "system_message" | "tool_call" | "tool_result" | "user_input"; content: string; toolCallData?: ToolCallData; fileEditData?: FileEditData; compactData?: Record<string, unknown>; restorePointId?: string }; response: TranscriptEntry };
  /** Keep files as they are. */
  "code:create-restore-point": { request: { sessionId: string; description: string; files: FileContent[]; transcriptEntryId?: string }; response: RestorePoint };
  /** Begin a session. */
  "code:create-session": { request: { projectPath: string; status?: "paused" | "running" | "starting" | "stopped" | "waiting_input" }; response: Session };
  /** A session; null where there is none of that id. */
  "code:get-session": { request: { id: string }; response: Session | null };
  /** A page of a transcript; an empty one where there is no such session. */
  "code:get-transcript": { request: { sessionId: string; types?: ("assistant_output" | "compact_marker" | "file_edit" | "system_message" | "tool_call" | "tool_result" | "user_input")[] | null; sinceSeq?: number; limit?: number; includeCompacted?: boolean }; response: TranscriptPage };
  /** What one can go back to, the newest first. */
  "code:list-restore-points": { request: { sessionId: string }; response: RestorePoint[] };
  /** Sessions, the last changed first. */
  "code:list-sessions": { request: undefined; response: Session[] };
  /** Write files as they were. */
  "code:restore": { request: { restorePointId: string; targetDir: string; files?: string[] | null; dryRun?: boolean }; response: RestoreResult };
  /** Entries that have all the words, the best first. */
  "code:search-transcript": { request: { sessionId: string; query: string; limit?: number }; response: FoundEntry[] };
  /** Forget a token; false where there is none. */
  "credentials:delete": { request: { key: string }; response: boolean };
  /** Whether there is one, and what was said about it; never the token. */
  "credentials:get": { request: { key: string }; response: Credential };
  /** The keys of what there is, sorted. */
  "credentials:list": { request: undefined; response: string[] };
  /** Keep a token, in place of the one before. */
  "credentials:set": { request: { key: string; token: string; metadata?: Record<string, unknown> | null }; response: null };
  /** End a job that is not over; what it has made stays. */
  "imagegen:cancel": { request: { jobId: string }; response: Job };
  /** Put an entry at the end of a group, and have its pictures made, unless the setting */
  "imagegen:create-entry": { request: { groupId: string; prompt: string | Prompt; resolution?: Resolution | null; model?: string | null; style?: string | null; imagesPerBatch?: number; batchCount?: number; references?: string[]; extParams?: Record<string, unknown>; executionMode?: "fixed" | "target"; targetImages?: number | null; tolerance?: number }; response: QueueEntry };
  /** Make a group, after the others. */
  "imagegen:create-group": { request: { name: string }; response: QueueGroup };
  /** Delete an entry with its jobs, which are over; false where there is none of that id. */
  "imagegen:delete-entry": { request: { id: string }; response: boolean };
  /** Delete a group that has no entries; false where there is none of that id. */
  "imagegen:delete-group": { request: { id: string }; response: boolean };
  /** Delete a picture; false where there is none of that id. */
  "imagegen:delete-image": { request: { id: string }; response: boolean };
  /** A picture itself. */
  "imagegen:get-image": { request: { id: string }; response: ImageData };
  /** A group's entries, in their order; none of a group that is not there. */
  "imagegen:list-entries": { request: { groupId: string }; response: QueueEntry[] };
  /** The groups, in their order; there is always one, at first called Default. */
  "imagegen:list-groups": { request: undefined; response: QueueGroup[] };
  /** The gallery, or what fits of it. */
  "imagegen:list-images": { request: { models?: string[] | null; dateRange?: DateRange | null; favorite?: boolean | null; minRating?: number | null; tags?: string[] | null; search?: string | null; sortBy?: "name" | "newest" | "oldest" | "rating"; limit?: number; offset?: number } | undefined; response: GalleryPage };
  /** Jobs, the newest first. */
  "imagegen:list-jobs": { request: { entryId?: string | null; states?: ("cancelled" | "completed" | "failed" | "paused" | "queued" | "running")[] | null; limit?: number } | undefined; response: Job[] };
  /** Have a job wait; a batch that has begun is finished first. */
  "imagegen:pause": { request: { jobId: string }; response: Job };
  /** Let a paused job go on when it is its turn. */
  "imagegen:resume": { request: { jobId: string }; response: Job };
  /** Have a job that failed or was cancelled make what is missing. */
  "imagegen:retry": { request: { jobId: string }; response: Job };
  /** Have pictures made of an entry. */
  "imagegen:run": { request: { entryId: string }; response: Job };
  /** Change an entry; what is left out stays.  Jobs that wait make what it says then; one that */
  "imagegen:update-entry": { request: { id: string; groupId?: string; enabled?: boolean; sortOrder?: number; prompt?: string | Prompt; resolution?: Resolution; model?: string | null; style?: string | null; imagesPerBatch?: number; batchCount?: number; references?: string[]; extParams?: Record<string, unknown>; executionMode?: "fixed" | "target"; targetImages?: number | null; tolerance?: number }; response: QueueEntry };
  /** Change a group; what is left out stays. */
  "imagegen:update-group": { request: { id: string; name?: string; collapsed?: boolean; sortOrder?: number }; response: QueueGroup };
  /** What one thinks of a picture; what is left out stays. */
  "imagegen:update-image": { request: { id: string; favorite?: boolean; rating?: number | null; tags?: string[]; notes?: string | null }; response: GeneratedImage };
  /** One setting; null where there is none of that key. */
  "settings:get": { request: { key: string } | string; response: unknown };
  /** All settings: what was set, over what the server says, over the defaults. */
  "settings:get-all": { request: undefined; response: Settings };
  /** Take back what was set: everything, or one setting. */
  "settings:reset": { request: { key?: string | null } | undefined; response: Settings };
  /** Set one. */
  "settings:set": { request: { key: string; value: unknown }; response: null };
  /** Set many: objects are merged, everything else is replaced. */
  "settings:update": { request: Record<string, unknown>; response: Settings };
  /** Show the token, where it was not in the URL; the first request then. */
  "system:auth": { request: { token: string }; response: boolean };
}

/** What the server tells by itself: payload, by channel. */
export interface EventMap {
  /** A piece of an answer; only the page that asked is told. */
  "ai:stream-chunk": StreamChunk;
  /** An answer is complete; the response with the same follows. */
  "ai:stream-complete": StreamComplete;
  /** An answer failed; the response with ``HANDLER_ERROR`` follows. */
  "ai:stream-error": StreamError;
  /** There is a new artifact. */
  "artifact:installed": Holding;
  /** An artifact is being installed. */
  "artifact:progress": Progress;
  /** An artifact is gone, with its files. */
  "artifact:removed": Id;
  /** An artifact was replaced, enabled or disabled. */
  "artifact:updated": Holding;
  /** There is a new conversation. */
  "chat:created": Chat;
  /** A conversation is gone, with its messages. */
  "chat:deleted": Id;
  /** A conversation has a message more. */
  "chat:message-added": Message;
  /** A message is liked, or not any more. */
  "chat:message-updated": Message;
  /** A conversation has changed, or has a message more. */
  "chat:updated": Chat;
  /** A batch has brought pictures. */
  "imagegen:batch-completed": BatchDone;
  /** A batch failed, as often as it was tried. */
  "imagegen:batch-failed": BatchLost;
  /** A batch begins. */
  "imagegen:batch-started": BatchBegun;
  /** An entry is gone, with its jobs. */
  "imagegen:entry-deleted": Id;
  /** An entry was changed. */
  "imagegen:entry-updated": QueueEntry;
  /** A group is gone. */
  "imagegen:group-deleted": Id;
  /** A group was changed. */
  "imagegen:group-updated": QueueGroup;
  /** A job is over: ``completed``, ``failed`` or ``cancelled``. */
  "imagegen:job-completed": JobHappened;
  /** There is a job; the first thing that is told of it. */
  "imagegen:job-created": JobHappened;
  /** A job was paused, or waits for its turn again. */
  "imagegen:job-updated": JobHappened;
  /** The first frame of every connection. */
  "server:connected": Connected;
  /** The server is alive; now and then, to everybody. */
  "server:heartbeat": Moment;
  /** The server stops; the close frame (1001) follows. */
  "server:shutdown": Reason;
  /** Something was set. */
  "settings:changed": Setting;
}
