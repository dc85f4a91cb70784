/** Light, and dark where the reader's system is dark. */
export const STYLE = `
text { font: 12px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; stroke: none }
.card { fill: #ffffff; stroke: #d1d9e0 }
.heading { font-size: 13px; font-weight: 600 }
.note, .phase text, .ticks text { fill: #59636e; font-size: 11px }
.ticks path, .ticks line { stroke: #818b98 }
.spell rect { fill: #818b98; fill-opacity: .16 }
.answered path { fill: #1a7f37 }
.unanswered path { fill: #ff8182; fill-opacity: .55 }
.requests path { fill: #0969da }
.calls path { fill: none; stroke: #59636e; stroke-width: 1.2; stroke-dasharray: 3 2 }
.base path, .base line { stroke: #818b98; stroke-opacity: .6 }
.key-answered { fill: #1a7f37 }
.key-unanswered { fill: #ff8182; fill-opacity: .55 }
.key-requests { fill: #0969da }
.key-calls { stroke: #59636e; stroke-width: 1.2; stroke-dasharray: 3 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .card { fill: #0d1117; stroke: #3d444d }
  .note, .phase text, .ticks text { fill: #9198a1 }
  .spell rect { fill: #9198a1; fill-opacity: .18 }
  .answered path, .key-answered { fill: #3fb950 }
  .unanswered path, .key-unanswered { fill: #da3633; fill-opacity: .6 }
  .requests path, .key-requests { fill: #4493f8 }
  .calls path, .key-calls { stroke: #9198a1 }
}
`;
