/** Turns a Vega-Lite specification into an SVG document that needs nothing besides itself. */
import type { TopLevelSpec } from 'vega-lite'

/** Loads Vega (0.2 s) on its first call only. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
