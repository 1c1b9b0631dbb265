// Writes mcp-core/src/fhir/tables/*.tsv: for each resource type its elements and its search
// parameters, names and types only, from the published definitions of a FHIR version (CC0).
//
//   node scripts/fhir-tables.mjs r5 <unpacked npm package hl7.fhir.r5.core>
//   node scripts/fhir-tables.mjs r4 <folder with profiles-resources.json and search-parameters.json>
//
// A line: type, tab, elements, tab, search parameters. An element is `name:types`, with `!` after the
// name where it is required and `*` where it repeats; a parameter is `name:type`.
import fs from 'node:fs';
import path from 'node:path';

const [version, source] = process.argv.slice(2);
const read = file => JSON.parse(fs.readFileSync(path.join(source, file), 'utf8'));
const files = prefix => fs.readdirSync(source).filter(f => f.startsWith(prefix)).map(read);
const bundled = file => read(file).entry.map(entry => entry.resource);

const definitions = version === 'r5' ? files('StructureDefinition-') : bundled('profiles-resources.json');
const parameters = version === 'r5' ? files('SearchParameter-') : bundled('search-parameters.json');

const types = definitions
  .filter(d => d.resourceType === 'StructureDefinition' && d.kind === 'resource')
  .filter(d => d.derivation === 'specialization' && !d.abstract)
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const of = type => (type.code.startsWith('http') ? 'string' : type.code);
const targets = type => (type.targetProfile ?? []).map(url => url.split('/').pop()).slice(0, 4);
const shown = type => (of(type) === 'Reference' && targets(type).length
  ? `Reference(${targets(type).join('|')})` : of(type));
const inherited = new Set(['id', 'meta', 'implicitRules', 'language', 'text', 'contained', 'extension', 'modifierExtension']);

function elements(definition) {
  return definition.snapshot.element
    .filter(e => e.path.split('.').length === 2 && !inherited.has(e.path.split('.')[1]))
    .map(e => {
      const name = e.path.split('.')[1];
      const marks = (e.min > 0 ? '!' : '') + (e.max === '*' ? '*' : '');
      return `${name}${marks}:${[...new Set((e.type ?? [{ code: 'element' }]).map(shown))].join(',')}`;
    });
}

const lines = types.map(definition => {
  const own = parameters
    .filter(p => p.base?.includes(definition.name) && p.type !== 'special' && p.code)
    .map(p => `${p.code}:${p.type}`);
  return [definition.name, elements(definition).join(' '), [...new Set(own)].sort().join(' ')].join('\t');
});
const target = new URL(`../mcp-core/src/fhir/tables/${version}.tsv`, import.meta.url);
fs.writeFileSync(target, `${lines.join('\n')}\n`);
console.log(`${version}: ${lines.length} types`);
