/**
 * One build for every surface. A folder with an index.html is a surface: it is found here, never listed.
 * Output: ../edge/web/static/<surface>/index.html and hashed files in assets/, nothing inline (the CSP forbids it).
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { build, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const BOX = 'http://127.0.0.1:8080';

/**
 * The phone page is built by itself, after the others: sharing chunks with staff pages would make every
 * customer download what only tellers use, in many small files over a busy Wi-Fi.
 */
const PHONE = 'phone';
/** SURFACES=kiosk,phone builds only those: for working on one page while another is in pieces. */
const wanted = process.env['SURFACES']?.split(',');

function together(mode: string): Record<string, string> {
  const all = Object.entries(surfaces());
  return Object.fromEntries(all.filter(([name]) => (name === PHONE) === (mode === PHONE)));
}

function surfaces(): Record<string, string> {
  const found = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .filter((entry) => wanted?.includes(entry.name) ?? true)
    .filter((entry) => existsSync(`${root}${entry.name}/index.html`));
  return Object.fromEntries(found.map(({ name }) => [name, `${root}${name}/index.html`]));
}

/** Follows the other surfaces' build with the phone page's own, so that one `vite build` always gives all pages. */
function thenPhone(mode: string): Plugin {
  let outDir = '';
  return {
    name: 'branchbox-then-phone',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async closeBundle() {
      if (mode === PHONE || !(PHONE in surfaces())) return;
      await build({ root, configFile: `${root}vite.config.ts`, mode: PHONE, build: { outDir } });
    },
  };
}

/** The box serves /t/TOKEN and /kiosk; the development server needs telling. */
function prettyAddresses(): Plugin {
  return {
    name: 'branchbox-pretty-addresses',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '/').split(/[?#]/)[0] ?? '/';
        const name = path === '/' ? 'front' : path.startsWith('/t/') ? 'phone' : path.slice(1).replace(/\/$/, '');
        if (name in surfaces()) request.url = `/${name}/index.html`;
        next();
      });
    },
  };
}

export default defineConfig(({ mode }) => ({
  root,
  plugins: [vue(), prettyAddresses(), thenPhone(mode)],
  resolve: { alias: { '@kit': `${root}kit` } },
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: `${root}../edge/web/static`,
    emptyOutDir: mode !== PHONE,
    copyPublicDir: mode !== PHONE,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Phones of about 2018 still come into a branch: module scripts, dynamic import and AbortController set the floor.
    target: ['chrome66', 'safari12.1'],
    cssTarget: ['chrome66', 'safari12.1'],
    rolldownOptions: { input: together(mode) },
  },
  server: {
    proxy: {
      '/api': { target: BOX, ws: true },
      '/sandbox': BOX,
      '/health': BOX,
    },
  },
  test: { environment: 'happy-dom', include: ['**/*.test.ts'], exclude: ['node_modules/**'] },
}));
