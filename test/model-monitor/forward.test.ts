import { createServer, IncomingHttpHeaders, Server } from 'http';
import { AddressInfo } from 'net';
import { Caller } from '../../constructs/core/handlers/request/caller';
import { send } from '../../constructs/core/handlers/request/http';
import { Credentials } from '../../constructs/core/credentials';
import { forward, Vendor } from '../../constructs/model-monitor/handlers/forward/forward';
import { inferences } from '../../constructs/model-monitor/handlers/forward/inferences';

const NOW = Date.parse('2026-11-26T10:00:00.250Z');
const ADDRESS = 's3://acme/capture/fraud/AllTraffic/2026/11/26/10/00-00-000-x.jsonl';

interface Side { readonly type?: string; readonly data: string; readonly encoding?: string }

/** A line as SageMaker writes it. */
function captured(input: Side, output: Side, id = 'one'): string {
  const side = (mode: string, { type = 'text/csv', data, encoding = 'CSV' }: Side) => ({ observedContentType: type, mode, data, encoding });
  return JSON.stringify({
    captureData: { endpointInput: side('INPUT', input), endpointOutput: side('OUTPUT', output) }, eventMetadata: { eventId: id, inferenceTime: '2026-11-26T09:59:58Z' }, eventVersion: '0',
  });
}

const ROWS = captured({ data: '10,30,eu\n12,41,us\n' }, { type: 'application/json', data: '[0.1, [0.9]]', encoding: 'JSON' });

describe('what was captured', () => {
  test('CSV that is answered with JSON, with names', () => {
    expect(inferences(`${ROWS}\n`, ['amount', 'age', 'region'])).toEqual([
      { id: 'one-0', at: '2026-11-26T09:59:58Z', features: { amount: 10, age: 30, region: 'eu' }, prediction: 0.1 },
      { id: 'one-1', at: '2026-11-26T09:59:58Z', features: { amount: 12, age: 41, region: 'us' }, prediction: 0.9 },
    ]);
  });

  test.each<[string, string]>([
    ['JSON of rows', captured({ data: '{"instances": [[1, 2]]}', type: 'application/json', encoding: 'JSON' }, { data: '{"predictions": [3]}', type: 'application/json', encoding: 'JSON' })],
    ['JSON with a charset', captured({ data: '[[1, 2]]', type: 'application/json; charset=utf-8', encoding: 'JSON' }, { data: '3' })],
    ['text that was captured in base64', captured({ data: Buffer.from('1,2').toString('base64'), encoding: 'BASE64', type: 'text/csv; header=absent' }, { data: '3' })],
  ])('%s', (_what, line) => {
    expect(inferences(line)).toEqual([{ id: 'one-0', at: '2026-11-26T09:59:58Z', features: { feature_0: 1, feature_1: 2 }, prediction: 3 }]);
  });

  test('JSON that names its features', () => {
    const [{ features }] = inferences(captured({ data: '[{"amount": 7, "region": "eu"}]', type: 'application/json', encoding: 'JSON' }, { data: '3' }), ['x']);

    expect(features).toEqual({ amount: 7, region: 'eu' });
  });

  test("the caller's own id", () => {
    const line = JSON.parse(ROWS);

    expect(inferences(JSON.stringify({ ...line, eventMetadata: { ...line.eventMetadata, inferenceId: 'order-7' } })).map(({ id }) => id)).toEqual(['order-7-0', 'order-7-1']);
  });

  test.each<[string, string, string[]?]>([
    ['line 2: a row must have 1 features, got 3', `${captured({ data: '1' }, { data: '2' })}\n${ROWS}`, ['amount']],
    ['line 1: 2 rows were asked, 1 answered', captured({ data: '1\n2' }, { data: '3' })],
    ["line 1: traffic must be text/csv or application/json, got 'image/png'", captured({ data: 'iVBO', type: 'image/png', encoding: 'BASE64' }, { data: '3' })],
    ["line 1: JSON must be a list, or an object with 'instances'", captured({ data: '{"inputs": 1}', type: 'application/json', encoding: 'JSON' }, { data: '3' })],
    ["line 1: a request must be captured with its answer ('Input' and 'Output')", JSON.stringify({ captureData: { endpointInput: JSON.parse(ROWS).captureData.endpointInput }, eventMetadata: {} })],
  ])('%s', (message, file, ...names) => {
    expect(() => inferences(file, ...names)).toThrow(message);
  });
});

interface Received { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: any }

/** A vendor that answers so. */
async function vendor(answer: { status?: number; body?: string; headers?: { [name: string]: string } } = {}): Promise<{ server: Server; url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', chunk => chunks.push(chunk)).on('end', () => {
      received.push({ url: request.url!, headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? '{}');
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/otlp`, received };
}

const OTLP: Omit<Vendor, 'url'> = { format: 'otlp', options: { signals: ['metrics', 'logs'], service: 'test/Monitor' }, features: ['amount', 'age', 'region'], source: 's3://acme/capture' };

/** Forwards `ROWS` to `url`. */
function sent(url: string, credentials: Credentials = {}): Promise<number> {
  const caller = new Caller({ url, credentials }, { now: () => Date.now(), secret: async () => 's3cr3t', identity: async () => { throw new Error('nobody is asked to sign'); }, send });
  return forward(ADDRESS, { ...OTLP, url }, { now: () => NOW, read: async () => ROWS, caller });
}

describe('OTLP', () => {
  test('counts, sums and extremes of the numbers, as deltas that do not overlap; a record for each inference', async () => {
    const { server, url, received } = await vendor();

    await expect(sent(url, { headers: { 'dd-api-key': '${CREDENTIAL}' } })).resolves.toBe(2);
    server.close();

    const [metrics, logs] = received;
    expect([metrics.url, logs.url]).toEqual(['/otlp/v1/metrics', '/otlp/v1/logs']);
    expect([metrics.headers['dd-api-key'], metrics.headers['content-type']]).toEqual(['s3cr3t', 'application/json']);
    const [{ resource, scopeMetrics: [{ metrics: all }] }] = metrics.body.resourceMetrics;
    expect(resource.attributes).toEqual([{ key: 'service.name', value: { stringValue: 'test/Monitor' } }, { key: 'mlops.capture', value: { stringValue: 's3://acme/capture' } }]);
    const when = { startTimeUnixNano: `${NOW - 1}000000`, timeUnixNano: `${NOW}000000` };
    const point = (sum: number, min: number, max: number, feature?: string) => ({
      ...when, attributes: feature ? [{ key: 'feature', value: { stringValue: feature } }] : [], count: '2', sum, min, max, bucketCounts: ['2'], explicitBounds: [],
    });
    expect(all).toEqual([
      { name: 'mlops.feature', histogram: { aggregationTemporality: 1, dataPoints: [point(22, 10, 12, 'amount'), point(71, 30, 41, 'age')] } },
      { name: 'mlops.prediction', histogram: { aggregationTemporality: 1, dataPoints: [point(1, 0.1, 0.9)] } },
      { name: 'mlops.inferences', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...when, asInt: '2' }] } },
    ]);
    const [{ scopeLogs: [{ logRecords: [record, ...rest] }] }] = logs.body.resourceLogs;
    expect(rest).toHaveLength(1);
    expect(record.timeUnixNano).toBe(`${Date.parse('2026-11-26T09:59:58Z')}000000`);
    expect(record.attributes).toEqual([
      { key: 'mlops.inference.id', value: { stringValue: 'one-0' } }, { key: 'mlops.feature.amount', value: { doubleValue: 10 } },
      { key: 'mlops.feature.age', value: { doubleValue: 30 } }, { key: 'mlops.feature.region', value: { stringValue: 'eu' } }, { key: 'mlops.prediction', value: { doubleValue: 0.1 } },
    ]);
  });

  test('HTTP Basic', async () => {
    const { server, url, received } = await vendor();

    await sent(url, { basic: 'ml:${CREDENTIAL}' });
    server.close();

    expect(received[0].headers.authorization).toBe(`Basic ${Buffer.from('ml:s3cr3t').toString('base64')}`);
  });

  test.each<[string, Parameters<typeof vendor>[0]]>([
    ['/otlp/v1/metrics: Http.StatusCode.401 unknown caller', { status: 401, body: 'unknown\n caller' }],
    ['/otlp/v1/metrics: Http.StatusCode.302', { status: 302, headers: { location: 'https://login.acme.dev' }, body: '' }],
    ['/otlp/v1/metrics: a page, which no API answers: <html>Sign in</html>', { body: '<html>Sign in</html>' }],
    ['/otlp/v1/metrics: a part was not taken: no room', { headers: { 'content-type': 'application/json' }, body: '{"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "no room"}}' }],
  ])('%s', async (message, answer) => {
    const { server, url } = await vendor(answer);

    await expect(sent(url)).rejects.toThrow(message);
    server.close();
  });

  test('nobody there', async () => {
    const { server, url } = await vendor();
    await new Promise(done => server.close(done));

    await expect(sent(url)).rejects.toThrow(/Http.Socket .* is not reachable/);
  });
});
