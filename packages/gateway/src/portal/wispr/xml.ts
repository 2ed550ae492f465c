/**
 * WISPr messages (WISPr 1.0, Wi-Fi Alliance, Appendix D; 2.0 keeps their names): what smart clients read in the body of a
 * redirect and of the login's answer, inside an HTML comment.
 */
import { escapeHtml } from "../pages/html.ts";

/** ResponseCode. */
export const WISPR = {
  noError: 0,
  succeeded: 50,
  failed: 100,
  radiusTimeout: 102,
  loggedOff: 150,
  aborted: 151,
  pending: 201,
  gatewayError: 255,
} as const;

/** What clients and login pages of others are told when passwords cannot be checked at this moment. */
export const BUSY = "too many people are signing in: try again in a moment";

export type WisprMessage =
  | {
      readonly kind: "Redirect";
      readonly login: string;
      readonly abort: string;
      readonly location: { readonly id: string | null; readonly name: string | null };
    }
  | {
      readonly kind: "AuthenticationReply";
      readonly code: number;
      readonly message: string;
      readonly logoff: string | null;
      readonly status?: string | null;
      /** Seconds. */
      readonly maxSession?: number | null;
      readonly redirection?: string | null;
    }
  | { readonly kind: "LogoffReply"; readonly code: number }
  | { readonly kind: "AbortLoginReply"; readonly code: number; readonly logoff: string | null };

const MESSAGE_TYPE = { Redirect: 100, AuthenticationReply: 120, LogoffReply: 130, AbortLoginReply: 150 } as const;

/** The document without its comment. Elements without a value are left out. */
export function wisprXml(message: WisprMessage): string {
  const elements = elementsOf(message)
    .filter(
      (pair): pair is readonly [string, string | number] => pair[1] !== null && pair[1] !== undefined && pair[1] !== "",
    )
    .map(([name, value]) => `<${name}>${xmlText(String(value))}</${name}>`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<WISPAccessGatewayParam xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.acmewisp.com/WISPAccessGatewayParam.xsd">',
    `<${message.kind}>`,
    `<MessageType>${MESSAGE_TYPE[message.kind]}</MessageType>`,
    ...elements,
    `</${message.kind}>`,
    "</WISPAccessGatewayParam>",
  ].join("\r\n");
}

type Element = readonly [string, string | number | null | undefined];

function elementsOf(message: WisprMessage): readonly Element[] {
  switch (message.kind) {
    case "Redirect":
      return [
        ["ResponseCode", WISPR.noError],
        ["AccessProcedure", "1.0"],
        ["AccessLocation", message.location.id],
        ["LocationName", message.location.name],
        ["LoginURL", message.login],
        ["AbortLoginURL", message.abort],
      ];
    case "AuthenticationReply":
      return [
        ["ResponseCode", message.code],
        ["ReplyMessage", message.message],
        ["LogoffURL", message.logoff],
        ["StatusURL", message.status],
        ["MaxSessionTime", message.maxSession],
        ["RedirectionURL", message.redirection],
      ];
    case "LogoffReply":
      return [["ResponseCode", message.code]];
    case "AbortLoginReply":
      return [
        ["ResponseCode", message.code],
        ["LogoffURL", message.logoff],
      ];
  }
}

/** Two dashes would end the HTML comment (and are forbidden in one of XML): the second is written as a reference. */
function xmlText(text: string): string {
  return escapeHtml(text).replace(/--/g, "-&#45;").replace(/--/g, "-&#45;").replace(/^-|-$/g, "&#45;");
}

export function wisprComment(message: WisprMessage): string {
  return `<!--\r\n${wisprXml(message)}\r\n-->`;
}
