import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Tests that measure, or that own a kernel's tables and real servers: they want the machine to themselves. */
const ALONE = [
  "tests/*-world.test.ts",
  "tests/*-truth.test.ts",
  "tests/lease-clients.test.ts",
  "tests/portal-{admin-pages,attacks,browser,demo,end-to-end,faults,https,migrated,nftables,privileges,process}.test.ts",
];
const ALL = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "tests/**/*.test.ts"];

// Tests run from source: the "source" condition of each package points at its TypeScript.
export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "rest",
          include: ALL,
          exclude: ["**/node_modules/**", ...ALONE],
          maxWorkers: Math.max(1, Math.min(4, availableParallelism())),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
