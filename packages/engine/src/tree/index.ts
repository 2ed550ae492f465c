export { ConfigTree, configTree, type TreeFile, type TreeTexts } from "./config-tree.ts";
