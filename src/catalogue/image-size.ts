export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Enough for the headers of an image, thumbnails before a JPEG's own frame included. */
const MOST_BASE64 = 120_000;

/** Width and height from the first bytes of a PNG, JPEG, GIF or WebP in base64; `undefined` where they are not found. */
export function imageSize(base64: string): ImageSize | undefined {
  try {
    const start = base64.slice(0, MOST_BASE64);
    const bytes = Uint8Array.from(atob(start.slice(0, start.length - (start.length % 4))), (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const size = sizeIn(view);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch {
    return undefined;
  }
}

function sizeIn(view: DataView): ImageSize | undefined {
  switch (view.getUint32(0)) {
    case 0x89504e47: // PNG
      return { width: view.getUint32(16), height: view.getUint32(20) };
    case 0x47494638: // GIF8
      return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    case 0x52494646: // RIFF
      return webpSize(view);
  }
  return view.getUint16(0) === 0xffd8 ? jpegSize(view) : undefined;
}

function webpSize(view: DataView): ImageSize | undefined {
  switch (view.getUint32(12)) {
    case 0x56503820: // VP8
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 0x5650384c: {
      // VP8L: fourteen bits each
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 0x56503858: // VP8X: three bytes each
      return { width: (view.getUint32(24, true) & 0xffffff) + 1, height: (view.getUint32(27, true) & 0xffffff) + 1 };
  }
  return undefined;
}

function jpegSize(view: DataView): ImageSize | undefined {
  let at = 2;
  while (at + 9 < view.byteLength) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
