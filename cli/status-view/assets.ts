/** What the page needs besides its HTML. */

export const STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --line: #8883; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.15rem; border-left: .4rem solid; padding-left: .7rem; }
h1.good, span.good, strong.good { color: var(--good); }
h1.bad, span.bad, strong.bad, #problems { color: var(--bad); }
h2 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; display: flex; justify-content: space-between; }
p { margin: .2rem 0; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
strong { font-size: 1.5rem; }
.devices { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; }
article { border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; font-size: .85rem; }
progress { width: 100%; height: .6rem; }
td progress { width: 8rem; }
svg { width: 15rem; height: 2.2rem; vertical-align: middle; margin-left: 1rem; }
polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
main.stale { opacity: .45; }
`

/** Asks for the view every two seconds; a page that is not looked at asks for nothing. */
export const SCRIPT = `
const main = document.querySelector('main')
async function renew() {
  if (document.hidden) return
  try {
    const answer = await fetch('view', { cache: 'no-store', signal: AbortSignal.timeout(20000) })
    if (!answer.ok) throw new Error(answer.status)
    main.innerHTML = await answer.text()
    main.classList.remove('stale')
  } catch {
    main.classList.add('stale')
  }
}
async function go() {
  await renew()
  setTimeout(go, 2000)
}
setTimeout(go, 2000)
`
