/** Asks the running portal, and says clearly when none runs. */
import { existsSync } from "node:fs";
import type { ControlQuestion } from "@pierhead/gateway/portal";
import type { Command } from "commander";
import { UsageError } from "../../failure.ts";
import { readSource } from "../../input/read.ts";

export const USUAL_FILE = "/etc/pierhead/portal.yaml";

/** Options a verb has from `pierhead portal` itself. */
interface Globals {
  readonly config: string;
  readonly socket?: string;
}

export async function ask<Answer>(command: Command, question: ControlQuestion): Promise<Answer> {
  const { askPortal, ControlRefusal } = await import("@pierhead/gateway/portal");
  const path = await socketOf(command.optsWithGlobals<Globals>());
  try {
    return (await askPortal(path, question)) as Answer;
  } catch (error) {
    if (error instanceof ControlRefusal) throw new UsageError(`the portal refused: ${error.message}`);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw new UsageError(`${path}: only the owner of the portal may ask it`);
    if (code === "ENOENT" || code === "ECONNREFUSED") {
      throw new UsageError(`no portal answers at ${path}`, "`pierhead portal -c FILE` starts one");
    }
    throw new UsageError(`${path}: ${message}`);
  }
}

/** `--socket`, else what the configuration says, else the usual place. */
async function socketOf({ config, socket }: Globals): Promise<string> {
  if (socket !== undefined) return socket;
  const { readPortalConf, usualSocket } = await import("@pierhead/lang/portal-conf");
  const usual = usualSocket(process.platform === "linux" ? "nftables" : "pf");
  if (!existsSync(config)) {
    if (config !== USUAL_FILE) throw new UsageError(`${config}: there is no such file or directory`);
    return usual;
  }
  return readPortalConf(readSource(config)).config?.socket ?? usual;
}
