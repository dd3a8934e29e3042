import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The development server's address: the page asks it for modules while `npm run dev` runs. */
const DEVELOPMENT_PORT = 5173;

/** KaTeX offers each font in three formats; every browser that runs the page knows the first one. */
const onlyWoff2: Plugin = {
  name: 'only-woff2',
  enforce: 'pre',
  transform(code, id) {
    if (!/katex.*\.css/.test(id)) return null;
    return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, '');
  },
};

export default defineConfig({
  plugins: [svelte(), svelteTesting(), onlyWoff2],
  base: '/static/',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    // The Content-Security-Policy allows files of our own origin only: no data: URLs, no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: 'src/main.ts' },
  },
  server: {
    port: DEVELOPMENT_PORT,
    strictPort: true,
    origin: `http://127.0.0.1:${DEVELOPMENT_PORT}`,
  },
  test: {
    environment: 'jsdom',
    pool: 'vmThreads',
    // For a machine that does other work meanwhile; no test waits for seconds.
    testTimeout: 30_000,
    include: ['tests/**/*.test.ts'],
  },
});
