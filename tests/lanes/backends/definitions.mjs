// The definitions without which Helios ignores nearly every parameter, as the bundles that it reads.
// Arguments: the unpacked package hl7.fhir.r5.core, the folder to write to.
import fs from 'node:fs';
import path from 'node:path';

const [source, target] = process.argv.slice(2);
const bundles = { SearchParameter: 'search-parameters-r5', CompartmentDefinition: 'compartment-definitions-r5' };
for (const [type, name] of Object.entries(bundles)) {
  const files = fs.readdirSync(source).filter(file => file.startsWith(`${type}-`));
  const entry = files.map(file => JSON.parse(fs.readFileSync(path.join(source, file), 'utf8')))
    .map(resource => ({ fullUrl: resource.url, resource }));
  const bundle = { resourceType: 'Bundle', type: 'collection', entry };
  fs.writeFileSync(path.join(target, `${name}.json`), JSON.stringify(bundle));
}
