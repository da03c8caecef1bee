// Tests that print their results as `ok N name` and `not ok N name`.

const tests = [];

/** Adds a test. It fails when it throws, or takes longer than `limit` milliseconds. */
export function test(name, body, limit = 15_000) {
  tests.push({ name, body, limit });
}

/** Fails with `what` unless `holds`. */
export function check(holds, what) {
  if (!holds) throw new Error(typeof what === 'string' ? what : JSON.stringify(what));
}

/** Fails unless both are the same JSON. */
export function same(found, expected, what = 'value') {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  check(a === b, `${what}: expected ${b}, found ${a}`);
}

/** Runs all tests in order, then `after`, and ends the process. */
export async function run(after = async () => {}) {
  let failed = 0;
  for (const [at, { name, body, limit }] of tests.entries()) {
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${limit} ms`)), limit);
      });
      await Promise.race([body(), late]);
      console.log(`ok ${at + 1} ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${at + 1} ${name}`);
      for (const line of String(error?.stack ?? error).split('\n')) console.log(`# ${line}`);
    } finally {
      clearTimeout(timer);
    }
  }
  await after().catch((error) => console.log(`# ${error}`));
  process.exit(failed === 0 ? 0 : 1);
}
