// Puts published example resources into a server. Arguments: base URL, folder of examples, PUT or POST.
import fs from 'node:fs';
import path from 'node:path';

const [base, folder, method] = process.argv.slice(2);
const wanted = /^(Patient|Observation)-/;
const counts = {};
for (const file of fs.readdirSync(folder).filter(name => wanted.test(name)).sort()) {
  const resource = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
  const type = resource.resourceType;
  if (method === 'POST') delete resource.id;
  const url = method === 'POST' ? `${base}/${type}` : `${base}/${type}/${resource.id}`;
  const headers = { 'content-type': 'application/fhir+json' };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(resource) });
  await answer.arrayBuffer();
  const key = `${type} ${answer.status}`;
  counts[key] = (counts[key] ?? 0) + 1;
}
console.log(base, JSON.stringify(counts));
