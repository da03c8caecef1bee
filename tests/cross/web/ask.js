// Sends numbered requests over a connection that somebody cuts, a few at once, and says each answer in
// the order of asking: `answer I TEXT`, and at the end `done`.

/** Requests that are under way at once. */
const AT_ONCE = 4;

/**
 * @param {import('pamlink').Client} client
 * @param {string} name what each request begins with
 * @param {number} count
 * @param {(line: string) => void} say
 */
export async function ask(client, name, count, say) {
  for (let first = 0; first < count; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => first + at);
    const answers = numbers.map((number) => client.ask(`${name} ${number}`).answer);
    for (const [at, answer] of answers.entries()) say(`answer ${numbers[at]} ${(await answer).text}`);
  }
  await client.close();
  say('done');
}
