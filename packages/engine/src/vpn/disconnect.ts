import type { Machine } from "../machine/index.ts";

/** Ends what a user has: session, interface, association. @returns whether there was anything */
export function disconnectClient(machine: Machine, user: string): boolean {
  const sessions = machine.sessions.filter((one) => one.user === user);
  for (const session of sessions) {
    machine.sessions.splice(machine.sessions.indexOf(session), 1);
    if (/^(pppx|ng)\d+$/.test(session.interface)) machine.removeInterface(session.interface);
    else machine.deleteRoute({ destination: session.framed, length: session.framed.bits });
  }
  const associations = machine.associations.filter((one) => one.name === user);
  for (const one of associations) machine.associations.splice(machine.associations.indexOf(one), 1);
  return sessions.length + associations.length > 0;
}
