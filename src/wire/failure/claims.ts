import type { ErrorKind } from '../../errors/kinds.ts';

/** A sentence that speaks of a subject and says something of it, in whatever words and order. */
interface Claim {
  readonly kind: ErrorKind;
  /** Everything that one sentence must hold. */
  readonly all: readonly RegExp[];
  /** What makes it a sentence about something else. */
  readonly none: RegExp;
}

const PARAMETER =
  /\b(?:parameters?|arguments?|fields?|propert(?:y|ies)|options?|settings?|headers?|schemas?|functions?|tools?|types?|permitted|param)\b/i;
const OTHER_SIZE =
  /\b(?:images?|audio|video|files?|documents?|strings?|arrays?|schemas?|headers?|bytes|[km]i?b|pixels?|output|completion|quota|rate|budget|retries|unexpected token|json|embeddings?|batch)\b|max_\w*tokens\b|\bper (?:second|minute|hour|day)\b|\btools?\b|\bfunctions?\b/i;

const CLAIMS: readonly Claim[] = [
  {
    kind: 'context_window_exceeded',
    all: [
      /\b(?:prompts?|inputs?|messages?|conversation|history|context|sequence|requests?|requested tokens?|total)\b/i,
      /\btokens?\b|\bcontext (?:window|length|size|limit)\b|\bmax_(?:seq|model)_len\b|\b(?:sequence|input|prompt) length\b/i,
      /\btoo (?:long|large|many)\b|\bexceed(?:s|ed|ing)?\b|\b(?:longer|larger|greater|more) than\b|\b(?:above|over) the\b|\boverflow|\bnot fit\b|\bsupports? (?:only |at most|up to)|\bbut (?:the|this) (?:maximum|limit|model)|\bbut [\d,]+ tokens\b|\byou (?:sent|have|provided)\b|\d > \d/i,
    ],
    none: OTHER_SIZE,
  },
  {
    kind: 'context_window_exceeded',
    all: [
      /\b(?:prompt|inputs?|messages?|conversation|history)\b/i,
      /\b(?:too (?:long|large)|not fit|exceed(?:s|ed) the (?:maximum )?length)\b/i,
      /\bmodel\b|\bcontext\b/i,
    ],
    none: OTHER_SIZE,
  },
  {
    kind: 'content_policy_violation',
    all: [
      /\b(?:blocked|rejected|refused|filtered|flagged|declined|denied|violat\w+|detected|not allowed|not permitted|disallowed|contains?|found to be)\b/i,
      /\b(?:content|usage|safety) (?:polic(?:y|ies)|guidelines|filters?|settings|system)\b|\bmoderation\b|\bguardrails?\b|\bfor safety\b|\bsafety reasons\b|\b(?:unsafe|harmful|inappropriate|nsfw|explicit|disallowed|prohibited) (?:content|material)\b|\b(?:as|be) (?:unsafe|harmful|inappropriate)\b|\bNSFW\b|\bpolicy violation\b|\bcontent (?:that|which) is not (?:allowed|permitted)\b/i,
    ],
    none: new RegExp(`${PARAMETER.source}|\\b(?:model|service|endpoint) (?:not|un)|evaluation|execution|\\berror\\b`, 'i'),
  },
  {
    kind: 'insufficient_credits',
    all: [
      /\b(?:credits?|(?:credit|account|wallet|prepaid|negative|low) balance|balance is|funds|wallet|invoice|payment (?:required|method)|billing (?:is )?not|(?:free )?trial|spending (?:limit|cap)|subscription (?:has|is|was) (?:expired|ended|inactive))\b/i,
      /\b(?:insufficient|not enough|no (?:remaining|more|available)|negative|too low|low|exhausted|depleted|expired|ended|used up|run out|ran out|overdue|unpaid|recharge|top up|add (?:funds|credits|more)|exceeded|reached|required|empty|zero|inactive|not (?:enabled|active|configured))\b/i,
    ],
    none: new RegExp(`${PARAMETER.source}|\\bper (?:second|minute|hour|day)\\b|\\brate\\b|\\brequests?\\b.{0,20}\\blimit`, 'i'),
  },
  {
    kind: 'not_found',
    all: [
      /\b(?:models?|deployment)\b/i,
      /\bnot (?:be )?found\b|\bnot exist\b|\bno longer (?:available|supported|exists|offered|served)\b|\b(?:has been|was|is) (?:retired|removed|shut down|discontinued|decommissioned|sunset)\b|\bnot a known\b|\b(?:unknown|unsupported|find) model\b(?! (?:parameter|setting|option|type|config))|\bno model (?:named|with|called)\b/i,
    ],
    none: new RegExp(`${PARAMETER.source}|\\b(?:file|image|template|adapter|tokenizer|lora|endpoint|region|output)\\b`, 'i'),
  },
  {
    kind: 'rate_limit',
    all: [
      /\brate[- ]limit(?:ed|ing)\b|\bthrottl(?:ed|ing)\b|\bslow down\b|\brequest rate (?:is )?too\b|\b(?:requests?|tokens?|calls?) per (?:second|minute)\b|\bsending (?:requests )?too (?:fast|quickly)\b/i,
    ],
    none: PARAMETER,
  },
  {
    kind: 'authentication',
    all: [
      /\b(?:api[ -]key|access token|bearer token|auth(?:entication|orization)? token|invalid token(?! ids?\b)|credentials)\b|\bauthentication (?:failed|required|error)\b|^unauthori[sz]ed\b/i,
      /\b(?:invalid|incorrect|missing|wrong|expired|no|unknown|revoked|disabled|malformed|not (?:valid|found|provided|recogni[sz]ed)|failed|required|error|unauthori[sz]ed)\b/i,
    ],
    none: PARAMETER,
  },
  {
    kind: 'permission_denied',
    all: [
      /\b(?:(?:do|does) not|don't|doesn't) have (?:the )?(?:permissions?|access|rights?)\b|\bnot (?:authori[sz]ed|entitled) to (?:use|access|call|invoke)\b|\b(?:access|permission) (?:is |was |has been )?denied\b/i,
      /\b(?:models?|api|resources?|endpoint|deployment|operation|project|account|organi[sz]ation)\b/i,
    ],
    none: new RegExp(`${PARAMETER.source}|\\b(?:not exist|not found|files?|images?|urls?)\\b`, 'i'),
  },
  {
    kind: 'service_unavailable',
    all: [
      /\b(?:servers?|service|system|backend|models?|engine|cluster|workers?|capacity)\b/i,
      /\b(?:busy|overloaded|unavailable|loading|warming up|starting up|under (?:heavy|high) load|at capacity|maintenance)\b|\b(?:no|insufficient|out of) capacity\b/i,
    ],
    none: new RegExp(`${PARAMETER.source}|\\b(?:image|file|url|region|country|plan|free)\\b`, 'i'),
  },
];

const MAX_SENTENCES = 6;
const MAX_LENGTH = 240;

const sentencesOf = (line: string): string[] =>
  line.split(/(?<=[.!?])\s+/, MAX_SENTENCES).map((sentence) => sentence.slice(0, MAX_LENGTH));

/** The kind that one of a text's first sentences claims; asked when no known wording is in it. */
export function claimedIn(line: string, counts: (kind: ErrorKind) => boolean): ErrorKind | undefined {
  const sentences = sentencesOf(line);
  const claims = ({ all, none }: Claim): boolean =>
    sentences.some((sentence) => all.every((part) => part.test(sentence)) && !none.test(sentence));
  return CLAIMS.find((claim) => counts(claim.kind) && claims(claim))?.kind;
}
