export { type Mygate, type MygateGateway, type MygateLine, parseMygate, printMygate } from "./mygate.ts";
