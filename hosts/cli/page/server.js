// What the server says of itself, and who answers there.

const $ = (id) => document.getElementById(id);

/**
 * Looks now, and again every two seconds while the page is seen.
 *
 * @param {() => string | undefined} whose the user whose links are looked for, where the server tells them
 */
export function watch(whose) {
  const all = () => Promise.all([look(), own(whose())]);
  setInterval(() => document.hidden || all(), 2_000);
  return all();
}

/** How many links the user has, on every device and in every tab. */
async function own(user) {
  if (!user) return;
  try {
    const answer = await fetch(`dev/links?user=${encodeURIComponent(user)}`, { cache: 'no-store' });
    show({ own: (await answer.json()).links });
  } catch {
    show({ own: '-' });
  }
}

async function look() {
  try {
    const answer = await fetch('health', { cache: 'no-store' });
    // A proxy need not show it to everybody. A draining server says 503, and how it is.
    if (answer.status === 403 || answer.status === 404) {
      $('health').textContent = 'not shown here';
      return;
    }
    const { status, links, users, routes_version: routes, uptime_seconds: up, agents = [] } = await answer.json();
    const uptime = up < 120 ? `${up} s` : up < 7_200 ? `${Math.floor(up / 60)} min` : `${Math.floor(up / 3_600)} h`;
    show({ health: status, links, users, routes, uptime });
    offer(agents);
  } catch {
    show({ health: 'unreachable', links: '-', users: '-', routes: '-', uptime: '-' });
  }
}

function show(facts) {
  for (const [id, fact] of Object.entries(facts)) $(id).textContent = fact;
}

/** The agents of the table, between "By content" and the unknown one. */
function offer(agents) {
  const list = $('agent');
  const present = [...list.options].slice(1, -1);
  if (present.map(({ value }) => value).join() === agents.map(({ id }) => id).join()) return;
  for (const option of present) option.remove();
  for (const { id, name } of agents) list.add(new Option(name, id), list.options.length - 1);
}
