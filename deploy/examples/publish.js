// A Node engine writing to signaltape with the stock `redis` client: one XADD per event.
//
//   npm install redis
//   REDIS_URL=redis://127.0.0.1:6379/0 node publish.js
//
// The event is plain JSON. Its time may be left out: then it is the time of the stream entry.

const { createClient } = require('redis');
const { randomUUID } = require('node:crypto');
const { crc32 } = require('node:zlib');

const stream = process.env.SIGNALTAPE_STREAM || 'signaltape';
const partitions = Number(process.env.SIGNALTAPE_PARTITIONS || 1);

// With several partitions, all events of a signal go to the same one.
function streamKey(signalId) {
  const number = partitions > 1 ? crc32(signalId) % partitions : 0;
  return `${stream}:{${number}}`;
}

async function main() {
  const client = createClient(connectionOptions(process.env.REDIS_URL));
  client.on('error', (error) => console.error(`redis: ${error.message}`));
  await client.connect();

  const signal = { signal_id: randomUUID(), symbol: 'SOL-USDT-SWAP' };
  const record = (event, fields) =>
    client.xAdd(streamKey(signal.signal_id), '*', { event, data: JSON.stringify({ ...signal, ...fields }) });

  await record('signal_published', {
    confluence_score: 0.82,
    rr: 1.9,
    scenarios: { primary: { side: 'long' } },
    expiry_minutes: 30,
    rules_version: 'analysis-mode-1.2',
    ts_published: new Date().toISOString(),
  });
  await record('signal_triggered', { entry_fill: 222.1, time_to_trigger_ms: 420000 });
  await record('signal_closed', { rr_realized: 1.65, time_in_trade_ms: 900000, exit_reason: 'tp' });

  await client.quit();
  console.log(signal.signal_id);
}

// The client reads redis:// URLs; a Unix socket is given as a path.
function connectionOptions(url = 'redis://127.0.0.1:6379/0') {
  return url.startsWith('unix://') ? { socket: { path: url.slice('unix://'.length) } } : { url };
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
