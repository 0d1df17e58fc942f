// Why an archive is refused, in words.

export const OK: u32 = 0;
export const BAD_DEVICE: u32 = 1;
export const DEVICE_FAILED: u32 = 2;
export const NO_ARCHIVE: u32 = 3;
export const BAD_CHECKSUM: u32 = 4;
export const CUT: u32 = 5;
export const BAD_HEADER: u32 = 6;
export const HEADER_TOO_LONG: u32 = 7;
export const NAME_TOO_LONG: u32 = 8;
export const ABSOLUTE_NAME: u32 = 9;
export const UPWARD_NAME: u32 = 10;
export const BAD_NAME: u32 = 11;
export const SPARSE_FILE: u32 = 12;
export const TOO_MANY_FILES: u32 = 13;
export const NO_FILES: u32 = 14;
export const BAD_DIGESTS: u32 = 15;
export const ALTERED: u32 = 16;

/** What the status of a store means and what to do; `at` is the byte of the device where it showed. Set-up only: allocates. */
export function words(status: u32, at: u64): string {
  const where = 'byte ' + at.toString();
  const again = '; copy the archive again or make it anew';
  switch (status) {
    case OK:
      return 'the archive is in order';
    case BAD_DEVICE:
      return "the block device's sectors are larger than 16384 bytes; attach it with --block-sector-size:NAME=512";
    case DEVICE_FAILED:
      return 'the block device could not be read at ' + where + '; look at the file or disk behind it';
    case NO_ARCHIVE:
      return 'the block device holds no tar archive; attach one made by tar (not compressed)';
    case BAD_CHECKSUM:
      return 'the checksum of the tar header at ' + where + ' is wrong' + again;
    case CUT:
      return 'the archive is cut: the entry at ' + where + ' goes beyond the end of the block device' + again;
    case BAD_HEADER:
      return 'the tar header at ' + where + ' is malformed' + again;
    case HEADER_TOO_LONG:
      return (
        'the extended header at ' + where + ' is longer than 16384 bytes; make the archive without --xattrs'
      );
    case NAME_TOO_LONG:
      return 'the name of the file at ' + where + ' is longer than 1024 bytes; shorten it';
    case ABSOLUTE_NAME:
      return 'the name of the file at ' + where + " begins with '/'; make the archive with tar -C FOLDER .";
    case UPWARD_NAME:
      return (
        'the name of the file at ' + where + " leads upwards by '..'; make the archive with tar -C FOLDER ."
      );
    case BAD_NAME:
      return 'the name of the file at ' + where + ' is empty or has a zero byte in it; rename it';
    case SPARSE_FILE:
      return (
        'the file at ' +
        where +
        ' is stored with holes, which is not supported; make the archive without --sparse'
      );
    case TOO_MANY_FILES:
      return (
        'the index of the archive does not fit into its memory at ' +
        where +
        '; give the image more memory with --mem or pack fewer files'
      );
    case NO_FILES:
      return 'the archive holds no files; pack the folder that has them';
    case BAD_DIGESTS:
      return 'the .digests at the start of the archive are damaged or of another version; pack the archive again';
    default:
      return 'the entry at ' + where + ' is not the one that was packed; pack the archive again';
  }
}
