/** Asks a running portal. */
import { connect } from "node:net";
import { LineSplitter } from "../../monitor/lines.ts";
import type { ControlQuestion } from "./requests.ts";

/** The portal answered that it could not. */
export class ControlRefusal extends Error {}

/** @throws ControlRefusal with the portal's words; or the socket's error when none answers */
export function askPortal(path: string, question: ControlQuestion): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const lines = new LineSplitter(
      (line) => {
        socket.destroy();
        try {
          const { error, result } = JSON.parse(line) as { error?: string; result?: unknown };
          if (error === undefined) resolve(result);
          else reject(new ControlRefusal(error));
        } catch (error) {
          reject(error);
        }
      },
      256 * 1024 * 1024,
    );
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => lines.push(text));
    socket.once("connect", () => socket.write(`${JSON.stringify(question)}\n`));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the portal said nothing")));
  });
}
