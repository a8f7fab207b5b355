import { defineConfig } from 'vite'

export default defineConfig({
  esbuild: { jsx: 'automatic' },
  // What the compiled JSX imports stands in no source: found later, it would reload the page.
  optimizeDeps: { include: ['react/jsx-dev-runtime'] },
})
