/** What can be wrong with `name : other {`. */
import type { Origin } from "../lexer/index.ts";
import { type Say, shorten } from "./keys.ts";
import { findSection, type Section } from "./settings.ts";

interface Frame {
  readonly section: Section;
  readonly edges: readonly Edge[];
  next: number;
  /** The reference that led here last. */
  readonly via: Origin;
}

interface Edge {
  readonly target: Section;
  readonly origin: Origin | null;
}

/** Finds references to nothing, and circles of references and sections, in which swanctl runs until it crashes. */
export function checkReferences(root: Section, complete: boolean, say: Say): void {
  const open = new Set<Section>([root]);
  const done = new Set<Section>();
  const stack: Frame[] = [{ section: root, edges: edgesOf(root, root, complete, say), next: 0, via: root.origin }];
  while (stack.length > 0) {
    const frame = stack[stack.length - 1] as Frame;
    const edge = frame.edges[frame.next++];
    if (edge === undefined) {
      stack.pop();
      open.delete(frame.section);
      done.add(frame.section);
      continue;
    }
    const via = edge.origin ?? frame.via;
    if (open.has(edge.target)) {
      const text = "These sections refer to each other in a circle, and swanctl crashes on it; take the reference out.";
      say("swanctl/reference-circle", "error", text, via);
    } else if (!done.has(edge.target)) {
      open.add(edge.target);
      stack.push({ section: edge.target, edges: edgesOf(edge.target, root, complete, say), next: 0, via });
    }
  }
}

function edgesOf(section: Section, root: Section, complete: boolean, say: Say): readonly Edge[] {
  const edges: Edge[] = [];
  for (const { name, origin } of section.references) {
    const target = findSection(root, name);
    if (target !== null) edges.push({ target, origin });
    else if (complete) {
      const text = `There is no section ${shorten(name)}; write its full name, as connections.NAME.`;
      say("swanctl/reference", "warning", text, origin);
    }
  }
  for (const target of section.sections.values()) edges.push({ target, origin: null });
  return edges;
}
