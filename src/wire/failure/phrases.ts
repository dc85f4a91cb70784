/** A pattern that is narrow enough to stand for a kind, and who sends such a text. */
export type Phrase = readonly [pattern: RegExp, source: string];

/** Prompt and window do not fit. */
export const OVERFLOW: readonly Phrase[] = [
  [/maximum context length/i, 'OpenAI, vLLM, Mistral, OpenRouter, DeepSeek'],
  [
    /exceeds? (?:the |this |its )?(?:model'?s? )?(?:available |configured |maximum )?context (?:window|size|length|limit)/i,
    'OpenAI Responses, Anthropic, llama.cpp, Ollama',
  ],
  [
    /exceeded (?:the |this )?(?:model'?s? )?(?:max(?:imum)? )?(?:context length|context window|token limit)/i,
    'Moonshot, Cloudflare',
  ],
  [/exceeded model token limit/i, 'Moonshot'],
  [
    /context (?:window|size|length|limit)(?: \([^)]{0,40}\))? (?:has been |is |was )?exceed(?:ed|s)/i,
    'llama.cpp, LM Studio, MiniMax',
  ],
  [/prompt (?:is )?too long|prompt ?超长/i, 'Anthropic, Fireworks, Ollama, Z.ai'],
  [/\bis too long to fit into the model|exceeds? (?:the )?max_model_len\b/i, 'vLLM'],
  [/input is too long for/i, 'Bedrock'],
  [/too many input tokens|prompt tokens \([\d,]+\) exceed model maximum|expected maxlength:/i, 'Bedrock'],
  [
    /input token count.{0,60}exceeds? the max|exceeds the maximum (?:number of (?:input )?tokens|input tokens?)/i,
    'Gemini, Bedrock',
  ],
  [/(?:input|prompt|total) tokens exceeds? the (?:configured|model'?s?|maximum)/i, 'Azure, Bedrock, Cohere'],
  [/maximum prompt length is/i, 'xAI'],
  [/reduce the (?:length of (?:the |your )?(?:messages|prompt|input)|input token count)/i, 'Groq, Cerebras, Vertex'],
  [/input length \(?[\d,]+\)? exceeds (?:the )?maximum (?:allowed )?input length/i, 'DeepInfra, OpenRouter (Poolside)'],
  [/longer than the (?:maximum )?(?:model'?s? )?(?:context|model) length/i, 'Together, Ollama, vLLM'],
  [/greater than the context length|keep the first [\d,]+ tokens when/i, 'LM Studio'],
  [/`?inputs`? (?:tokens \+ `?max_new_tokens`? must be <=|must have less than [\d,]+ tokens)/i, 'TGI, TEI'],
  [
    /max_tokens (?:must be at least 1, got -\d|\(-\d+\) should be greater than)/i,
    'vLLM, TensorRT-LLM: the window less the prompt is negative',
  ],
  [/\(parameter=input_tokens, value=/i, 'vLLM'],
  [/\btokens?\b[^.;]{0,40} exceeds? the limit of [\d,]+/i, 'GitHub Copilot'],
  [/\bnot fit (?:in|into|within) (?:the |this )?(?:model'?s? )?context (?:window|length|size)/i, 'Voyage'],
  [/range of input length should be/i, 'DashScope'],
  [/total length of all messages is too long/i, 'Perplexity'],
  [/request too many tokens: [\d,]+ \+ [\d,]+ >|prompt has too many tokens/i, 'AI21'],
  [/too many tokens: (?:total number|size limit|minimal context|multi-hop|prompt)/i, 'Cohere'],
  [
    /context (?:length|limit|window|size) is (?:only )?[\d,]+ tokens|prompt has [\d,]+ tokens?, but the configured context size/i,
    'vLLM, local servers',
  ],
  [
    /\d input tokens over the limit|\b(?:input|prompt|context) tokens? limit (?:is|of) [\d,]+/i,
    'gateways that count by themselves',
  ],
  [/上下文.{0,8}(?:过长|太长|超出|超过)|超[出过]最大(?:上下文)?长度/, 'Chinese gateways'],
  [/input text length should not exceed/i, 'NLP Cloud'],
  [/request body too large for .{1,80}? model\. max size: [\d,]+ tokens/i, 'GitHub Models on Azure'],
  [/requested [\d,]+ tokens, max [\d,]+ tokens per request/i, 'OpenAI embeddings'],
  [
    /input is too large to process\. increase the physical batch size|too many tokens in (?:the |your )?batch\b/i,
    'llama.cpp and Mistral embeddings',
  ],
  [/number of input tokens [\d,]+ cannot exceed/i, 'watsonx'],
];
/** A sentence that compares the prompt with what the model takes, as SGLang, Ollama and many gateways word it. */
export const COMPARED: RegExp =
  /\b(?:prompt|input|messages|conversation|context)\b[^.;:]{0,80}\b(?:too (?:long|large)|exceed(?:s|ed)?|(?:longer|larger|greater) than|over the)\b[^.;]{0,50}\b(?:context|tokens?|window|max(?:imum)? (?:allowed )?(?:input )?length|model'?s? (?:limit|maximum|length))\b|\binput (?:length |text )?(?:is )?too long\b/i;
/** Such a sentence about something else than text that goes in. */
export const NOT_COMPARED: RegExp =
  /\b(?:images?|audio|video|files?|documents?|strings?|arrays?|tools?|functions?|schemas?|headers?|bytes|[km]i?b|pixels?|output|completion|quota)\b|max_\w*tokens\b|\bper (?:minute|hour|day)\b/i;
export const NOT_OVERFLOW: RegExp =
  /rate.?limit|too many requests|tokens per min|\((?:TPM|RPM|TPD)\)|max_tokens must be (?!at least 1, got -)|maximum allowed number of output tokens|(?:output|completion)[ _]?tokens?\b.{0,24} exceeds|^throttling|\bthrottling error\b/i;

export const POLICY: readonly Phrase[] = [
  [/content exists risk/i, 'DeepSeek'],
  [/(?:may )?contains? inappropriate content|data may contain inappropriate/i, 'DashScope'],
  [/violat(?:es?|ed|ing) (?:the |our |openai's )?(?:usage|safety|content) (?:guidelines|polic)/i, 'OpenAI, xAI'],
  [/content management policy/i, 'Azure'],
  [/(?:was|were|been|is) flagged (?:as|by|for)\b/i, 'OpenAI, Replicate, OpenRouter moderation'],
  [/new_sensitive|sensitive content|contains sensitive/i, 'MiniMax, Z.ai'],
  [/(?:rejected|failed) as a result of (?:our|the) safety system|not allowed by our safety system/i, 'OpenAI and Azure images'],
  [/content filtering policy/i, 'Anthropic, Vertex'],
  [
    /\b(?:content|prompt|request|input|response|output) (?:was |is |has been )?(?:blocked|rejected|filtered|refused) (?:by|due to|because of) (?:\w+ ){0,4}(?:safety|moderation|guard(?:rails?)?|content filters?)\b/i,
    'Vertex, LiteLLM proxy and its guardrails',
  ],
  [/considered high risk/i, 'Moonshot'],
  [/\b(?:input|prompt|output|content) blocked:/i, 'Gemini'],
  [/prohibited content/i, 'gateways before Gemini'],
  [/violated (?:guardrail|content safety) policy/i, 'LiteLLM proxy'],
  [/limited access to this content for safety reasons/i, 'OpenAI, also on Bedrock'],
];
export const NOT_POLICY: RegExp = /error in guardrail evaluation|tool[_ ]use|rate.?limit/i;

export const MONEY: readonly Phrase[] = [
  [
    /insufficient (?:\w+ or \w+ )?(?:account )?(?:balance|credits?|quota|funds)/i,
    'DeepSeek, OpenRouter, Hyperbolic, Venice, Z.ai',
  ],
  [/exceeded your current quota/i, 'OpenAI, Perplexity'],
  [/credit limit exceeded|credit balance is too low/i, 'Together, Anthropic'],
  [
    /requires more credits|(?:purchase|add|buy) (?:more )?credits|top up your (?:account|balance|credits)/i,
    'OpenRouter, xAI, gateways',
  ],
  [/account balance is|positive balance|not active, please check your billing/i, 'Chutes, DeepInfra, OpenAI'],
  [
    /overdue (?:balance|payment)|balance is overdue|account (?:\S{1,60} )?(?:is|has been) suspended|in good standing/i,
    'Volcengine, Fireworks, Moonshot, DashScope',
  ],
  [
    /(?:specified|your) (?:workspace )?api usage limits|(?:out of|purchase) extra usage|extra usage is required/i,
    'Anthropic, Moonshot',
  ],
  [/usage limit (?:has been |was )?(?:reached|exceeded)|package has expired/i, 'Z.ai, Codex'],
  [
    /\b(?:spend(?:ing)?|billing|credits?|(?<!(?:tokens?|thinking|reasoning|media|image|vision|time) )budget)(?: (?:hard |soft )?(?:limit|cap))? (?:(?:has|have) been |is |are |was |were )?(?:reached|exceeded|exhausted|used up|depleted)\b/i,
    'xAI, Databricks, Anthropic, Gemini prepay, LiteLLM and other gateways',
  ],
  [/reached (?:its|your) (?:monthly|daily) spending limit/i, 'xAI'],
  [/(?:depleted|exceeded) your monthly (?:included )?credits/i, 'Hugging Face'],
  [
    /(?:doesn't|don't|does not) have any credits|\bout of credits|no credits remaining|used all available credits/i,
    'xAI, OpenAI',
  ],
  [/over budget/i, 'LiteLLM proxy'],
  [
    /free (?:allocation|quota has been exhausted)|\b(?:app|account|plan|trial|free(?: allocated)?) quota (?:is |has been |was )?(?:exhausted|exceeded|used up)/i,
    'Cloudflare, DashScope, Huawei',
  ],
  [/余额不足|欠费|额度/, 'Chinese hosts'],
];
export const NOT_MONEY: RegExp =
  /\bper[- ](?:minute|hour|day)\b|\b(?:\d+-hour|hourly|daily|weekly) usage limit|\bfree-models-per|requests? rate|googleapis\.com|ai\.google\.dev|reduced rate limits/i;

export const RATE: readonly Phrase[] = [
  [/rate limit (?:is |has been |was )?(?:exceeded|reached)/i, 'Fireworks (as 400), Groq'],
  [/exceeded (?:the |your )?(?:\w+ ){0,4}rate limit/i, 'Azure, Databricks'],
  [/too many requests|请求过于频繁|速率限制|并发.{0,12}(?:上限|超[出过])/i, 'gateways'],
  [/\b(?:\d+-hour|hourly|daily|weekly) usage limit|concurren(?:t request|cy) limit/i, 'gateways before subscriptions'],
  [/service tier capacity exceeded/i, 'Mistral'],
  [/request rate increased too quickly/i, 'DashScope'],
  [/tokens per min(?:ute)? \(TPM\)/i, 'OpenAI, Groq'],
  [/\bno deployments available for/i, 'LiteLLM proxy behind a gateway: all of them rest'],
];

export const MISSING: readonly Phrase[] = [
  [
    /\b(?:model|deployment|endpoint)\b(?: id)?:? ?[`'"[]?[\w./:@+-]*[`'"\]]? (?:does not exist|doesn't exist|(?:is |was )?not found|not exist|has been (?:decommissioned|deprecated|removed|retired)|was removed|has reached its end of life)/i,
    'OpenAI, vLLM, Ollama, Groq, NVIDIA, DeepSeek, Cohere',
  ],
  [
    /unknown model|is not a valid model\b(?! for)|no such model|not found the model|model not exist/i,
    'MiniMax, OpenRouter, Cloudflare, Moonshot, DeepSeek',
  ],
  [
    /(?:\b(?:model [`'"]?[\w./:@+-]+[`'"]?|requested model|specified model)|[`'"][\w./:@+-]+[`'"] model) is not (?:currently )?(?:supported|available|served)(?=$|[.,;!]| when using| by (?:any|this)\b| for (?:this|your) (?:account|key|environment|project))/i,
    'Codex, Hugging Face, watsonx, gateways',
  ],
  [/model identifier is invalid|^invalid model identifier/i, 'Bedrock, LM Studio'],
  [/endpoint \S+ of account \S+ not found/i, 'SageMaker'],
  [/please check the model you provided/i, 'Baseten'],
  [/specified version does not exist/i, 'Replicate'],
  [/no route for that uri/i, 'Cloudflare'],
  [/^invalid model\b(?! (?:parameter|setting|option|output|response|input|type|config|format))/i, 'Perplexity, Mistral'],
  [/\binvalid model name passed\b/i, 'LiteLLM proxy'],
];

/** The request is right, but a region, a plan or a role stands against it. */
export const CLOSED: readonly Phrase[] = [
  [/not (?:yet )?available (?:for|in|on) (?:this|your) (?:\w+ ){0,2}(?:subscription|plan|tier)/i, 'Anthropic, Mistral, Groq'],
  [/(?:subscription|plan) does not (?:yet )?include|requires a subscription, upgrade/i, 'Z.ai, Ollama cloud'],
  [
    /\b(?:country, region|user location|(?:your|this) (?:country|region))\b[^.]{0,40} not (?:supported|available)|from unsupported (?:countries|regions)/i,
    'OpenAI, Gemini, Bedrock',
  ],
  [
    /\baccess to [^.]{0,60}\b(?:is )?(?:not allowed|denied|restricted) (?:for|in) (?:this|your) (?:account|organi[sz]ation|project|region)/i,
    'Bedrock for Claude',
  ],
];

export const CREDENTIAL: readonly Phrase[] = [
  [
    /(?:incorrect|invalid|bad) (?:x-)?api[- ]key|api key (?:is )?(?:not valid|invalid|expired)/i,
    'xAI and Gemini (as 400), OpenAI',
  ],
];

export const UNAVAILABLE: readonly Phrase[] = [
  [
    /\boverloaded\b|infra_overload|experiencing (?:a )?high (?:demand|traffic|load|volume)|\bat capacity\b/i,
    'OpenAI, Google, Together, Chutes',
  ],
  [/过载|繁忙/, 'Chinese hosts'],
  [
    /(?:is currently|currently) loading|loading model|model (?:is |was |has been )?(?:un|re)loaded\b/i,
    'Hugging Face, llama.cpp, LM Studio',
  ],
  [/service is (?:currently|temporarily) unavailable|temporarily (?:unavailable|out of capacity)/i, 'xAI (in a 200), Vertex'],
  [
    /server busy|no instances available|capacity temporarily exceeded|under maintenance|degraded function/i,
    'Ollama, Chutes, Cloudflare, NVIDIA',
  ],
  [/more cpu capacity or memory/i, 'SageMaker'],
  [
    /\b(?:server|backend|upstream) connection (?:error|refused|failed|lost)\b|(?:cannot|could not|failed to|unable to) (?:connect to|reach) (?:the )?(?:upstream|backend|(?:model|inference) server|provider)\b/i,
    'Open WebUI and other gateways that lost their server',
  ],
];

export const SERVER_TIMEOUT: readonly Phrase[] = [
  [/\btimed out\b|operation was timeout|deadline expired before/i, 'Azure, TGI, Google batch'],
];
