/** Octets and packets of a session, reckoned from what the kernel shows. */
import type { Counters } from "../../firewall/driver.ts";
import type { StoredSession } from "../../store/store.ts";

export const NO_COUNTERS: Counters = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };

/** A counter that shows less than before started anew: all it shows is new. */
function grown(reading: bigint, last: bigint): bigint {
  return reading >= last ? reading - last : reading;
}

/** What the kernel counted since the last reading. */
export function growth(last: Counters, reading: Counters): Counters {
  return {
    inputOctets: grown(reading.inputOctets, last.inputOctets),
    outputOctets: grown(reading.outputOctets, last.outputOctets),
    inputPackets: grown(reading.inputPackets, last.inputPackets),
    outputPackets: grown(reading.outputPackets, last.outputPackets),
  };
}

/**
 * The session after a reading at `now`. Active is who sends: what arrives from the internet for a device that has left
 * does not keep its session.
 */
export function counted(session: StoredSession, reading: Counters, now: number): StoredSession {
  const more = growth(session.kernel, reading);
  if (more.inputPackets === 0n && more.outputPackets === 0n && more.inputOctets === 0n && more.outputOctets === 0n) {
    return session;
  }
  return {
    ...session,
    inputOctets: session.inputOctets + more.inputOctets,
    outputOctets: session.outputOctets + more.outputOctets,
    inputPackets: session.inputPackets + more.inputPackets,
    outputPackets: session.outputPackets + more.outputPackets,
    kernel: {
      inputOctets: reading.inputOctets,
      outputOctets: reading.outputOctets,
      inputPackets: reading.inputPackets,
      outputPackets: reading.outputPackets,
    },
    active: more.inputOctets > 0n || more.inputPackets > 0n ? now : session.active,
  };
}

export function totalOctets(session: StoredSession): bigint {
  return session.inputOctets + session.outputOctets;
}
