// Keeps one engine running and makes visits in it:
//
//     node drive.js ENGINE
//
// Each line of standard input asks for one: {"visit": NAME, "settings": {...}}. Each line of standard
// output says how it went, {"error": TEXT or null}; or {"please": TEXT}: whoever drives is to do
// something and answers with a line. The end of the input ends the engine.
'use strict';

const readline = require('node:readline');
const { engines } = require('./engines.js');
const visits = {
  ...require('./page_visits.js'), ...require('./connection_visits.js'), ...require('./api_visit.js'),
};

const say = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

async function main() {
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const engine = await engines[process.argv[2]]();
  const please = async (text) => {
    say({ please: text });
    await lines.next();
  };
  say({ ready: true });
  try {
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      const { visit, settings } = JSON.parse(line.value);
      let error = null;
      try {
        await visits[visit](engine, settings, please);
      } catch (caught) {
        error = String(caught.stack || caught);
      }
      say({ error });
    }
  } finally {
    await engine.stop();
  }
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
