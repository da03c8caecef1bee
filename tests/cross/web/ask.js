// Asks, stops and submits over a connection that somebody cuts, a few at once, and says what came of
// each in their order: see `main.py`.

/** Commands that are under way at once. */
const AT_ONCE = 4;

/**
 * How a command ends, in words.
 *
 * @param {import('pamlink').Client} client
 * @param {string} name what each request begins with
 * @param {number} number
 */
async function end(client, name, number) {
  if (number % 5 === 4) return (await client.submit({ type: 'note', id: `n-${number}` })).outcome;
  const stops = number % 5 === 3;
  const answer = client.ask(`${name} ${number}${stops ? ' stop' : ''}`);
  let text = '';
  try {
    for await (const piece of answer) {
      text = piece.restart ? piece.text : text + piece.text;
      if (stops) return (await answer.cancel()).outcome;
    }
  } catch (error) {
    if (error.code !== 'request_unknown') throw error;
    return 'unknown';
  }
  return `answered ${text}`;
}

/**
 * @param {import('pamlink').Client} client
 * @param {string} name
 * @param {number} count
 * @param {(line: string) => void} say
 */
export async function ask(client, name, count, say) {
  for (let first = 0; first < count; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => first + at);
    const ends = await Promise.all(numbers.map((number) => end(client, name, number)));
    ends.forEach((ended, at) => say(`${numbers[at]} ${ended}`));
  }
  await client.close();
  say('done');
}
