export {
  type IfconfigIf,
  type NetstartLine,
  type NetstartLocal,
  parseIfconfigIf,
  parseNetstartLocal,
  printIfconfigIf,
  printNetstartLocal,
} from "./ifconfig-if.ts";
