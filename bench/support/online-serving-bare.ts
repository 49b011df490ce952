/** What Node and ioredis alone take for the same reads: one HMGET per view and entity in a pipeline, the bytes written back as they are. */
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { createEntityKeyEncoder } from '../../adapters/feast/codec/entity-key.ts';
import { createFieldKeys } from '../../adapters/feast/codec/field-keys.ts';
import { PROJECT, VIEWS } from './online-serving-data.ts';

const redis = new Redis(process.argv[2]!);
const views = VIEWS.map((view) => {
  const fields = createFieldKeys(view.name);
  return { encode: createEntityKeyEncoder(PROJECT, view.joinKeys), fields: [fields.timestamp, ...view.features.map(({ name }) => fields.feature(name))] };
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { entities } = JSON.parse(Buffer.concat(chunks).toString()) as { entities: { user_id: number[] } };
    const pipeline = redis.pipeline();
    for (const id of entities.user_id) for (const { encode, fields } of views) pipeline.hmgetBuffer(encode([BigInt(id)]), ...fields);
    void pipeline.exec().then((answers) => {
      const body = JSON.stringify({ results: answers!.map(([, values]) => (values as (Buffer | null)[]).map((value) => value?.toString('latin1') ?? null)) });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { readonly port: number }).port));
