// Opens an image and reads its notes, for who named it on a command line.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ImageError, parseImage, type Image } from '../image/notes.ts';
import { CommandError, EXIT } from './errors.ts';
import { printable } from './printable.ts';

/**
 * Opens and reads the image at `path`.
 * @throws CommandError `noImage` when it cannot be read, `image` when it is no Solo5 image.
 */
export function readImage(path: string): Image {
  const name = printable(path);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw unreadable(name, error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      throw new CommandError(EXIT.noImage, `${name}: not a file; name an image such as hello.hvt`);
    }
    const { devices, ...image } = parseImage(name, (offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, offset < stat.size ? readSync(fd, bytes, 0, length, offset) : 0);
    });
    return { ...image, devices: devices.map((device) => ({ ...device, name: printable(device.name) })) };
  } catch (error) {
    throw error instanceof ImageError ? new CommandError(EXIT.image, error.message) : error;
  } finally {
    closeSync(fd);
  }
}

function unreadable(name: string, error: unknown): CommandError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') {
    return new CommandError(
      EXIT.noImage,
      `${name}: no such file; 'kittiwake image list' lists the prebuilt images`,
    );
  }
  if (code === 'EACCES')
    return new CommandError(EXIT.permission, `${name}: permission denied; make it readable with 'chmod +r'`);
  return new CommandError(EXIT.noImage, `${name}: cannot be read (${code ?? String(error)})`);
}
