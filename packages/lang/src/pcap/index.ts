export { isCapture, readCapture } from "./capture.ts";
export { type Datagram, udpDatagram } from "./datagram.ts";
export { isKnownLinkType, LINK_TYPE } from "./link.ts";
export { type CapturedPacket, type CaptureProblem, type CaptureSummary, LARGEST_PACKET } from "./packet.ts";
