/** Light, and dark where the reader's system is dark. */
export const STYLE = `
text { font: 12px ui-sans-serif, system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.card { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0; stroke-dasharray: 2 4 }
.tick, .story, .wait, .provider { fill: #59636e }
.model { font-size: 13px; font-weight: 600 }
.provider { font-weight: 400 }
.wait { font-size: 11px }
.status { font-weight: 600; fill: #ffffff }
.service_unavailable { fill: #cf222e }
.rate_limit { fill: #9a6700 }
.success { fill: #1a7f37 }
.way { fill: none; stroke: #818b98; stroke-width: 1.5 }
.pause { stroke-dasharray: 1 5; stroke-linecap: round; stroke-width: 2 }
.tip { fill: #818b98 }
.end { stroke: #1a7f37; stroke-width: 1.5 }
.reply { fill: #1a7f37; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .card { fill: #0d1117; stroke: #3d444d }
  .grid { stroke: #3d444d }
  .tick, .story, .wait, .provider { fill: #9198a1 }
  .status { fill: #0d1117 }
  .service_unavailable { fill: #ff7b72 }
  .rate_limit { fill: #e3b341 }
  .success, .reply { fill: #56d364 }
  .way { stroke: #656c76 }
  .tip { fill: #656c76 }
  .end { stroke: #56d364 }
}
`;
