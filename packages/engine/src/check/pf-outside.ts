/** What else on the machine touches pf: commands that ifstated, scripts and other files hold. */
import { type Action, postorder, walkActions } from "@pierhead/lang/ifstated";
import type { MachineBuild } from "../build/index.ts";

export interface OutsideWorld {
  /** Anchors that some command loads rules into. */
  readonly anchors: ReadonlySet<string>;
  /** Tables that some command fills. */
  readonly tables: ReadonlySet<string>;
  /** IPsec, relayd and the like may set tags that no rule shows. */
  readonly setsTags: boolean;
}

/** Gathers it from every file of the tree but pf.conf itself. */
export function outsideWorld(build: MachineBuild): OutsideWorld {
  const anchors = new Set<string>();
  const tables = new Set<string>();
  let setsTags = false;
  const look = (text: string): void => {
    if (!/\bpfctl\b/.test(text)) return;
    for (const match of text.matchAll(/-[a-zA-Z]*a\s*["']?([\w./*-]+)/g))
      anchors.add((match[1] as string).replace(/^\//, ""));
    for (const match of text.matchAll(/-[a-zA-Z]*t\s*["']?([\w-]+)/g)) tables.add(match[1] as string);
    // Rules that are piped into pfctl may tag, too.
    if (/\btag\s/.test(text)) setsTags = true;
  };
  for (const command of ifstatedCommands(build)) look(command);
  for (const file of build.tree.files) {
    if (!file.live || file.language?.name === "ifstated" || file.language?.name === "pf") continue;
    look(file.source.text);
    if (
      /(^|\/)(ipsec\.conf|iked\.conf|relayd\.conf|bridgename\.[^/]*)$/.test(file.path) &&
      /\btag\b/.test(file.source.text)
    ) {
      setsTags = true;
    }
    if (/(^|\/)hostname\.[^/]*$/.test(file.path) && /\brule\b.*\btag\b/.test(file.source.text)) setsTags = true;
  }
  return { anchors, tables, setsTags };
}

/** Commands that ifstated runs, in tests and in states. */
export function ifstatedCommands(build: MachineBuild): string[] {
  const { ifstated } = build;
  if (ifstated === null) return [];
  const found: string[] = [];
  const lists: (readonly Action[])[] = [ifstated.configuration.global];
  for (const state of ifstated.configuration.states) lists.push(state.init, state.body);
  for (const list of lists) {
    for (const action of walkActions(list)) {
      if (action.kind === "run") found.push(action.command);
      if (action.kind !== "if" || action.condition === null) continue;
      for (const node of postorder(action.condition)) if (node.kind === "test") found.push(node.command);
    }
  }
  return found;
}
