import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    lib: { entry: { index: "src/index.ts", react: "src/react.ts" }, formats: ["es"] },
    rollupOptions: { external: ["react"] },
    minify: false,
    sourcemap: true,
    target: "es2022",
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" },
});
