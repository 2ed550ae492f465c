/**
 * Voucher cards to print and cut: 21 of 63.5 × 38.1 mm on A4 (the labels sold as L7160), 30 of 2⅝ × 1 inch on US Letter
 * (5160). Each has the code to type and a QR code that opens the sign-in page with the code filled in.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import fontkit from "@pdf-lib/fontkit";
import { PDFDocument, type PDFFont, type PDFPage, rgb } from "pdf-lib";
import QRCode from "qrcode";
import type { Voucher } from "../../store/store.ts";
import { type CardWords, cardWords, spanWords, volumeWords } from "./words.ts";

export interface SheetLook {
  readonly title: string;
  /** Name of the wireless network; null leaves the line out. */
  readonly network: string | null;
  /** Address of the sign-in page: `https://wifi.example.org/`. */
  readonly page: string;
  readonly paper: "a4" | "letter";
  /** BCP 47. */
  readonly language: string;
}

interface Paper {
  /** Everything in millimetres. */
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly card: { readonly width: number; readonly height: number };
  readonly margin: { readonly left: number; readonly top: number };
  readonly gap: number;
}

const PAPERS: Readonly<Record<SheetLook["paper"], Paper>> = {
  a4: {
    width: 210,
    height: 297,
    columns: 3,
    rows: 7,
    card: { width: 63.5, height: 38.1 },
    margin: { left: 7.25, top: 15.15 },
    gap: 2.5,
  },
  letter: {
    width: 215.9,
    height: 279.4,
    columns: 3,
    rows: 10,
    card: { width: 66.675, height: 25.4 },
    margin: { left: 4.76, top: 12.7 },
    gap: 3.175,
  },
};

const POINT = 72 / 25.4;
const INK = rgb(0.07, 0.09, 0.12);
const FAINT = rgb(0.45, 0.48, 0.52);

/** The PDF. Revoked vouchers get no card. */
export async function voucherSheet(vouchers: readonly Voucher[], look: SheetLook): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.registerFontkit(fontkit);
  document.setTitle(look.title);
  document.setProducer("pierhead");
  const fonts = {
    text: await document.embedFont(await fontFile("DejaVuSansCondensed.ttf"), { subset: true }),
    bold: await document.embedFont(await fontFile("DejaVuSansCondensed-Bold.ttf"), { subset: true }),
    code: await document.embedFont(await fontFile("DejaVuSansMono-Bold.ttf"), { subset: true }),
  };
  const paper = PAPERS[look.paper];
  const words = cardWords(look.language);
  const good = vouchers.filter(({ revoked }) => !revoked);
  const perPage = paper.columns * paper.rows;
  for (let first = 0; first < good.length; first += perPage) {
    const page = document.addPage([paper.width * POINT, paper.height * POINT]);
    good.slice(first, first + perPage).forEach((voucher, index) => {
      const left = paper.margin.left + (index % paper.columns) * (paper.card.width + paper.gap);
      const top = paper.margin.top + Math.floor(index / paper.columns) * paper.card.height;
      drawCard(page, fonts, paper, { left, top }, voucher, look, words);
    });
  }
  return document.save();
}

/** Where the QR code leads: the sign-in page reads `voucher` and fills it in, and sends nothing by itself. */
export function voucherAddress(page: string, code: string): string {
  const url = new URL(page);
  url.searchParams.set("voucher", code);
  return url.href;
}

function drawCard(
  page: PDFPage,
  fonts: { text: PDFFont; bold: PDFFont; code: PDFFont },
  { height, card }: Paper,
  at: { left: number; top: number },
  voucher: Voucher,
  look: SheetLook,
  words: CardWords,
): void {
  const x = (millimetres: number): number => (at.left + millimetres) * POINT;
  const y = (millimetres: number): number => (height - at.top - millimetres) * POINT;
  page.drawRectangle({
    x: x(0),
    y: y(card.height),
    width: card.width * POINT,
    height: card.height * POINT,
    borderColor: rgb(0.85, 0.86, 0.88),
    borderWidth: 0.4,
    borderDashArray: [2, 2],
  });
  const pad = 3;
  const qr = Math.min(24, card.height - 2 * pad);
  drawQr(page, voucherAddress(look.page, voucher.code), x(card.width - pad - qr), y(pad + qr), qr * POINT);
  const room = card.width - qr - 3 * pad;
  const line = (text: string, top: number, font: PDFFont, most: number, color = INK): void => {
    const size = fitting(text, font, most, room * POINT);
    page.drawText(clipped(text, font, size, room * POINT), { x: x(pad), y: y(top), size, font, color });
  };
  const tall = card.height > 30;
  const limits = limitWords(voucher, look.language, words);
  const lines = tall ? limits : [limits[0] ?? "", limits.slice(1).join(" · ")];
  line(look.title, pad + 3, fonts.bold, 10);
  if (look.network !== null) line(`${words.network}: ${look.network}`, pad + 7, fonts.text, 7.5);
  line(voucher.code, tall ? 18 : 15, fonts.code, 13);
  lines.forEach((text, index) => {
    line(text, (tall ? 23 : 18.5) + index * 3.4, fonts.text, 6.5, FAINT);
  });
}

function limitWords(voucher: Voucher, language: string, words: CardWords): string[] {
  const lines: string[] = [];
  if (voucher.duration !== null) lines.push(words.duration.replace("{}", spanWords(voucher.duration, language)));
  if (voucher.octets !== null) lines.push(volumeWords(voucher.octets, language));
  if (voucher.devices > 1) lines.push(words.devices.replace("{}", String(voucher.devices)));
  if (voucher.expires !== null) {
    const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(voucher.expires);
    lines.push(words.until.replace("{}", day));
  }
  return lines;
}

/** Squares drawn by rows of adjacent modules, so that printers leave no hairlines between them. */
function drawQr(page: PDFPage, text: string, left: number, bottom: number, size: number): void {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: "M" });
  const unit = size / modules.size;
  for (let row = 0; row < modules.size; row++) {
    for (let from = 0; from < modules.size; from++) {
      if (modules.get(row, from) === 0) continue;
      let to = from;
      while (to + 1 < modules.size && modules.get(row, to + 1) !== 0) to++;
      page.drawRectangle({
        x: left + from * unit,
        y: bottom + (modules.size - 1 - row) * unit,
        width: (to - from + 1) * unit,
        height: unit,
        color: rgb(0, 0, 0),
      });
      from = to;
    }
  }
}

/** The largest size up to `most` at which the text has room, down to 5 points. */
function fitting(text: string, font: PDFFont, most: number, room: number): number {
  return Math.max(5, Math.min(most, (most * room) / font.widthOfTextAtSize(text, most)));
}

function clipped(text: string, font: PDFFont, size: number, room: number): string {
  if (font.widthOfTextAtSize(text, size) <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && font.widthOfTextAtSize(`${letters.join("")}…`, size) > room) letters.pop();
  return `${letters.join("")}…`;
}

function fontFile(name: string): Promise<Uint8Array> {
  return readFile(createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}`));
}
