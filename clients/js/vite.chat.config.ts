import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page in examples/chat, built to where the server finds it; readable, for it is committed. */
export default defineConfig({
  root: here("../../examples/chat"),
  base: "/examples/chat/",
  resolve: { alias: { "mentra-channels": here("./src/index.ts") } },
  build: {
    outDir: here("../../mentra/channels/page"),
    emptyOutDir: true,
    minify: false,
    modulePreload: false,
    target: "es2022",
    rollupOptions: {
      output: {
        entryFileNames: "chat.js",
        assetFileNames: "chat[extname]",
      },
    },
  },
});
