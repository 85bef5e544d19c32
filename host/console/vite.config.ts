import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** The server that the development server asks: `BACKPLANE_URL=… npm run dev`. */
const server = process.env['BACKPLANE_URL'] ?? 'http://127.0.0.1:8000'
const passed = ['/api', '/console.json', '/openapi.json', '/docs', '/static', '/plugin-ui', '/readyz', '/healthz']

export default defineConfig({
  plugins: [vue({ features: { optionsAPI: true } })],
  define: {
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: 'build',
    target: 'es2022',
    // A data: URL in a style sheet would need a wider policy.
    assetsInlineLimit: 0,
    // The polyfill is an inline script.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: Object.fromEntries(passed.map((path) => [path, server])) },
})
