/**
 * What a first visit to each surface downloads, gzip'd: its own scripts and styles and what those import. The phone
 * page's budget is a promise of the design; the others only have a ceiling that catches accidents.
 */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = { phone: 60 };
const CEILING_KB = 350;
const here = dirname(fileURLToPath(import.meta.url));
const built = process.argv[2] ? resolve(process.argv[2]) : join(here, '..', '..', 'edge', 'web', 'static');

/** Addresses of scripts and styles that a file loads at once (static imports and tags, not import()). */
function loads(text, isPage) {
  const pattern = isPage ? /(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g : /(?:from|import)\s*["'](\.\/[^"']+\.js)["']/g;
  return [...text.matchAll(pattern)].map(([, address]) => address.replace(/^\.\//, '/assets/'));
}

function weigh(surface) {
  const found = new Set();
  const visit = (address) => {
    if (found.has(address)) return;
    found.add(address);
    if (address.endsWith('.js')) loads(readFileSync(join(built, address), 'utf-8'), false).forEach(visit);
  };
  loads(readFileSync(join(built, surface, 'index.html'), 'utf-8'), true).forEach(visit);
  const bytes = [...found].map((address) => gzipSync(readFileSync(join(built, address)), { level: 9 }).length);
  return { files: found.size, kb: bytes.reduce((sum, size) => sum + size, 0) / 1000 };
}

if (!existsSync(built)) {
  process.stderr.write(`Nothing built in ${built}: run "npm run build" first.\n`);
  process.exit(2);
}
let over = false;
for (const surface of readdirSync(built).filter((name) => existsSync(join(built, name, 'index.html')))) {
  const { files, kb } = weigh(surface);
  const limit = BUDGET_KB[surface] ?? CEILING_KB;
  over ||= kb > limit;
  process.stdout.write(`${surface.padEnd(12)} ${kb.toFixed(1).padStart(7)} kB gz of ${String(limit)}  (${String(files)} files)${kb > limit ? '  TOO LARGE' : ''}\n`);
}
process.exit(over ? 1 : 0);
