/** The rules of a machine as they are in force now, with what commands have loaded and flushed, for analysis. */
import { Anchor } from "@pierhead/lang/pf";
import type { Machine } from "../machine/machine.ts";
import { LIST_NAMES, type Ruleset } from "../pf/ruleset.ts";
import type { RegionContext } from "./constraints.ts";

/** @param family 4 or 6: packets of one family are looked at, at a time */
export function liveContext(machine: Machine, family: 4 | 6): RegionContext {
  const { core } = machine.pf;
  return {
    family,
    interfaces: machine.interfaces(),
    main: anchorOf(core.rulesets.main),
    table: (anchor, name) => {
      // A name means the anchor's own table, else the main ruleset's (pfr_ktable_select_active).
      const table = core.tables.active(anchor, name) ?? core.tables.active("", name);
      return table === null ? null : table.entries();
    },
  };
}

function anchorOf(ruleset: Ruleset): Anchor {
  const anchor = new Anchor(ruleset.name, ruleset.path);
  for (const list of LIST_NAMES) anchor[list] = ruleset[list].map((loaded) => loaded.rule);
  for (const child of ruleset.children()) anchor.children.set(child.name, anchorOf(child));
  return anchor;
}
